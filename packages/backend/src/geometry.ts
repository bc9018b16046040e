import { GeometryError, ShapeError, ValueError } from "./errors.ts";
import { checkValue, oneOf } from "./options.ts";
import { showShape, type Shape } from "./shape.ts";

/** How a window slides along one axis, with every number resolved. The input's size travels along, for the gradients. */
export interface Sliding {
  /** Size of the axis that is slid over. */
  readonly input: number;
  /** Taps of the window. */
  readonly window: number;
  /** Positions that the window takes. */
  readonly output: number;
  /** From one position to the next. */
  readonly stride: number;
  /** From one tap to the next. */
  readonly dilation: number;
  /** Padding before the first element. */
  readonly before: number;
  /** Padding after the last. */
  readonly after: number;
}

/** A convolution in two dimensions: `out[o] = Σ in[i] · filter[k]` over all meetings of input, tap and output. */
export interface Conv2dGeometry {
  readonly batch: number;
  readonly height: Sliding;
  readonly width: Sliding;
  /** Input and filters are divided into this many groups that do not see each other. */
  readonly groups: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/** A pooling window in two dimensions, for each channel on its own. */
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
 * for none, or `"same"` for as many as keep `output = ⌈input / stride⌉` (an odd one goes below and to the right). For a
 * transposed convolution `"same"` gives `output = input · stride`.
 */
export type Padding =
  | number
  | "same"
  | "valid"
  | readonly [vertical: number, horizontal: number]
  | readonly [vertical: readonly [top: number, bottom: number], horizontal: readonly [left: number, right: number]];

/** What to do with rows that the last window does not reach: drop them (`"floor"`), or refuse (`"strict"`). */
export type GeometryMode = "floor" | "strict";

/** How a window slides. */
export interface WindowOptions {
  /** From one position of the window to the next. */
  readonly stride?: Pair | undefined;
  /** Zeros around the input (for max pooling: values that never win). */
  readonly padding?: Padding | undefined;
  /** From one tap of the window to the next; 1 for a window without holes. */
  readonly dilation?: Pair | undefined;
  /** Default: `"floor"`. */
  readonly geometry?: GeometryMode | undefined;
}

/** What a window covers, holes included. */
export const spanOf = ({ window, dilation }: { readonly window: number; readonly dilation: number }): number =>
  (window - 1) * dilation + 1;

/** How many elements at the end no window reaches. */
export const droppedBy = (s: Sliding): number => s.before + s.input + s.after - ((s.output - 1) * s.stride + spanOf(s));

/** The name of an axis: a signal is an image of height 1, and its width is called length. */
const axisName = (operation: string, i: 0 | 1): string =>
  i === 0 ? "height" : isSignal(operation) ? "length" : "width";
const isSignal = (operation: string): boolean => operation.endsWith("1d");

/** A shape as the user sees it: of a signal without the height. */
function shown(operation: string, shape: Shape, names: readonly string[]): string {
  if (!isSignal(operation)) return showShape(shape, names);
  const height = names.indexOf("height");
  const rename = (name: string): string => (name === "width" ? "length" : name);
  return showShape(shape.toSpliced(height, 1), names.toSpliced(height, 1).map(rename));
}

function whole(operation: string, option: string, axis: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new ValueError(
    `${operation}: ${option} (${axis}) must be a whole number of at least ${least}, got ${String(value)}`,
    {
      operation,
      axis,
      expected: `a whole number of at least ${least}`,
      got: value,
    },
  );
}

const isPair = (value: unknown): value is readonly [unknown, unknown] => Array.isArray(value) && value.length === 2;

/** The number of one axis; what is neither a number nor a pair stays, to be refused by {@link whole}. */
const onAxis = (pair: Pair, i: 0 | 1): number => (isPair(pair) ? pair[i] : pair);

/** The padding of one axis as `[before, after]`; `"same"` needs the rest of the geometry. */
function paddingOf(
  operation: string,
  padding: Padding,
  i: 0 | 1,
  { input, stride, span }: { input: number; stride: number; span: number },
): [before: number, after: number] {
  if (padding === "valid") return [0, 0];
  if (padding === "same") {
    const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + span - input);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }
  const side = isPair(padding) ? padding[i] : padding;
  if (typeof side !== "number" && !(isPair(padding) && isPair(side))) {
    const expected = isSignal(operation)
      ? 'a number, [before, after], "same" or "valid"'
      : 'a number, [vertical, horizontal], [[top, bottom], [left, right]], "same" or "valid"';
    throw new ValueError(`${operation}: padding must be ${expected}, got ${JSON.stringify(padding)}`, {
      operation,
      expected,
      got: padding,
    });
  }
  const [before, after] = typeof side === "number" ? [side, side] : side;
  return [
    whole(operation, "padding", axisName(operation, i), before, 0),
    whole(operation, "padding", axisName(operation, i), after, 0),
  ];
}

