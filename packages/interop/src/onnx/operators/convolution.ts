import { Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, type Layer } from "@convlens/layers";
import {
  add,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  pad,
  slice,
  type Tensor,
} from "@convlens/tensor";
import { channelsLast, upTo } from "../axes.ts";
import { constantRank, refuse, type NodeCall, type NodeLayer, type Operator, type Parameter } from "../node.ts";
import { batchOf, Constant, inFileOrder, Live, onlyOn, tensorIn, type Layout, type Value } from "../value.ts";
import { padsFor, span, windowOf, windowOptions, type Window } from "../window.ts";

/** The file has `[filters, channels, …taps]`, the library `[…taps, channels, filters]`. Of a transposed one the first two swap. */
const filterLayout = (rank: number): Layout => [...upTo(rank - 2).map((axis) => axis + 2), 1, 0];

const fieldsOf = (call: NodeCall): Readonly<Record<string, Parameter>> => {
  const rank = constantRank(call.inputs[1]);
  if (rank === undefined) return {};
  return {
    filters: { input: 1, layout: filterLayout(rank) },
    ...(call.inputs[2] !== undefined && { bias: { input: 2, layout: [0] } }),
  };
};

/** Spatial sizes of the filters, in the file `[filters, channels, …]`. */
function kernelOf(call: NodeCall): readonly number[] {
  const filters = call.input(1);
  const kernel = filters.shape.slice(2);
  const declared = call.numbers("kernel_shape");
  if (declared !== undefined && declared.length > 0 && declared.join() !== kernel.join())
    refuse(`kernel_shape is [${declared.join(", ")}], but the filters are [${kernel.join(", ")}]`);
  if (kernel.length < 1 || kernel.length > 3) refuse(`filters along ${kernel.length} axes are not supported`);
  return kernel;
}

/** Checks what a layer needs: filters, and a bias if there is one, that are constants. */
const hasConstantWeights = (call: NodeCall): boolean =>
  call.inputs[1] instanceof Constant && (call.inputs[2] === undefined || call.inputs[2] instanceof Constant);

function convolutionLayer(call: NodeCall): NodeLayer | undefined {
  if (!hasConstantWeights(call)) return undefined;
  const window = windowOf(call, kernelOf(call));
  if (window.padding === "sameLower") return undefined;
  const groups = call.integer("group", 1);
  const [filters, channels] = call.input(1).shape as [number, number];
  const bias = call.inputs[2] !== undefined;
  const options = { filters, groups, inChannels: channels * groups, bias, ...windowOptions(window, window.padding) };
  const dimensions = window.kernel.length;
  const Layer = [Conv1d, Conv2d, Conv3d][dimensions - 1] as new (options: object) => Layer;
  return { layer: new Layer(options), layout: () => channelsLast(dimensions + 2), fields: fieldsOf(call) };
}

/** Convolves along one, two or three axes. */
export function convolve(x: Tensor, filters: Tensor, window: Window, groups: number): Tensor {
  const { kernelSize: _, ...options } = windowOptions(window, padsFor(window, x.shape.slice(1, -1)));
  return [conv1d, conv2d, conv3d][window.kernel.length - 1]!(x, filters, { ...options, groups });
}

/** Maps with the channels last, their layout, and their batch axis. */
export function mapsOf(value: Value): { x: Tensor; layout: Layout; batch: ReturnType<typeof batchOf> } {
  if (value.rank < 3) refuse(`its input has ${value.rank} axes in place of at least 3: batch, channels and one more`);
  const layout = channelsLast(value.rank);
  return { x: tensorIn(value, layout), layout, batch: onlyOn(batchOf(value), (axis) => axis === 0) };
}

const withBias = (y: Tensor, bias: Value | undefined): Tensor => (bias === undefined ? y : add(y, inFileOrder(bias)));

const conv: Operator = {
  since: [1, 11, 22],
  parameters: fieldsOf,
  layer: convolutionLayer,
  record(call) {
    const { x, layout, batch } = mapsOf(call.input(0));
    const filters = call.input(1);
    const window = windowOf(call, kernelOf(call));
    const y = convolve(x, tensorIn(filters, filterLayout(filters.rank)), window, call.integer("group", 1));
    return new Live(withBias(y, call.inputs[2]), layout, call.input(0).type, batch);
  },
};

