import { ShapeError, wholeFrom, type OptionCheck, type Padding } from "@convlens/backend";
import { pad, slice, type Tensor } from "@convlens/tensor";
import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

/**
 * Numbers of elements at the borders of maps. Of images: a number for all sides, `[vertical, horizontal]`, or
 * `[[top, bottom], [left, right]]`; of signals: a number for both ends, or `[before, after]`.
 */
export type Borders = Exclude<Padding, string>;

/** Options of {@link ZeroPad}. */
export interface ZeroPadOptions {
  /** Number of zeros at each border. */
  readonly padding: Borders;
}

/** Options of {@link Crop}. */
export interface CropOptions {
  /** Number of elements removed at each border. */
  readonly cropping: Borders;
}

const isPairOf = (value: unknown, isPart: (part: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(isPart);
const isCount = (value: unknown): boolean => wholeFrom(0)(value) === undefined;

const bordersOption: OptionCheck = (value) =>
  isCount(value) || isPairOf(value, isCount) || isPairOf(value, (part) => isPairOf(part, isCount))
    ? undefined
    : "a whole number of at least 0, [vertical, horizontal] or [[top, bottom], [left, right]] of images, or [before, after] of signals";

type Sides = readonly [before: number, after: number];

/** The numbers before and after each axis of maps; none for batch and channels. */
function bordersOf({ shape, rank }: Tensor, borders: Borders): Sides[] {
  const side = (border: number | Sides): Sides => (typeof border === "number" ? [border, border] : border);
  const isNested = typeof borders !== "number" && typeof borders[0] !== "number";
  if (rank === 4) return [[0, 0], ...(typeof borders === "number" ? [borders, borders] : borders).map(side), [0, 0]];
  if (rank === 3 && !isNested) return [[0, 0], side(borders as number | Sides), [0, 0]];
  throw new ShapeError({
    expected: isNested
      ? "images [batch, height, width, channels]"
      : "maps [batch, height, width, channels] or [batch, length, channels]",
    got: shape,
  });
}

/**
 * Zeros around maps: `[n, h, w, c] → [n, h + top + bottom, w + left + right, c]`, signals `[n, l, c] → [n, l + before + after, c]`.
 * Convolutions and pooling have an option `padding` of their own.
 *
 * @throws `ShapeError` for an input that is neither images nor signals.
 *
 * @example
 * ```ts
 * new ZeroPad({ padding: [[0, 1], [0, 1]] }); // one row below, one column to the right
 * ```
 */
export const ZeroPad: FunctionLayerClass<ZeroPadOptions> = /* @__PURE__ */ functionLayer<ZeroPadOptions>(
  "ZeroPad",
  (x, { padding }) => pad(x, bordersOf(x, padding)),
  { padding: bordersOption },
  ["padding"],
);

function crop(x: Tensor, { cropping }: CropOptions): Tensor {
  const borders = bordersOf(x, cropping);
  const size = x.shape.map((whole, axis) => whole - borders[axis]![0] - borders[axis]![1]);
  const axis = size.findIndex((rest, i) => rest < 1 && rest < x.shape[i]!);
  if (axis >= 0)
    throw new ShapeError({
      axis,
      what: "size",
      expected: `more than the ${borders[axis]![0] + borders[axis]![1]} elements that are removed`,
      got: x.shape,
    });
  return slice(
    x,
    borders.map(([before]) => before),
    size,
  );
}

/**
 * Removes the borders of maps: `[n, h, w, c] → [n, h − top − bottom, w − left − right, c]`, signals
 * `[n, l, c] → [n, l − before − after, c]`.
 *
 * @throws `ShapeError` for an input that is neither images nor signals, or of which nothing would remain.
 *
 * @example
 * ```ts
 * new Crop({ cropping: 2 }); // 28 × 28 pixels become 24 × 24
 * ```
 */
export const Crop: FunctionLayerClass<CropOptions> = /* @__PURE__ */ functionLayer<CropOptions>(
  "Crop",
  crop,
  { cropping: bordersOption },
  ["cropping"],
);