function sliding(
  operation: string,
  i: 0 | 1,
  input: number,
  window: number,
  options: WindowOptions,
  unit: Pair,
): Sliding {
  const axis = axisName(operation, i);
  checkValue(operation, "geometry", options.geometry ?? "floor", oneOf("floor", "strict"));
  whole(operation, "window", axis, window, 1);
  const stride = whole(operation, "stride", axis, onAxis(options.stride ?? unit, i), 1);
  const dilation = whole(operation, "dilation", axis, onAxis(options.dilation ?? 1, i), 1);
  const span = spanOf({ window, dilation });
  const [before, after] = paddingOf(operation, options.padding ?? 0, i, { input, stride, span });
  const room = before + input + after;
  if (room < span)
    throw new GeometryError(
      `${operation}: the window does not fit: its ${axis} spans ${span}` +
        `${dilation > 1 ? ` (${window} taps with dilation ${dilation})` : ""}, the input's ${axis} is ${input}` +
        `${before + after > 0 ? ` and ${room} with padding` : ""}; use a smaller window, a larger input, or padding of at least ${span - room}`,
      { operation, axis, expected: `at least ${span}`, got: room, fix: `padding of at least ${span - room}` },
    );
  const output = Math.floor((room - span) / stride) + 1;
  const result: Sliding = { input, window, output, stride, dilation, before, after };
  const dropped = droppedBy(result);
  // "same" says what the output's size is to be, and so what may be dropped.
  if (dropped > 0 && options.geometry === "strict" && options.padding !== "same")
    throw doesNotFit(operation, axis, result, dropped);
  return result;
}

/** `(input − span + padding) / stride` is no whole number: says so, and what would make it one. */
function doesNotFit(operation: string, axis: string, s: Sliding, dropped: number): GeometryError {
  const span = spanOf(s);
  const room = s.before + s.input + s.after;
  const strides = [s.stride - 1, s.stride + 1].filter((stride) => stride > 0 && (room - span) % stride === 0);
  const fixes = [
    `an input ${axis} of ${s.input - dropped} or ${s.input - dropped + s.stride}`,
    `${s.stride - dropped} more of padding in all (now ${s.before} before, ${s.after} after)`,
    ...strides.map((stride) => `a stride of ${stride}`),
    `geometry: "floor", which drops the last ${dropped}`,
  ];
  return new GeometryError(
    `${operation}: the stride does not fit: ${axis} (${s.input} + ${s.before + s.after} padding − ${span} window) / ${s.stride} + 1 = ` +
      `${+((room - span) / s.stride + 1).toFixed(2)} positions; use ${fixes.join(", or ")}`,
    {
      operation,
      axis,
      expected: "a whole number of positions",
      got: (room - span) / s.stride + 1,
      fix: fixes.join(", or "),
    },
  );
}

const activations = ["batch", "height", "width", "channels"];
const filterAxes = ["height", "width", "channels", "filters"];

function checkRank(operation: string, what: string, shape: Shape, names: readonly string[]): void {
  if (shape.length === names.length) return;
  const fix =
    shape.length === names.length - 1 && what === "an input"
      ? `; one example needs a batch axis of 1: reshape(x, ${showShape([1, ...shape])})`
      : "";
  throw new ShapeError(
    `${operation}: expected ${what} ${showShape(names as never)} of ${names.length} axes, got ${showShape(shape)} of ${shape.length}${fix}`,
    { operation, expected: names, got: shape, ...(fix && { fix: fix.slice(2) }) },
  );
}

