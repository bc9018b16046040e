import {
  checkOptions,
  numberFrom,
  oneOf,
  ShapeError,
  showShape,
  sizeOf,
  wholeFrom,
  type OptionChecks,
  type Shape,
} from "@convlens/backend";
import { endsOption } from "../optionChecks.ts";
import { colorMap, type ColorMap, type Theme } from "./colorMaps.ts";

/** Pixels of four bytes each: red, green, blue, opacity, as in `ImageData` of a canvas and in PNG files. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  // `Uint8ClampedArray<ArrayBuffer>`, which compilers before TypeScript 5.7 cannot read.
  readonly data: ReturnType<typeof Uint8ClampedArray.of>;
}

/** Numbers in rows and columns, such as an activation map, a spectrum or an effective receptive field. */
export interface NumberGrid {
  /** `[height, width]`, or `[length]` for a single row. */
  readonly shape: Shape;
  /** Row-major. */
  readonly values: ArrayLike<number>;
}

/** Options of painting: how numbers become colours. */
export interface RasterOptions {
  /**
   * `"signed"` shows 0 in the colour of the page and each sign in its own colour. `"sequential"` goes from the least to the
   * greatest. Default: `"signed"` if a number is below 0, else `"sequential"`.
   */
  readonly map?: "sequential" | "signed" | "gray";
  /** Theme of the page. Default: `"light"`. */
  readonly theme?: Theme;
  /**
   * The numbers at the ends of the colour map. Pictures that are compared need the same range. Default: from −m to m for a signed
   * map, where m is the largest absolute value; else from 0, or the least number below it, to the greatest.
   */
  readonly range?: readonly [low: number, high: number];
}

const rasterChecks: OptionChecks<RasterOptions> = {
  map: /* @__PURE__ */ oneOf("sequential", "signed", "gray"),
  theme: /* @__PURE__ */ oneOf("light", "dark"),
  range: endsOption,
};

/** A colour map, and the numbers at its ends. */
export interface Scale {
  readonly colors: ColorMap;
  readonly low: number;
  readonly high: number;
}

/**
 * A colour map and a range that fit several arrays of numbers.
 *
 * @example
 * ```ts
 * const maps = [{ shape: [2], values: [1, 2] }, { shape: [2], values: [-4, 3] }];
 * const { low, high } = scaleOf(maps.map(({ values }) => values)); // −4 to 4, signed
 * const pictures = maps.map((map) => paintMap(map, { map: "signed", range: [low, high] }));
 * ```
 */
export function scaleOf(all: readonly ArrayLike<number>[], options: RasterOptions = {}): Scale {
  checkOptions("painting", options, rasterChecks);
  const { map, theme = "light", range } = options;
  let [least, greatest] = [Infinity, -Infinity];
  for (const values of all)
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (!Number.isFinite(x)) continue;
      least = Math.min(least, x);
      greatest = Math.max(greatest, x);
    }
  if (least > greatest) [least, greatest] = [0, 0];
  const name = map ?? (least < 0 ? "signed" : "sequential");
  const size = Math.max(-least, greatest);
  const [low, high] = range ?? (name === "signed" ? [-size, size] : [Math.min(0, least), greatest]);
  return { colors: colorMap(name, theme), low, high };
}

/** Writes the colours of numbers into pixels. */
function fill(
  data: Uint8ClampedArray,
  place: (i: number) => number,
  values: ArrayLike<number>,
  { colors, low, high }: Scale,
): void {
  const { table } = colors;
  const last = table.length / 3 - 1;
  const width = high - low;
  // If all numbers are equal, they are 0, or they are the top of a range of no width.
  const still = high === 0 ? (colors.low === 0 ? 0 : last / 2) : last;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    const to = 4 * place(i);
    data[to + 3] = 255;
    if (Number.isNaN(x)) {
      data[to] = data[to + 2] = 255;
      continue;
    }
    const at = 3 * Math.round(width === 0 ? still : Math.min(last, Math.max(0, ((x - low) / width) * last)));
    data[to] = table[at]!;
    data[to + 1] = table[at + 1]!;
    data[to + 2] = table[at + 2]!;
  }
}

function sizesOf({ shape, values }: NumberGrid): readonly [height: number, width: number] {
  if (shape.length > 2 || sizeOf(shape) !== values.length)
    throw new ShapeError({
      operation: "to paint",
      expected: "numbers in rows and columns",
      got: shape,
      gotWords: `${values.length} for ${showShape(shape)}`,
      fix: "select a map or a column first, for example with activationMap(…)",
    });
  const [width = 1, height = 1] = shape.toReversed();
  return [height, width];
}

/**
 * Numbers as a picture with a pixel for each. Enlarge it without smoothing, so that each number stays a square.
 *
 * @example
 * ```ts
 * const { layers } = await tap(lenet5(), ["layers.0"])(normal([1, 28, 28, 1]));
 * paintMap(activationMap(layers.get("layers.0")!, { channel: 3 })); // 28 · 28 pixels, orange above 0, violet below
 * ```
 */
export function paintMap(numbers: NumberGrid, options: RasterOptions = {}): Raster {
  const [height, width] = sizesOf(numbers);
  const data = new Uint8ClampedArray(4 * height * width);
  fill(data, (i) => i, numbers.values, scaleOf([numbers.values], options));
  return { width, height, data };
}

