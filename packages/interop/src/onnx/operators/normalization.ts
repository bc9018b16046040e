import { BatchNorm } from "@convlens/layers";
import {
  absolute,
  add,
  batchNorm,
  divide,
  mean,
  moments,
  multiply,
  normalize,
  pad,
  power,
  reshape,
  slice,
  sqrt,
  square,
  subtract,
  sum,
  type Tensor,
} from "@convlens/tensor";
import { sizeOf } from "@convlens/backend";
import { channelsLast, upTo } from "../axes.ts";
import { refuse, type NodeCall, type NodeLayer, type Operator, type Parameter } from "../node.ts";
import { batchOf, Constant, inFileOrder, Live, onlyOn, tensorIn, type Value } from "../value.ts";
import { mapsOf } from "./convolution.ts";

/** Parameters of one number for each channel, by the input that has them. */
const perChannel =
  (inputs: Readonly<Record<string, number>>, fixed: readonly string[] = []) =>
  (call: NodeCall): Readonly<Record<string, Parameter>> =>
    Object.fromEntries(
      Object.entries(inputs)
        .filter(([, input]) => call.inputs[input] instanceof Constant)
        .map(([name, input]) => {
          const layout = upTo(call.inputs[input]!.rank);
          return [name, { input, layout, ...(fixed.includes(name) && { trainable: false }) }];
        }),
    );

const batchNormFields = perChannel({ scale: 1, shift: 2, mean: 3, variance: 4 }, ["mean", "variance"]);

function batchNormLayer(call: NodeCall): NodeLayer | undefined {
  const isConstant = call.inputs.slice(1, 5).every((value) => value instanceof Constant && value.rank === 1);
  if (!isConstant || isTraining(call) || !call.flag("spatial", true)) return undefined;
  const options = { epsilon: call.float("epsilon", 1e-5), keep: Math.min(1, Math.max(0, call.float("momentum", 0.9))) };
  return { layer: new BatchNorm(options), layout: channelsLast, fields: batchNormFields(call) };
}

const isTraining = (call: NodeCall): boolean => call.version >= 14 && call.flag("training_mode");

/** Statistics of the batch, and running ones that keep the share `momentum` of their value. */
function normalizedByBatch(call: NodeCall): readonly Value[] {
  const { x, layout, batch } = mapsOrRows(call.input(0));
  const [scale, shift, runningMean, runningVariance] = [1, 2, 3, 4].map((i) => inFileOrder(call.input(i)));
  const { mean: center, variance } = moments(x, upTo(x.rank - 1));
  const [meanOf, varianceOf] = [center, variance].map((y) => reshape(y, [y.size]));
  const keep = call.float("momentum", 0.9);
  const running = (old: Tensor, now: Tensor): Live =>
    new Live(
      add(multiply(old, keep), multiply(now, 1 - keep)),
      [0],
      "float32",
      batch === undefined ? undefined : "mixed",
    );
  const epsilon = call.float("epsilon", 1e-5);
  const y = add(multiply(divide(subtract(x, meanOf!), sqrt(add(varianceOf!, epsilon))), scale!), shift!);
  return [
    new Live(y, layout, "float32", batch === undefined ? undefined : "mixed"),
    running(runningMean!, meanOf!),
    running(runningVariance!, varianceOf!),
  ];
}

/** Like `mapsOf`, also for rows without spatial axes. */
function mapsOrRows(value: Value): ReturnType<typeof mapsOf> {
  if (value.rank > 2) return mapsOf(value);
  const layout = upTo(value.rank);
  return { x: tensorIn(value, layout), layout, batch: onlyOn(batchOf(value), (axis) => axis === 0) };
}

const batchNormalization: Operator = {
  since: [6, 7, 9, 14, 15],
  parameters: batchNormFields,
  layer: batchNormLayer,
  record(call) {
    if (isTraining(call)) return normalizedByBatch(call);
    if (!call.flag("spatial", true)) refuse("statistics for each place (spatial = 0) are not supported");
    const { x, layout, batch } = mapsOrRows(call.input(0));
    const [scale, shift, center, variance] = [1, 2, 3, 4].map((i) => inFileOrder(call.input(i)));
    const epsilon = call.float("epsilon", 1e-5);
    const y = batchNorm(x, { scale: scale!, shift: shift!, mean: center!, variance: variance!, epsilon });
    return new Live(y, layout, call.input(0).type, batch);
  },
};

const affine = perChannel({ scale: 1, shift: 2 });

const instanceNormalization: Operator = {
  since: [6, 22],
  parameters: affine,
  record(call) {
    const { x, layout, batch } = mapsOf(call.input(0));
    const y = normalize(x, upTo(x.rank).slice(1, -1), { epsilon: call.float("epsilon", 1e-5) });
    return new Live(add(multiply(y, inFileOrder(call.input(1))), inFileOrder(call.input(2))), layout, "float32", batch);
  },
};

