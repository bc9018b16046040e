import {
  axisGeometry,
  geometryOption,
  ShapeError,
  showShape,
  wholeFrom,
  type AxisOptions,
  type GeometryMode,
  type OptionCheck,
  type OptionChecks,
  type Padding,
  type Sliding,
  type WindowOptions,
} from "@convlens/backend";
import type { Tensor } from "../tensor.ts";

// A volume [n, d, h, w, c] is n · d images. A window over it is one over the images and one along the depth, so three dimensions
// need no kernels.

/** One number for all axes, or `[depth, height, width]`. */
export type Triple = number | readonly [depth: number, height: number, width: number];

/**
 * Zeros around a volume: a number for all sides, `[depth, vertical, horizontal]`, `[[front, back], [top, bottom], [left, right]]`,
 * `"valid"` for none, or `"same"` for an output of `⌈input / stride⌉`.
 */
export type Padding3d =
  | number
  | "same"
  | "valid"
  | readonly [depth: number, vertical: number, horizontal: number]
  | readonly [
      depth: readonly [front: number, back: number],
      vertical: readonly [top: number, bottom: number],
      horizontal: readonly [left: number, right: number],
    ];

/** Options of a window that slides over a volume. */
export interface Window3dOptions {
  /** Distance from one position of the window to the next. */
  readonly stride?: Triple | undefined;
  /** Zeros around the input; for max pooling, values that are never the largest. Default: 0. */
  readonly padding?: Padding3d | undefined;
  /** Distance from one tap of the window to the next. Default: 1. */
  readonly dilation?: Triple | undefined;
  /** Default: `"floor"`. */
  readonly geometry?: GeometryMode | undefined;
}

const isTripleOf = (value: unknown, isPart: (part: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === 3 && value.every(isPart);

/** Accepts a whole number of at least `least`, or three of them: `[depth, height, width]`. */
export const tripleFrom =
  (least: number): OptionCheck =>
  (value) => {
    const isNumber = (part: unknown): boolean => wholeFrom(least)(part) === undefined;
    return isNumber(value) || isTripleOf(value, isNumber)
      ? undefined
      : `a whole number of at least ${least}, or [depth, height, width] of three`;
  };

const paddingOption: OptionCheck = (value) => {
  const isNumber = (part: unknown): boolean => wholeFrom(0)(part) === undefined;
  const isSide = (part: unknown): boolean => Array.isArray(part) && part.length === 2 && part.every(isNumber);
  return value === "same" ||
    value === "valid" ||
    isNumber(value) ||
    isTripleOf(value, isNumber) ||
    isTripleOf(value, isSide)
    ? undefined
    : '"same", "valid", a whole number of at least 0, [depth, vertical, horizontal] or [[front, back], [top, bottom], [left, right]]';
};

/** Checks of the options of a window that slides over a volume. */
export const volumeChecks: OptionChecks<Window3dOptions> = {
  stride: /* @__PURE__ */ tripleFrom(1),
  padding: paddingOption,
  dilation: /* @__PURE__ */ tripleFrom(1),
  geometry: geometryOption,
};

/** The first number of three, and the other two. */
export const splitTriple = (triple: Triple): [depth: number, plane: readonly [number, number]] =>
  typeof triple === "number" ? [triple, [triple, triple]] : [triple[0], [triple[1], triple[2]]];

function splitPadding(padding: Padding3d): [depth: AxisOptions["padding"], plane: Padding] {
  if (padding === "valid") return [[0, 0], padding];
  if (padding === "same") return [padding, padding];
  if (typeof padding === "number") return [[padding, padding], padding];
  const [depth, vertical, horizontal] = padding.map((side) => (typeof side === "number" ? [side, side] : side)) as [
    [number, number],
    [number, number],
    [number, number],
  ];
  return [depth, [vertical, horizontal]];
}

/** A window over a volume as one along its depth and one over its planes. */
export interface SplitWindow {
  readonly depth: Sliding;
  readonly alongDepth: AxisOptions;
  readonly plane: WindowOptions;
}

/** Splits the options of a window of `window` taps along a depth of `input`. */
export function splitWindow(
  operation: string,
  input: number,
  window: number,
  { stride = 1, padding = 0, dilation = 1, geometry }: Window3dOptions,
): SplitWindow {
  const [strides, paddings, dilations] = [splitTriple(stride), splitPadding(padding), splitTriple(dilation)];
  const alongDepth = { stride: strides[0], padding: paddings[0], dilation: dilations[0], geometry };
  return {
    depth: axisGeometry(operation, "depth", input, window, alongDepth),
    alongDepth,
    plane: { stride: strides[1], padding: paddings[1], dilation: dilations[1], geometry },
  };
}

/** Returns the sizes of five axes; throws for another rank. */
export function volumeSizes(
  operation: string,
  x: Tensor,
  what = "an input [batch, depth, height, width, channels]",
): readonly [number, number, number, number, number] {
  if (x.rank === 5) return x.shape as [number, number, number, number, number];
  const isOneExample = x.rank === 4 && what.startsWith("an input");
  throw new ShapeError({
    operation,
    expected: what,
    got: x.shape,
    fix: isOneExample ? `add a batch axis to one example: reshape(x, ${showShape([1, ...x.shape])})` : undefined,
  });
}
