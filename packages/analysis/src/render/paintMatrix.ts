import { checkOptions, oneOf } from "@convlens/backend";
import type { LayerMatrix } from "../convolution/toMatrix.ts";
import { colorMap, colorOf, type Theme } from "./colorMaps.ts";
import { palette } from "./palette.ts";
import { scaleOf, type Raster } from "./raster.ts";

/**
 * A layer's matrix as a picture with a pixel for each entry. Zeros have the colour of the page, and all copies of a weight have
 * the same colour, so the same few weights are visible along the diagonals.
 *
 * @param options - `weights`: values of the weights, to colour them by size and sign. Default: each weight is coloured by its index.
 *
 * @example
 * ```ts
 * const picture = paintMatrix(toMatrix(new Conv2d({ filters: 1, kernelSize: 3 }), [6, 6, 1])); // 16 rows, 36 columns
 * ```
 */
export function paintMatrix(
  { rows, columns, entries, weights }: LayerMatrix,
  options: { readonly weights?: ArrayLike<number>; readonly theme?: Theme } = {},
): Raster {
  checkOptions("paintMatrix", options, {
    weights: (value) =>
      typeof value === "object" && (value as ArrayLike<number> | null)?.length === weights.size
        ? undefined
        : `an array of ${weights.size} numbers, one for each weight`,
    theme: oneOf("light", "dark"),
  });
  const { weights: values, theme = "light" } = options;
  const data = new Uint8ClampedArray(4 * rows * columns);
  const ground = parseInt(palette[theme].ground.slice(1), 16);
  for (let i = 0; i < rows * columns; i++) data.set([ground >> 16, (ground >> 8) & 255, ground & 255, 255], 4 * i);
  const scale = values === undefined ? undefined : scaleOf([values], { map: "signed", theme });
  const byNumber = colorMap("sequential", theme);
  for (const [i, weight] of entries.weight.entries()) {
    // The first fifth of the colours is too close to the colour of the page.
    const color =
      scale === undefined
        ? colorOf(byNumber, 0.2 + (0.8 * (weight + 1)) / weights.size)
        : colorOf(scale.colors, values![weight]! / (scale.high || 1));
    data.set(color, 4 * (entries.row[i]! * columns + entries.column[i]!));
  }
  return { width: columns, height: rows, data };
}
