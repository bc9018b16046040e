import type { Raster } from "./raster.ts";

/**
 * A picture as pixels of a canvas, in a page or its worker.
 *
 * @example
 * ```ts
 * const raster = paintImage({ shape: [1, 2, 1], values: await tensor([0, 1]).data() });
 * const show = (context: CanvasRenderingContext2D) => context.putImageData(toImageData(raster), 0, 0);
 * ```
 */
export const toImageData = ({ width, height, data }: Raster): ImageData => new ImageData(data, width, height);

/**
 * Draws a picture on a canvas, which gets its size.
 *
 * @param canvas - Default: a new `OffscreenCanvas`.
 *
 * @example
 * ```ts
 * const show = (canvas: HTMLCanvasElement) => paintCanvas(paintMap({ shape: [2, 2], values: [0, 1, 2, 3] }), canvas);
 * ```
 */
export function paintCanvas<C extends HTMLCanvasElement | OffscreenCanvas = OffscreenCanvas>(
  raster: Raster,
  canvas: C = new OffscreenCanvas(raster.width, raster.height) as C,
): C {
  canvas.width = raster.width;
  canvas.height = raster.height;
  (canvas.getContext("2d") as OffscreenCanvasRenderingContext2D).putImageData(toImageData(raster), 0, 0);
  return canvas;
}
