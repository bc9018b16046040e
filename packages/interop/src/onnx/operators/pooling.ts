import {
  AveragePool1d,
  AveragePool2d,
  AveragePool3d,
  GlobalAveragePool,
  GlobalMaxPool,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  type Layer,
} from "@convlens/layers";
import {
  absolute,
  averagePool1d,
  averagePool2d,
  averagePool3d,
  divide,
  lpPool2d,
  max,
  maxPool1d,
  maxPool2d,
  maxPool2dIndices,
  maxPool3d,
  mean,
  multiply,
  ones,
  pad,
  power,
  reshape,
  sum,
  add,
  mod,
  floor,
  range,
  type Tensor,
} from "@convlens/tensor";
import { channelsLast, upTo } from "../axes.ts";
import { refuse, type NodeCall, type NodeLayer, type Operator } from "../node.ts";
import { Live, type Layout } from "../value.ts";
import { overhang, padsFor, sides, span, windowOf, windowOptions, type Pads, type Window } from "../window.ts";
import { mapsOf } from "./convolution.ts";

/** The window of a pooling node. */
function poolWindow(call: NodeCall): Window {
  const kernel = call.numbers("kernel_shape") ?? refuse("kernel_shape is missing");
  if (kernel.length < 1 || kernel.length > 3) refuse(`windows along ${kernel.length} axes are not supported`);
  return windowOf(call, kernel);
}

/** Pooling refuses padding that is as large as its window. */
const isNarrow = (window: Window, { before, after }: Pads): boolean =>
  before.every((side, axis) => side < span(window, axis) && after[axis]! < span(window, axis));

/** Options of a layer that pools; `undefined` if it must be recorded in another way. */
function layerOptions(window: Window): object | undefined {
  const { strides, padding, isCeil } = window;
  if (padding === "sameLower") return undefined;
  if (typeof padding === "object" && !isNarrow(window, padding)) return undefined;
  // A window that ceil_mode adds beyond the padding alone is one that pooling refuses.
  if (isCeil && (padding === "same" || strides.some((stride, axis) => stride > span(window, axis)))) return undefined;
  return { ...windowOptions(window, padding), ...(isCeil && { geometry: "ceil" }) };
}

const noPads = (window: Window): Pads => ({ before: window.kernel.map(() => 0), after: window.kernel.map(() => 0) });

/** Maps with padding of one value. */
const padMaps = (x: Tensor, pads: Pads, value: number): Tensor => pad(x, [[0, 0], ...sides(pads), [0, 0]], { value });

/** A function that pools along one, two or three axes, as the window has. */
type Pool = (x: Tensor, options: ReturnType<typeof windowOptions>) => Tensor;
const byRank = (window: Window, ...functions: readonly [Pool, Pool, Pool]): Pool =>
  functions[window.kernel.length - 1]!;

/** The padding with what the last window of ceil_mode covers. */
function wholePads(window: Window, x: Tensor): { pads: Pads; extra: number[] } {
  const sizes = x.shape.slice(1, -1);
  const pads = padsFor(window, sizes);
  return { pads, extra: overhang(window, sizes, pads) };
}

const longer = ({ before, after }: Pads, extra: readonly number[]): Pads => ({
  before,
  after: after.map((side, axis) => side + extra[axis]!),
});

function maxPool(x: Tensor, window: Window): Tensor {
  const { pads, extra } = wholePads(window, x);
  const all = longer(pads, extra);
  const pool = byRank(window, maxPool1d, maxPool2d, maxPool3d);
  return isNarrow(window, all)
    ? pool(x, windowOptions(window, all))
    : pool(padMaps(x, all, -Infinity), windowOptions(window, noPads(window)));
}

/** Sum over each window, divided by the number of elements that count. */
function averagePool(x: Tensor, window: Window, countPadding: boolean): Tensor {
  const { pads, extra } = wholePads(window, x);
  const pool = byRank(window, averagePool1d, averagePool2d, averagePool3d);
  const none = windowOptions(window, noPads(window));
  const all = longer(pads, extra);
  const total = pool(padMaps(x, all, 0), none);
  if ([...all.before, ...all.after].every((side) => side === 0)) return total;
  const spatial = x.shape.slice(1, -1);
  const plane = countPadding
    ? padMaps(
        ones([1, ...spatial.map((size, i) => size + pads.before[i]! + pads.after[i]!), 1]),
        longer(noPads(window), extra),
        0,
      )
    : padMaps(ones([1, ...spatial, 1]), all, 0);
  return divide(total, pool(plane, none));
}

const pooled = (call: NodeCall, pool: (x: Tensor, window: Window) => Tensor): Live => {
  const { x, layout, batch } = mapsOf(call.input(0));
  return new Live(pool(x, poolWindow(call)), layout, call.input(0).type, batch);
};