/** What a transposed convolution leaves out of its whole output, and adds to it, at each end. */
interface Cut {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Sizes follow from the padding, or the padding from sizes that are given. */
function cutOf(call: NodeCall, window: Window, sizes: readonly number[]): Cut {
  const extra = outputPadding(call, window);
  const wanted = call.numbers("output_shape")?.slice(-sizes.length);
  const { padding, strides } = window;
  if (typeof padding === "object" && wanted === undefined)
    return { before: padding.before, after: padding.after.map((side, axis) => side - extra[axis]!) };
  const totals = sizes.map((size, axis) => {
    const whole = strides[axis]! * (size - 1) + extra[axis]! + span(window, axis);
    return whole - (wanted?.[axis] ?? size * strides[axis]!);
  });
  const before = totals.map((total) => (padding === "same" ? Math.floor(total / 2) : total - Math.floor(total / 2)));
  return { before, after: totals.map((total, axis) => total - before[axis]! - extra[axis]!) };
}

const outputPadding = (call: NodeCall, window: Window): readonly number[] =>
  call.numbers("output_padding") ?? window.kernel.map(() => 0);

function transposedLayer(call: NodeCall): NodeLayer | undefined {
  if (!hasConstantWeights(call)) return undefined;
  const kernel = kernelOf(call);
  const window = windowOf(call, kernel);
  const { padding, strides } = window;
  const extra = outputPadding(call, window);
  const isPlain =
    kernel.length < 3 &&
    typeof padding === "object" &&
    call.numbers("output_shape") === undefined &&
    extra.every((size, axis) => size < strides[axis]!) &&
    padding.before.every((size, axis) => Math.max(size, padding.after[axis]!) < span(window, axis));
  if (!isPlain) return undefined;
  const groups = call.integer("group", 1);
  const [inChannels, depth] = call.input(1).shape as [number, number];
  const bias = call.inputs[2] !== undefined;
  const options = {
    ...{ filters: depth * groups, groups, inChannels, bias, ...windowOptions(window, padding) },
    outputPadding: extra.length === 1 ? extra[0]! : extra,
  };
  const Layer = [ConvTranspose1d, ConvTranspose2d][kernel.length - 1] as new (options: object) => Layer;
  return { layer: new Layer(options), layout: () => channelsLast(kernel.length + 2), fields: fieldsOf(call) };
}

/** Cuts maps at both ends of each spatial axis, or adds zeros where the cut is negative. */
function cutMaps(y: Tensor, { before, after }: Cut): Tensor {
  const grow = (sizes: readonly number[]): number[] => sizes.map((size) => Math.max(0, -size));
  const shrink = (sizes: readonly number[]): number[] => sizes.map((size) => Math.max(0, size));
  const [growBefore, growAfter, cutBefore, cutAfter] = [grow(before), grow(after), shrink(before), shrink(after)];
  const padded = pad(y, [
    [0, 0],
    ...growBefore.map((size, axis) => [size, growAfter[axis]!] as [number, number]),
    [0, 0],
  ]);
  const spatial = padded.shape.slice(1, -1).map((size, axis) => size - cutBefore[axis]! - cutAfter[axis]!);
  if (spatial.some((size) => size < 1))
    refuse(`its padding leaves nothing of an output of [${y.shape.slice(1, -1).join(", ")}]`);
  return slice(padded, [0, ...cutBefore, 0], [padded.shape[0]!, ...spatial, padded.shape.at(-1)!]);
}

const convTranspose: Operator = {
  since: [1, 11, 22],
  parameters: fieldsOf,
  layer: transposedLayer,
  record(call) {
    const { x, layout, batch } = mapsOf(call.input(0));
    const window = windowOf(call, kernelOf(call));
    const filters = call.input(1);
    const weights = tensorIn(filters, filterLayout(filters.rank));
    if (window.kernel.length > 2) refuse("transposed convolutions along three axes are not supported");
    const { stride, dilation } = windowOptions(window, "same");
    const options = { stride, dilation, groups: call.integer("group", 1) };
    // The whole output, of which the padding is cut off: this also covers padding that a layer refuses.
    const whole =
      window.kernel.length === 1 ? convTranspose1d(x, weights, options) : convTranspose2d(x, weights, options);
    const y = cutMaps(whole, cutOf(call, window, x.shape.slice(1, -1)));
    return new Live(withBias(y, call.inputs[2]), layout, call.input(0).type, batch);
  },
};

export const convolutions: Readonly<Record<string, Operator>> = { Conv: conv, ConvTranspose: convTranspose };