/**
 * The geometry of `conv2d`: an input `[n, h, w, c]` under filters `[kh, kw, c / groups, f]`.
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
  const groups = whole(operation, "groups", "height", options.groups ?? 1, 1);
  if (depth * groups !== inChannels) {
    const fix =
      height === depth * groups && !isSignal(operation)
        ? "the channels come last: transpose(x, [0, 2, 3, 1])"
        : undefined;
    throw new ShapeError(
      `${operation}: expected ${depth * groups} input channels (filters ${shown(operation, filters, filterAxes)}${groups > 1 ? ` in ${groups} groups` : ""}), ` +
        `got ${inChannels} in ${shown(operation, input, activations)}${fix === undefined ? "" : `; ${fix}`}`,
      { operation, axis: "channels", expected: depth * groups, got: inChannels, ...(fix !== undefined && { fix }) },
    );
  }
  checkGroups(operation, "filters", outChannels, groups);
  return {
    batch,
    height: sliding(operation, 0, height, windowHeight, options, 1),
    width: sliding(operation, 1, width, windowWidth, options, 1),
    groups,
    inChannels,
    outChannels,
  };
}

function checkGroups(operation: string, what: string, count: number, groups: number): void {
  if (count % groups === 0) return;
  throw new ShapeError(`${operation}: ${count} ${what} cannot be divided into ${groups} groups of equal size`, {
    operation,
    axis: what,
    expected: `a multiple of ${groups}`,
    got: count,
  });
}

/**
 * The geometry of `convTranspose2d`, which is that of the convolution it runs backwards: from `input` `[n, h, w, c]` under
 * filters `[kh, kw, f / groups, c]` to `[n, H, W, f]` with `H = (h − 1) · stride + span − padding + outputPadding`. With
 * `"same"` padding `H = h · stride + outputPadding`.
 *
 * The result describes the convolution from `[n, H, W, f]` to `[n, h, w, c]`.
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
  checkRank(operation, "filters", filters, ["height", "width", "filters", "channels"]);
  const [batch, height, width, channels] = input as [number, number, number, number];
  const [windowHeight, windowWidth, depth, filterChannels] = filters as [number, number, number, number];
  const groups = whole(operation, "groups", "height", options.groups ?? 1, 1);
  if (filterChannels !== channels)
    throw new ShapeError(
      `${operation}: expected ${filterChannels} input channels (filters ${shown(operation, filters, ["height", "width", "filters", "channels"])}), ` +
        `got ${channels} in ${shown(operation, input, activations)}`,
      { operation, axis: "channels", expected: filterChannels, got: channels },
    );
  checkGroups(operation, "channels", channels, groups);
  const axis = (i: 0 | 1, positions: number, window: number): Sliding => {
    whole(operation, "window", axisName(operation, i), window, 1);
    const stride = whole(operation, "stride", axisName(operation, i), onAxis(options.stride ?? 1, i), 1);
    const dilation = whole(operation, "dilation", axisName(operation, i), onAxis(options.dilation ?? 1, i), 1);
    const extra = whole(operation, "outputPadding", axisName(operation, i), onAxis(options.outputPadding ?? 0, i), 0);
    if (extra >= Math.max(stride, dilation))
      throw new GeometryError(
        `${operation}: outputPadding (${axisName(operation, i)}) must be smaller than the stride ${stride} or the dilation ${dilation}, got ${extra}`,
        { operation, axis: axisName(operation, i), expected: `less than ${Math.max(stride, dilation)}`, got: extra },
      );
    const span = spanOf({ window, dilation });
    const padding = options.padding ?? 0;
    const [before, after] = paddingOf(operation, padding, i, { input: positions * stride, stride, span });
    // Windows smaller than the stride leave a gap after each, which "same" keeps after the last, too.
    const gap = padding === "same" ? Math.max(0, stride - span) : 0;
    const size = (positions - 1) * stride + span + gap - before - after + extra;
    if (size < 1)
      throw new GeometryError(
        `${operation}: nothing is left: output ${axisName(operation, i)} = (${positions} − 1) · ${stride} + ${span} − ${before + after} padding = ${size}; use less padding`,
        { operation, axis: axisName(operation, i), expected: "at least 1", got: size, fix: "use less padding" },
      );
    return { input: size, window, output: positions, stride, dilation, before, after };
  };
  return {
    batch,
    height: axis(0, height, windowHeight),
    width: axis(1, width, windowWidth),
    groups,
    inChannels: depth * groups,
    outChannels: channels,
  };
}

/** The first window that sees padding only, if there is one. */
function blindWindow({ input, window, output, stride, dilation, before }: Sliding): number | undefined {
  for (let o = 0; o < output && o * stride < before; o++) {
    // The first tap that does not lie before the input.
    const tap = Math.ceil((before - o * stride) / dilation);
    if (tap >= window || o * stride - before + tap * dilation >= input) return o;
  }
  // Windows after the input's end: of all others the first tap sees something.
  const first = Math.ceil((before + input) / stride);
  return first < output ? first : undefined;
}

function checkSight(operation: string, axis: string, s: Sliding): void {
  const blind = blindWindow(s);
  if (blind === undefined) return;
  const taps = s.dilation > 1 ? `${s.window} taps with dilation ${s.dilation}` : `${s.window} taps`;
  const fix = `use less padding${s.dilation > 1 ? " or dilation" : ""}`;
  throw new GeometryError(
    `${operation}: window ${blind} (${axis}) of ${taps} sees nothing of the input, only padding (${s.before} before, ${s.after} after an input ${axis} of ${s.input}); ${fix}`,
    { operation, axis, expected: "a tap over the input", got: blind, fix },
  );
}

/** The geometry of windows of a given size over each channel of an input `[n, h, w, c]`; they may lie in the padding alone. */
export function windowGeometry(
  input: Shape,
  { kernelSize, ...options }: WindowOptions & { readonly kernelSize: Pair },
  operation: string,
): Pool2dGeometry {
  checkRank(operation, "an input", input, activations);
  const [batch, height, width, channels] = input as [number, number, number, number];
  const axis = (i: 0 | 1, length: number): Sliding =>
    sliding(operation, i, length, onAxis(kernelSize, i), options, kernelSize);
  return { batch, height: axis(0, height), width: axis(1, width), channels };
}

/**
 * The geometry of pooling over an input `[n, h, w, c]`; the stride is the window's size unless given, as everywhere. Every window
 * must see at least one number of the input, since the largest of no numbers is not defined.
 *
 * @throws {@link GeometryError} for a window that does not fit, or whose taps all lie in the padding.
 */
export function pool2dGeometry(
  input: Shape,
  options: WindowOptions & { readonly kernelSize: Pair },
  operation = "maxPool2d",
): Pool2dGeometry {
  const g = windowGeometry(input, options, operation);
  checkSight(operation, axisName(operation, 0), g.height);
  checkSight(operation, axisName(operation, 1), g.width);
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
