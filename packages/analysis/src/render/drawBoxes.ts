import { checkOptions, numberAbove } from "@convlens/backend";
import { pngUrl } from "./png.ts";
import type { Raster } from "./raster.ts";
import { drawChecks, label, scene, shape, type DrawOptions, type Scene } from "./scene.ts";

/** A box of pixels: first and last row, first and last column, both included. */
export interface PixelBox {
  readonly box: readonly (readonly [first: number, last: number])[];
  readonly name?: string;
}

/** Colours of boxes, which are the same in both themes because a picture is: a bright line in a dark casing. */
const [BRIGHT, DARK] = ["#ffe148", "#1d2129"] as const;

/**
 * Boxes on a picture: the receptive field of a unit, or the place of a patch. A bright line in a dark casing is visible on any
 * picture.
 *
 * @param options - `size`: pixels of the page for each pixel of the picture. Default: so that the picture is about 320 wide.
 *
 * @example
 * ```ts
 * const photograph = paintImage({ shape: [28, 28, 1], values: new Float32Array(784) });
 * const [, pool] = receptiveFields(sequential([new Conv2d({ filters: 1, kernelSize: 5 }), new MaxPool2d({ kernelSize: 2 })]), [28, 28, 1]);
 * const svg = toSvg(drawBoxes(photograph, [{ box: pool.box([3, 4]), name: "receptive field of unit [3, 4]" }]));
 * ```
 */
export function drawBoxes(
  picture: Raster,
  boxes: readonly PixelBox[],
  options: DrawOptions & { readonly size?: number } = {},
): Scene {
  checkOptions("drawBoxes", options, { ...drawChecks, size: numberAbove(0) });
  const { theme = "auto", title, size = Math.max(1, Math.round(320 / picture.width)) } = options;
  const [width, height] = [picture.width * size, picture.height * size];
  const image = shape("image", {
    ...{ href: pngUrl(picture), x: 3, y: 3, width, height },
    ...{ style: "image-rendering:pixelated", preserveAspectRatio: "none" },
  });
  const named = boxes.some(({ name }) => name !== undefined);
  const drawn = boxes.flatMap(({ box, name }, i) => {
    // A signal has one axis, and its picture one row.
    const [[top, bottom], [left, right]] = (box.length === 1 ? [[0, picture.height - 1], box[0]!] : box) as [
      [number, number],
      [number, number],
    ];
    const [x, y, wide, tall] = [3 + left * size, 3 + top * size, (right - left + 1) * size, (bottom - top + 1) * size];
    const place = { x, y, width: wide, height: tall, fill: "none" } as const;
    const number = [
      shape("rect", { x: x + wide - 15, y: y + tall - 15, width: 15, height: 15, fill: DARK }),
      shape("text", { x: x + wide - 7.5, y: y + tall - 3, "text-anchor": "middle", fill: BRIGHT }, `${i + 1}`),
    ];
    const words = boxes.length > 1 ? `${i + 1}  ${name}` : `${name}`;
    return [
      shape("rect", { ...place, stroke: DARK, "stroke-width": "3.5" }),
      shape("rect", { ...place, stroke: BRIGHT, "stroke-width": "1.5" }),
      ...(boxes.length > 1 ? number : []),
      ...(name === undefined ? [] : [label(4, height + 20 + 16 * i, words, { anchor: "start", fill: "ink" })]),
    ];
  });
  const told = boxes.map(
    ({ box, name = "box" }) => `${name}: ${box.map(([first, last]) => `${first} to ${last}`).join(", ")}`,
  );
  const longest = Math.max(0, ...boxes.map(({ name = "" }) => 7 * name.length));
  const foot = named ? 16 * boxes.length + 8 : 0;
  return scene(Math.max(width + 6, longest + 8), height + 6 + foot, [image, ...drawn], {
    theme,
    title: title ?? told.join("; "),
  });
}