/** Many pictures in one, and where each of them lies. */
export interface Atlas extends Raster {
  /** Pictures in a row. */
  readonly columns: number;
  /** Distance from one picture to the next, in pixels: the size of the largest, plus the gap. */
  readonly step: readonly [down: number, across: number];
}

/**
 * Many maps side by side in one picture, in rows, with transparent gaps. All have the same scale, so a brighter pixel is a
 * larger number, in whichever map it is.
 *
 * @param options - `columns`: number of maps in a row. Default: so that the picture is nearly square. `gap`: pixels between maps.
 *   Default: 1.
 *
 * @example
 * ```ts
 * const { layers } = await tap(lenet5(), ["layers.3"])(normal([1, 28, 28, 1]));
 * const maps = Array.from({ length: 16 }, (_, channel) => activationMap(layers.get("layers.3")!, { channel }));
 * paintAtlas(maps, { columns: 8 }); // two rows of eight maps
 * ```
 */
export function paintAtlas(
  maps: readonly NumberGrid[],
  options: RasterOptions & { readonly columns?: number; readonly gap?: number } = {},
): Atlas {
  checkOptions("paintAtlas", options, { ...rasterChecks, columns: wholeFrom(1), gap: wholeFrom(0) });
  const { columns = Math.max(1, Math.ceil(Math.sqrt(maps.length))), gap = 1, ...painted } = options;
  const sizes = maps.map(sizesOf);
  const tall = Math.max(1, ...sizes.map(([own]) => own));
  const wide = Math.max(1, ...sizes.map(([, own]) => own));
  const rows = Math.ceil(maps.length / columns);
  const [height, width] = [Math.max(1, rows * (tall + gap) - gap), Math.max(1, columns * (wide + gap) - gap)];
  const data = new Uint8ClampedArray(4 * height * width);
  const numbers = maps.map(({ values }) => values);
  const scale = scaleOf(numbers, painted);
  for (const [k, { values }] of maps.entries()) {
    const first = Math.floor(k / columns) * (tall + gap) * width + (k % columns) * (wide + gap);
    const [, own] = sizes[k]!;
    fill(data, (i) => first + Math.floor(i / own) * width + (i % own), values, scale);
  }
  return { width, height, data, columns, step: [tall + gap, wide + gap] };
}

/**
 * Pixels of a photograph: `[height, width, 1]` in greys, `[height, width, 3]` in colours, `[height, width, 4]` with opacity.
 *
 * @param options - `range`: the numbers that are black and white. Default: 0 and 1.
 *
 * @example
 * ```ts
 * paintImage({ shape: [1, 2, 3], values: [1, 0, 0, 0, 0, 1] }); // a red pixel and a blue one
 * ```
 */
export function paintImage(
  { shape, values }: NumberGrid,
  options: { readonly range?: readonly [number, number] } = {},
): Raster {
  checkOptions("paintImage", options, { range: endsOption });
  const [low, high] = options.range ?? [0, 1];
  const [height, width, channels] = shape as [number, number, number];
  if (shape.length !== 3 || ![1, 3, 4].includes(channels) || sizeOf(shape) !== values.length)
    throw new ShapeError({
      operation: "paintImage",
      expected: "pixels [height, width, 1, 3 or 4]",
      got: shape,
      gotWords: `${values.length} numbers for ${showShape(shape)}`,
    });
  const data = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let pixel = 0; pixel < height * width; pixel++)
    for (let k = 0; k < 4; k++) {
      if (k === 3 && channels < 4) continue;
      const x = values[pixel * channels + (channels === 1 ? 0 : k)]!;
      data[4 * pixel + k] = Math.round((255 * (x - low)) / (high - low || 1));
    }
  return { width, height, data };
}

/**
 * A map laid over a picture of the same size: the larger the absolute value, the more its colour covers the picture.
 *
 * @param options - `strength`: opacity of the largest absolute value, 0 to 1. Default: 0.8.
 *
 * @example
 * ```ts
 * const photograph = paintImage({ shape: [2, 2, 1], values: [0, 0.3, 0.6, 1] });
 * overlay(photograph, { shape: [2, 2], values: [0, 0, 1, 2] });
 * ```
 */
export function overlay(
  picture: Raster,
  numbers: NumberGrid,
  options: RasterOptions & { readonly strength?: number } = {},
): Raster {
  checkOptions("overlay", options, { ...rasterChecks, strength: numberFrom(0, 1) });
  const { strength = 0.8, ...painted } = options;
  const [height, width] = sizesOf(numbers);
  if (height !== picture.height || width !== picture.width)
    throw new ShapeError({
      operation: "overlay",
      what: "the map",
      expected: `${picture.height} × ${picture.width}, the size of the picture`,
      got: [height, width],
      gotWords: `${height} × ${width}`,
      fix: "resize one of them",
    });
  const scale = scaleOf([numbers.values], painted);
  const data = new Uint8ClampedArray(4 * height * width);
  fill(data, (i) => i, numbers.values, scale);
  const most = Math.max(Math.abs(scale.low), Math.abs(scale.high)) || 1;
  for (let i = 0; i < height * width; i++) {
    const x = numbers.values[i]!;
    const share = Number.isNaN(x) ? 1 : strength * Math.min(1, Math.abs(x) / most);
    for (let at = 4 * i; at < 4 * i + 3; at++) data[at] = share * data[at]! + (1 - share) * picture.data[at]!;
  }
  return { width, height, data };
}