/** A layer of one of the classes for one, two and three axes. */
function poolLayer(call: NodeCall, classes: readonly unknown[], others: object = {}): NodeLayer | undefined {
  const window = poolWindow(call);
  const options = layerOptions(window);
  if (options === undefined) return undefined;
  const dimensions = window.kernel.length;
  const Layer = classes[dimensions - 1] as new (options: object) => Layer;
  return { layer: new Layer({ ...options, ...others }), layout: () => channelsLast(dimensions + 2) };
}

/**
 * Where each largest number comes from, as the index in the file's order of the whole tensor: the library counts row · width +
 * column, for each example and channel.
 */
function indicesOf(call: NodeCall, x: Tensor, layout: Layout, batch: Live["batch"]): Live {
  const window = poolWindow(call);
  const isSignal = window.kernel.length === 1;
  if (window.kernel.length > 2) refuse("indices of pooling along three axes are not supported");
  const maps = isSignal ? reshape(x, [x.shape[0]!, 1, x.shape[1]!, x.shape[2]!]) : x;
  const flat: Window = isSignal
    ? {
        ...window,
        kernel: [1, ...window.kernel],
        strides: [1, ...window.strides],
        dilations: [1, ...window.dilations],
        padding:
          typeof window.padding === "object"
            ? { before: [0, ...window.padding.before], after: [0, ...window.padding.after] }
            : window.padding,
      }
    : window;
  const { pads, extra } = wholePads(flat, maps);
  const within = maxPool2dIndices(maps, windowOptions(flat, longer(pads, extra)));
  const [n, height, width, channels] = maps.shape as [number, number, number, number];
  const byColumn = call.integer("storage_order", 0) === 1;
  const inPlane = byColumn ? add(multiply(mod(within, width), height), floor(divide(within, width))) : within;
  const examples = reshape(range(n), [n, 1, 1, 1]);
  const planes = add(multiply(examples, channels), range(channels));
  const index = add(inPlane, multiply(planes, height * width));
  const y = isSignal ? reshape(index, [n, index.shape[2]!, channels]) : index;
  return new Live(y, layout, "int64", batch === undefined ? undefined : "mixed");
}

const globalPool = (compute: (x: Tensor, axes: number[], call: NodeCall) => Tensor, layer?: () => Layer): Operator => ({
  since: [1, 2, 22],
  ...(layer !== undefined && { layer: () => ({ layer: layer(), layout: channelsLast }) }),
  record(call) {
    const { x, layout, batch } = mapsOf(call.input(0));
    return new Live(compute(x, upTo(x.rank).slice(1, -1), call), layout, call.input(0).type, batch);
  },
});

const norm = (x: Tensor, axes: number[], p: number): Tensor =>
  power(sum(power(absolute(x), p), axes, { keepAxes: true }), 1 / p);

/** p-norm along one, two or three axes, by the mean of powers. */
function lpPool(x: Tensor, window: Window, p: number): Tensor {
  const { pads, extra } = wholePads(window, x);
  const padded = padMaps(x, longer(pads, extra), 0);
  if (window.kernel.length === 2) return lpPool2d(padded, { ...windowOptions(window, noPads(window)), p });
  const pool = byRank(window, averagePool1d, averagePool2d, averagePool3d);
  const count = window.kernel.reduce((a, b) => a * b, 1);
  return power(multiply(pool(power(absolute(padded), p), windowOptions(window, noPads(window))), count), 1 / p);
}

export const pooling: Readonly<Record<string, Operator>> = {
  MaxPool: {
    since: [1, 8, 10, 11, 12, 22],
    layer: (call) => (call.hasOutput(1) ? undefined : poolLayer(call, [MaxPool1d, MaxPool2d, MaxPool3d])),
    record(call) {
      const { x, layout, batch } = mapsOf(call.input(0));
      const y = new Live(maxPool(x, poolWindow(call)), layout, call.input(0).type, batch);
      return call.hasOutput(1) ? [y, indicesOf(call, x, layout, batch)] : y;
    },
  },
  AveragePool: {
    since: [1, 7, 10, 11, 19, 22],
    layer: (call) =>
      poolLayer(call, [AveragePool1d, AveragePool2d, AveragePool3d], { countPadding: call.flag("count_include_pad") }),
    record: (call) => pooled(call, (x, window) => averagePool(x, window, call.flag("count_include_pad"))),
  },
  LpPool: {
    since: [2, 11, 18, 22],
    record: (call) => pooled(call, (x, window) => lpPool(x, window, call.integer("p", 2))),
  },
  GlobalAveragePool: globalPool(
    (x, axes) => mean(x, axes, { keepAxes: true }),
    () => new GlobalAveragePool({ keepAxes: true }),
  ),
  GlobalMaxPool: globalPool(
    (x, axes) => max(x, axes, { keepAxes: true }),
    () => new GlobalMaxPool({ keepAxes: true }),
  ),
  GlobalLpPool: globalPool((x, axes, call) => norm(x, axes, call.integer("p", 2))),
};
