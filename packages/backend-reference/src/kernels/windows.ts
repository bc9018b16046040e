import type { Sliding } from "@convlens/backend";

/** Gets an output pixel, and the pairs of an input pixel and the tap of the window that lies over it. */
export type VisitWindow = (output: number, inputs: Int32Array, taps: Int32Array, count: number) => void;

/**
 * Slides a window over one image: visits every output pixel with the input pixels under its window, taps over padding left
 * out, in the order of the taps. Pixels and taps are numbered row by row.
 */
export function eachWindow(
  { height, width }: { readonly height: Sliding; readonly width: Sliding },
  visit: VisitWindow,
): void {
  const inputs = new Int32Array(height.window * width.window);
  const taps = new Int32Array(height.window * width.window);
  for (let oy = 0; oy < height.output; oy++)
    for (let ox = 0; ox < width.output; ox++) {
      let count = 0;
      for (let ky = 0; ky < height.window; ky++) {
        const y = oy * height.stride - height.before + ky * height.dilation;
        if (y < 0 || y >= height.input) continue;
        for (let kx = 0; kx < width.window; kx++) {
          const x = ox * width.stride - width.before + kx * width.dilation;
          if (x < 0 || x >= width.input) continue;
          inputs[count] = y * width.input + x;
          taps[count++] = ky * width.window + kx;
        }
      }
      visit(oy * width.output + ox, inputs, taps, count);
    }
}