/** Up to version 20 scale and shift have one number for each group, later one for each channel. */
const groupNormalization: Operator = {
  since: [18, 21],
  parameters: affine,
  record(call) {
    const { x, layout, batch } = mapsOf(call.input(0));
    const groups = call.integer("num_groups", 1);
    const channels = x.shape.at(-1)!;
    if (channels % groups !== 0) refuse(`${channels} channels do not divide into ${groups} groups`);
    const grouped = reshape(x, [...x.shape.slice(0, -1), groups, channels / groups]);
    const axes = upTo(grouped.rank).filter((axis) => axis !== 0 && axis !== grouped.rank - 2);
    const y = normalize(grouped, axes, { epsilon: call.float("epsilon", 1e-5) });
    const spread = (value: Value): Tensor =>
      reshape(inFileOrder(value), sizeOf(value.shape) === channels ? [groups, channels / groups] : [groups, 1]);
    const z = add(multiply(y, spread(call.input(1))), spread(call.input(2)));
    return new Live(reshape(z, x.shape), layout, "float32", batch);
  },
};

/** The axes from one on, in the file's order; the batch axis must be before. */
function lastAxes(call: NodeCall): { x: Tensor; axis: number; batch: Live["batch"] } {
  const value = call.input(0);
  const axis = call.axis(value.rank, -1);
  return { x: inFileOrder(value), axis, batch: onlyOn(batchOf(value), (own) => own < axis) };
}

const layerNormalization: Operator = {
  since: [17],
  parameters: affine,
  record(call) {
    const { x, axis, batch } = lastAxes(call);
    const axes = upTo(x.rank).slice(axis);
    const epsilon = call.float("epsilon", 1e-5);
    const y = multiply(normalize(x, axes, { epsilon }), inFileOrder(call.input(1)));
    const shift = call.inputs[2];
    const live = (tensor: Tensor): Live => new Live(tensor, upTo(tensor.rank), call.input(0).type, batch);
    const result = live(shift === undefined ? y : add(y, inFileOrder(shift)));
    if (!call.hasOutput(1) && !call.hasOutput(2)) return result;
    const center = mean(x, axes, { keepAxes: true });
    const variance = mean(square(subtract(x, center)), axes, { keepAxes: true });
    return [result, live(center), live(divide(1, sqrt(add(variance, epsilon))))];
  },
};

const rmsNormalization: Operator = {
  since: [23],
  parameters: perChannel({ scale: 1 }),
  record(call) {
    const { x, axis, batch } = lastAxes(call);
    const power2 = mean(square(x), upTo(x.rank).slice(axis), { keepAxes: true });
    const y = divide(x, sqrt(add(power2, call.float("epsilon", 1e-5))));
    return new Live(multiply(y, inFileOrder(call.input(1))), upTo(x.rank), call.input(0).type, batch);
  },
};

/** x / (bias + α / size · Σ x²)^β, the sum over `size` channels around each. */
const lrn: Operator = {
  since: [1, 13],
  record(call) {
    const { x, layout, batch } = mapsOf(call.input(0));
    const size = call.integer("size", 1);
    const before = Math.floor((size - 1) / 2);
    const channels = x.shape.at(-1)!;
    const squares = pad(square(x), [
      ...upTo(x.rank - 1).map(() => [0, 0] as [number, number]),
      [before, size - 1 - before],
    ]);
    const shifted = upTo(size).map((i) =>
      slice(
        squares,
        squares.shape.map((_, axis) => (axis === x.rank - 1 ? i : 0)),
        [...x.shape.slice(0, -1), channels],
      ),
    );
    const total = shifted.reduce((a, b) => add(a, b));
    const factor = call.float("alpha", 1e-4) / size;
    const scale = power(add(call.float("bias", 1), multiply(total, factor)), call.float("beta", 0.75));
    return new Live(divide(x, scale), layout, call.input(0).type, batch);
  },
};

/** (x − mean) / √variance over some axes. */
const meanVarianceNormalization: Operator = {
  since: [9, 13],
  record(call) {
    const value = call.input(0);
    const axes = call.axes(value.rank, -1) ?? [0, 2, 3];
    const x = inFileOrder(value);
    const centered = subtract(x, mean(x, axes, { keepAxes: true }));
    const deviation = sqrt(mean(square(centered), axes, { keepAxes: true }));
    const batch = onlyOn(batchOf(value), (axis) => !axes.includes(axis));
    return new Live(divide(centered, add(deviation, 1e-9)), upTo(x.rank), value.type, batch);
  },
};

const lpNormalization: Operator = {
  since: [1, 22],
  record(call) {
    const value = call.input(0);
    const axis = call.axis(value.rank, -1);
    const x = inFileOrder(value);
    const p = call.integer("p", 2);
    const total =
      p === 1 ? sum(absolute(x), [axis], { keepAxes: true }) : sqrt(sum(square(x), [axis], { keepAxes: true }));
    return new Live(
      divide(x, total),
      upTo(x.rank),
      value.type,
      onlyOn(batchOf(value), (own) => own !== axis),
    );
  },
};

export const normalization: Readonly<Record<string, Operator>> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  LRN: lrn,
  MeanVarianceNormalization: meanVarianceNormalization,
  LpNormalization: lpNormalization,
};
