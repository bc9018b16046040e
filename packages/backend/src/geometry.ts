import { GeometryError, ShapeError, ValueError } from "./errors.ts";
import { checkValue, oneOf, type OptionCheck } from "./options.ts";
import { showShape, type Shape } from "./shape.ts";
import { coverRest, fitWindow, inputUnder, spanOf, type AxisWindow, type Sliding } from "./sliding.ts";

/** A convolution in two dimensions: `out[o] = Σ in[i] · filter[k]` over all meetings of input, tap and output. */
export interface Conv2dGeometry {
  readonly batch: number;
  readonly height: Sliding;
  readonly width: Sliding;
  /** Number of groups into which channels and filters are divided; filters see the channels of their own group only. */
  readonly groups: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/** A pooling window in two dimensions, applied to each channel separately. */
export interface Pool2dGeometry {
  readonly batch: number;
  readonly height: Sliding;
  readonly width: Sliding;
  readonly channels: number;
}

/** One number for both axes, or `[height, width]`. */
export type Pair = number | readonly [height: number, width: number];

/**
 * Zeros around the input: a number for all sides, `[vertical, horizontal]`, `[[top, bottom], [left, right]]`, `"valid"`
 * for none, or `"same"` for an output of `⌈input / stride⌉` (of an odd total the larger half goes below and to the right). For
 * a transposed convolution `"same"` gives `output = input · stride`.
 */
export type Padding =
  | number
  | "same"
  | "valid"
  | readonly [vertical: number, horizontal: number]
  | readonly [vertical: readonly [top: number, bottom: number], horizontal: readonly [left: number, right: number]];

/**
 * Treatment of elements at the end that no window reaches: `"floor"` drops them, `"strict"` throws, and `"ceil"` adds a window,
 * which reaches beyond the padding. As with PyTorch's `ceil_mode`, this window must begin over the input or the padding before it.
 */
export type GeometryMode = "floor" | "ceil" | "strict";

/** Options of a window that slides over an input. */
export interface WindowOptions {
  /** Distance from one position of the window to the next. */
  readonly stride?: Pair | undefined;
  /** Zeros around the input; for max pooling, values that are never the largest. */
  readonly padding?: Padding | undefined;
  /** Distance from one tap of the window to the next; 1 for a window without holes. */
  readonly dilation?: Pair | undefined;
  /** Default: `"floor"`. */
  readonly geometry?: GeometryMode | undefined;
}

/** Name of an axis: a signal is an image of height 1, and its width is called length. */
const axisName = (operation: string, i: 0 | 1): string =>
  i === 0 ? "height" : isSignal(operation) ? "length" : "width";
const isSignal = (operation: string): boolean => operation.endsWith("1d");

/** Shows a shape as the user sees it: that of a signal without the height. */
function shown(operation: string, shape: Shape, names: readonly string[]): string {
  if (!isSignal(operation)) return showShape(shape, names);
  const height = names.indexOf("height");
  const rename = (name: string): string => (name === "width" ? "length" : name);
  return showShape(shape.toSpliced(height, 1), names.toSpliced(height, 1).map(rename));
}

function whole(operation: string, what: string, axis: string | undefined, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new ValueError({ operation, what, axis, expected: `a whole number of at least ${least}`, got: value });
}

const isPair = (value: unknown): value is readonly [unknown, unknown] => Array.isArray(value) && value.length === 2;

/** The number of one axis. A value that is neither a number nor a pair is returned, for {@link whole} to refuse. */
const onAxis = (pair: Pair, i: 0 | 1): number => (isPair(pair) ? pair[i] : pair);

/** The padding of one axis. */
function paddingOf(operation: string, padding: Padding, i: 0 | 1): AxisWindow["padding"] {
  if (padding === "valid") return [0, 0];
  if (padding === "same") return padding;
  const side = isPair(padding) ? padding[i] : padding;
  if (typeof side !== "number" && !(isPair(padding) && isPair(side)))
    throw new ValueError({
      operation,
      what: "padding",
      expected: isSignal(operation)
        ? 'a number, [before, after], "same" or "valid"'
        : 'a number, [vertical, horizontal], [[top, bottom], [left, right]], "same" or "valid"',
      got: padding,
    });
  const [before, after] = typeof side === "number" ? [side, side] : side;
  return [
    whole(operation, "padding", axisName(operation, i), before, 0),
    whole(operation, "padding", axisName(operation, i), after, 0),
  ];
}

/** Options of a window along one axis. */
export interface AxisOptions extends Pick<AxisWindow, "padding"> {
  readonly stride: number;
  readonly dilation: number;
  readonly geometry?: GeometryMode | undefined;
}

const axisOptions = (
  operation: string,
  i: 0 | 1,
  { stride = 1, dilation = 1, padding = 0, geometry }: WindowOptions,
): AxisOptions => ({
  stride: onAxis(stride, i),
  dilation: onAxis(dilation, i),
  padding: paddingOf(operation, padding, i),
  geometry,
});

/** A window along one axis, its numbers checked. */
const windowOf = (
  operation: string,
  axis: string,
  input: number,
  window: number,
  { stride, dilation, padding }: AxisOptions,
): AxisWindow => ({
  input,
  window: whole(operation, "window", axis, window, 1),
  stride: whole(operation, "stride", axis, stride, 1),
  dilation: whole(operation, "dilation", axis, dilation, 1),
  padding,
});

/** Accepts a {@link GeometryMode}. */
export const geometryOption: OptionCheck = /* @__PURE__ */ oneOf("floor", "ceil", "strict");

/**
 * Geometry of a window of `window` taps along one axis.
 *
 * @param axis - Name of the axis, for errors.
 * @throws {@link GeometryError} for a window that does not fit.
 */
export function axisGeometry(
  operation: string,
  axis: string,
  input: number,
  window: number,
  options: AxisOptions,
): Sliding {
  const { geometry = "floor" } = options;
  checkValue(operation, "geometry", geometry, geometryOption);
  const { sliding: fitting, misfit } = fitWindow(windowOf(operation, axis, input, window, options), axis);
  const sliding = geometry === "ceil" ? coverRest(fitting) : fitting;
  if (misfit !== undefined && (sliding.output === 0 || geometry === "strict"))
    throw new GeometryError({ operation, ...misfit });
  return sliding;
}

const sliding = (operation: string, i: 0 | 1, input: number, window: number, options: WindowOptions): Sliding =>
  axisGeometry(operation, axisName(operation, i), input, window, axisOptions(operation, i, options));

const activations = ["batch", "height", "width", "channels"];
const filterAxes = ["height", "width", "channels", "filters"];
const transposedAxes = ["height", "width", "filters", "channels"];

/** Says `1 input channel` or `3 input channels`. */
const inputChannels = (count: number): string => `${count} input channel${count === 1 ? "" : "s"}`;

function checkRank(operation: string, what: string, shape: Shape, names: readonly string[]): void {
  if (shape.length === names.length) return;
  const isOneExample = shape.length === names.length - 1 && what === "an input";
  throw new ShapeError({
    operation,
    expected: `${what} [${names.join(", ")}]`,
    got: shape,
    gotWords: showShape(shape),
    fix: isOneExample ? `add a batch axis to one example: reshape(x, ${showShape([1, ...shape])})` : undefined,
  });
}

/**
 * Geometry of `conv2d`: an input `[n, h, w, c]` under filters `[kh, kw, c / groups, f]`.
 *
 * @throws {@link ShapeError} for a wrong rank or number of channels, {@link GeometryError} for a window that does not fit.
 */
export function conv2dGeometry(
  input: Shape,
  filters: Shape,
  options: WindowOptions & { readonly groups?: number | undefined } = {},
  operation = "conv2d",
): Conv2dGeometry {
  checkRank(operation, "an input", input, activations);
  checkRank(operation, "filters", filters, filterAxes);
  const [batch, height, width, inChannels] = input as [number, number, number, number];
  const [windowHeight, windowWidth, depth, outChannels] = filters as [number, number, number, number];
  const groups = whole(operation, "groups", undefined, options.groups ?? 1, 1);
  if (depth * groups !== inChannels) {
    const isChannelsFirst = height === depth * groups && !isSignal(operation);
    throw new ShapeError({
      operation,
      axis: "channels",
      expected: `${inputChannels(depth * groups)} (filters ${shown(operation, filters, filterAxes)}${groups > 1 ? ` in ${groups} groups` : ""})`,
      got: inChannels,
      gotWords: `${inChannels} in ${shown(operation, input, activations)}`,
      fix: isChannelsFirst ? "move the channels to the last axis: transpose(x, [0, 2, 3, 1])" : undefined,
    });
  }
  checkGroups(operation, "filters", outChannels, groups);
  return {
    batch,
    height: sliding(operation, 0, height, windowHeight, options),
    width: sliding(operation, 1, width, windowWidth, options),
    groups,
    inChannels,
    outChannels,
  };
}

function checkGroups(operation: string, what: string, count: number, groups: number): void {
  if (count % groups === 0) return;
  throw new ShapeError({
    operation,
    what: `the number of ${what}`,
    expected: `a multiple of the ${groups} groups`,
    got: count,
  });
}

/**
 * Geometry of `convTranspose2d`, as that of the convolution it runs backwards: from `[n, H, W, f]` to `[n, h, w, c]`. An input
 * `[n, h, w, c]` under filters `[kh, kw, f / groups, c]` gives `[n, H, W, f]` with
 * `H = (h − 1) · stride + span − padding + outputPadding`, or `H = h · stride + outputPadding` with `"same"` padding.
 *
 * @throws {@link ShapeError} for a wrong rank or number of channels, {@link GeometryError} for a window that does not fit.
 */
export function convTranspose2dGeometry(
  input: Shape,
  filters: Shape,
  options: Omit<WindowOptions, "geometry"> & {
    readonly groups?: number | undefined;
    readonly outputPadding?: Pair | undefined;
  } = {},
  operation = "convTranspose2d",
): Conv2dGeometry {
  checkRank(operation, "an input", input, activations);
  checkRank(operation, "filters", filters, transposedAxes);
  const [batch, height, width, channels] = input as [number, number, number, number];
  const [windowHeight, windowWidth, depth, filterChannels] = filters as [number, number, number, number];
  const groups = whole(operation, "groups", undefined, options.groups ?? 1, 1);
  if (filterChannels !== channels)
    throw new ShapeError({
      operation,
      axis: "channels",
      expected: `${inputChannels(filterChannels)} (filters ${shown(operation, filters, transposedAxes)})`,
      got: channels,
      gotWords: `${channels} in ${shown(operation, input, activations)}`,
    });
  checkGroups(operation, "channels", channels, groups);
  return {
    batch,
    height: slidingBackwards(operation, 0, height, windowHeight, options),
    width: slidingBackwards(operation, 1, width, windowWidth, options),
    groups,
    inChannels: depth * groups,
    outChannels: channels,
  };
}

/** The window of a transposed convolution along one axis, as that of the convolution it runs backwards. */
function slidingBackwards(
  operation: string,
  i: 0 | 1,
  positions: number,
  taps: number,
  options: WindowOptions & { readonly outputPadding?: Pair | undefined },
): Sliding {
  const axis = axisName(operation, i);
  const asked = windowOf(operation, axis, positions, taps, axisOptions(operation, i, options));
  const { window, stride, dilation, padding } = asked;
  const extra = whole(operation, "outputPadding", axis, onAxis(options.outputPadding ?? 0, i), 0);
  const most = Math.max(stride, dilation);
  if (extra >= most)
    throw new GeometryError({
      operation,
      what: "outputPadding",
      axis,
      expected: `less than ${most}, the larger of stride and dilation`,
      got: extra,
    });
  const span = spanOf(asked);
  const { before, after } = fitWindow({ ...asked, input: positions * stride }, axis).sliding;
  // Windows smaller than the stride leave a gap after each; "same" padding keeps the one after the last, too.
  const gap = padding === "same" ? Math.max(0, stride - span) : 0;
  const input = (positions - 1) * stride + span + gap - before - after + extra;
  if (input < 1)
    throw new GeometryError({
      operation,
      axis,
      problem: "the padding leaves no output",
      expected: `an output ${axis} (${positions} − 1) · ${stride} + ${span} − ${before + after} padding of at least 1`,
      got: input,
      fix: "use less padding",
    });
  return { input, window, output: positions, stride, dilation, before, after };
}

/** The first window that covers padding only, if there is one. */
function emptyWindow(s: Sliding): number | undefined {
  for (let output = 0; output < s.output && output * s.stride < s.before; output++) {
    // The first tap that does not lie before the input.
    const tap = Math.ceil((s.before - output * s.stride) / s.dilation);
    if (tap >= s.window || inputUnder(s, output, tap) >= s.input) return output;
  }
  // Of all other windows the first tap lies over the input, except after its end.
  const first = Math.ceil((s.before + s.input) / s.stride);
  return first < s.output ? first : undefined;
}

/** Throws where a window covers padding only. */
export function checkCovers(operation: string, axis: string, s: Sliding): void {
  const empty = emptyWindow(s);
  if (empty === undefined) return;
  const taps = s.dilation > 1 ? `${s.window} taps with dilation ${s.dilation}` : `${s.window} taps`;
  throw new GeometryError({
    operation,
    axis,
    problem: `window ${empty} (${axis}) of ${taps} covers only padding (${s.before} before and ${s.after} after an input ${axis} of ${s.input})`,
    fix: `use less padding${s.dilation > 1 ? " or dilation" : ""}`,
  });
}

/** Geometry of windows of a given size over each channel of an input `[n, h, w, c]`; they may cover padding only. */
export function windowGeometry(
  input: Shape,
  { kernelSize, stride = kernelSize, ...options }: WindowOptions & { readonly kernelSize: Pair },
  operation: string,
): Pool2dGeometry {
  checkRank(operation, "an input", input, activations);
  const [batch, height, width, channels] = input as [number, number, number, number];
  const axis = (i: 0 | 1, length: number): Sliding =>
    sliding(operation, i, length, onAxis(kernelSize, i), { stride, ...options });
  return { batch, height: axis(0, height), width: axis(1, width), channels };
}

/**
 * Geometry of pooling over an input `[n, h, w, c]`; the default stride is the window's size. Every window must cover at least
 * one element of the input, since the maximum of nothing is not defined.
 *
 * @throws {@link GeometryError} for a window that does not fit or that covers padding only.
 */
export function pool2dGeometry(
  input: Shape,
  options: WindowOptions & { readonly kernelSize: Pair },
  operation = "maxPool2d",
): Pool2dGeometry {
  const g = windowGeometry(input, options, operation);
  checkCovers(operation, axisName(operation, 0), g.height);
  checkCovers(operation, axisName(operation, 1), g.width);
  return g;
}

/** `[n, h, w, c]` of a convolution's input. */
export const convInputShape = (g: Conv2dGeometry): Shape => [g.batch, g.height.input, g.width.input, g.inChannels];
/** `[kh, kw, c / groups, f]` of its filters. */
export const convFilterShape = (g: Conv2dGeometry): Shape => [
  g.height.window,
  g.width.window,
  g.inChannels / g.groups,
  g.outChannels,
];
/** `[n, oh, ow, f]` of its output. */
export const convOutputShape = (g: Conv2dGeometry): Shape => [g.batch, g.height.output, g.width.output, g.outChannels];
/** `[n, h, w, c]` of a pooling's input. */
export const poolInputShape = (g: Pool2dGeometry): Shape => [g.batch, g.height.input, g.width.input, g.channels];
/** `[n, oh, ow, c]` of its output. */
export const poolOutputShape = (g: Pool2dGeometry): Shape => [g.batch, g.height.output, g.width.output, g.channels];
