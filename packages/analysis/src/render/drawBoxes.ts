import { checkOptions, numberAbove } from "@convlens/backend";
import { drawChecks, drawing, element, label, textElement, type DrawOptions } from "./svg.ts";
import { pngUrl } from "./png.ts";
import type { Raster } from "./raster.ts";

/** A box of pixels: the rows and columns from the first to the last, both included. */
export interface PixelBox {
  readonly box: readonly (readonly [first: number, last: number])[];
  readonly name?: string;
}

/**
 * Boxes on a picture: what a unit sees, or where a patch was cut out. Each is a bright line in a dark casing, to be seen on
 * any picture.
 *
 * @param options - `size`: how many pixels of the page one of the picture is. Default: as many as make it about 320 wide.
 *
 * @example
 * ```ts
 * const photograph = paintImage({ shape: [28, 28, 1], values: new Float32Array(784) });
 * const [, pool] = receptiveFields(sequential([new Conv2d({ filters: 1, kernelSize: 5 }), new MaxPool2d({ size: 2 })]), [28, 28, 1]);
 * const svg = drawBoxes(photograph, [{ box: pool.box([3, 4]), name: "what unit [3, 4] sees" }]);
 * ```
 */
export function drawBoxes(
  picture: Raster,
  boxes: readonly PixelBox[],
  options: DrawOptions & { readonly size?: number } = {},
): string {
  checkOptions("drawBoxes", options, { ...drawChecks, size: numberAbove(0) });
  const { theme = "auto", title, size = Math.max(1, Math.round(320 / picture.width)) } = options;
  const [width, height] = [picture.width * size, picture.height * size];
  const image = element("image", {
    href: pngUrl(picture),
    x: 3,
    y: 3,
    width,
    height,
    style: "image-rendering:pixelated",
    preserveAspectRatio: "none",
  });
  const named = boxes.some(({ name }) => name !== undefined);
  const drawn = boxes.map(({ box, name }, i) => {
    // Of a signal there is one axis, and the picture has one row.
    const [[top, bottom], [left, right]] = (box.length === 1 ? [[0, picture.height - 1], box[0]!] : box) as [
      [number, number],
      [number, number],
    ];
    const [x, y, wide, tall] = [3 + left * size, 3 + top * size, (right - left + 1) * size, (bottom - top + 1) * size];
    const place = { x, y, width: wide, height: tall };
    const number =
      boxes.length > 1
        ? element("rect", { x: x + wide - 15, y: y + tall - 15, width: 15, height: 15, fill: "#1d2129" }) +
          textElement(
            "text",
            { x: x + wide - 7.5, y: y + tall - 3, "text-anchor": "middle", fill: "#ffe148" },
            `${i + 1}`,
          )
        : "";
    const words = boxes.length > 1 ? `${i + 1}  ${name}` : `${name}`;
    return (
      element("rect", { ...place, class: "line", stroke: "#1d2129", "stroke-width": "3.5" }) +
      element("rect", { ...place, class: "line", stroke: "#ffe148", "stroke-width": "1.5" }) +
      number +
      (name === undefined ? "" : label(4, height + 20 + 16 * i, words, { anchor: "start", class: "f-ink" }))
    );
  });
  const told = boxes.map(
    ({ box, name = "box" }) => `${name}: ${box.map(([first, last]) => `${first} to ${last}`).join(", ")}`,
  );
  const longest = Math.max(0, ...boxes.map(({ name = "" }) => 7 * name.length));
  return drawing(
    Math.max(width + 6, longest + 8),
    height + 6 + (named ? 16 * boxes.length + 8 : 0),
    image + drawn.join(""),
    {
      theme,
      title: title ?? told.join("; "),
    },
  );
}
