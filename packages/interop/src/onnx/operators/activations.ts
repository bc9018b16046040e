import { ELU, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh, HardSwish } from "@convlens/layers";
import {
  absolute,
  add,
  argmax,
  clip,
  divide,
  elu,
  expm1,
  gelu,
  greater,
  hardSwish,
  leakyRelu,
  logSoftmax,
  minimum,
  multiply,
  oneHot,
  relu,
  reshape,
  sigmoid,
  softmax,
  softplus,
  square,
  subtract,
  tanh,
  where,
  less,
  type Tensor,
} from "@convlens/tensor";
import { sizeOf } from "@convlens/backend";
import { upTo } from "../axes.ts";
import { elementwise, unary } from "../elementwise.ts";
import { type NodeCall, type Operator } from "../node.ts";
import { batchOf, Constant, inFileOrder, Live, onlyOn, tensorIn, type Value } from "../value.ts";

/** x below zero times a slope for each channel, or of any shape that broadcasts. */
const prelu: Operator = {
  since: [6, 7, 9, 16],
  parameters: (call) => {
    const slope = call.inputs[1];
    return slope instanceof Constant ? { slope: { input: 1, layout: upTo(slope.rank) } } : {};
  },
  record: (call) => prelued.record(call),
};
const prelued: Operator = elementwise({
  since: [6],
  record: (_, x, slope) => where(greater(x, 0), x, multiply(x, slope)),
  inputs: (call) => {
    const [x, slope] = [call.input(0), call.input(1)];
    // Before version 7 the slope had one number for each channel, the axis after the batch.
    if (call.version >= 7 || slope.rank !== 1 || x.rank < 3 || sizeOf(slope.shape) === 1) return [x, slope];
    const shape = [sizeOf(slope.shape), ...upTo(x.rank - 2).map(() => 1)];
    return [x, new Live(reshape(inFileOrder(slope), shape), upTo(shape.length), slope.type, batchOf(slope))];
  },
});

/**
 * An operator along one axis. Before version 13 it worked on a matrix: the axes before the given one are its rows, that axis and
 * those after it its columns.
 */
const along = (compute: (x: Tensor) => Tensor): Operator => ({
  since: [1, 11, 13],
  record(call) {
    const x = call.input(0);
    const axis = call.axis(x.rank, call.version >= 13 ? -1 : 1);
    if (call.version < 13 && x.shape.slice(axis + 1).some((size) => size !== 1)) return asMatrix(x, axis, compute);
    const layout = [...upTo(x.rank).filter((other) => other !== axis), axis];
    return new Live(
      compute(tensorIn(x, layout)),
      layout,
      x.type,
      onlyOn(batchOf(x), (batch) => batch !== axis),
    );
  },
});

function asMatrix(x: Value, axis: number, compute: (x: Tensor) => Tensor): Live {
  const matrix = reshape(inFileOrder(x), [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
  const y = reshape(compute(matrix), x.shape);
  return new Live(
    y,
    upTo(x.rank),
    x.type,
    onlyOn(batchOf(x), (batch) => batch < axis),
  );
}

/** 1 at the first of the largest numbers of each row, 0 elsewhere. */
const hardmax = (x: Tensor): Tensor => oneHot(argmax(x, -1), x.shape.at(-1)!);

/** γ · (x above 0, α · (eˣ − 1) below). */
function selu(x: Tensor, call: NodeCall): Tensor {
  const alpha = call.float("alpha", 1.67326319217681884765625);
  const gamma = call.float("gamma", 1.05070102214813232421875);
  return multiply(gamma, elu(x, alpha));
}

/** max(0, x) + min(0, α · (e^(x/α) − 1)) */
function celu(x: Tensor, call: NodeCall): Tensor {
  const alpha = call.float("alpha", 1);
  return add(relu(x), multiply(alpha, expm1(minimum(divide(x, alpha), 0))));
}

function geluOf(x: Tensor, call: NodeCall): Tensor {
  if (call.text("approximate", "none") !== "tanh") return gelu(x);
  const inner = multiply(Math.sqrt(2 / Math.PI), add(x, multiply(0.044715, multiply(x, square(x)))));
  return multiply(multiply(0.5, x), add(1, tanh(inner)));
}

function shrink(x: Tensor, call: NodeCall): Tensor {
  const bias = call.float("bias", 0);
  const limit = call.float("lambd", 0.5);
  return where(less(x, -limit), add(x, bias), where(greater(x, limit), subtract(x, bias), 0));
}

export const activations: Readonly<Record<string, Operator>> = {
  Relu: unary(
    [6, 13, 14],
    relu,
    (x) => Math.max(0, x),
    () => new ReLU(),
  ),
  Sigmoid: unary([6, 13], sigmoid, undefined, () => new Sigmoid()),
  Tanh: unary([6, 13], tanh, Math.tanh, () => new Tanh()),
  Elu: unary(
    [6, 22],
    (x, call) => elu(x, call.float("alpha", 1)),
    undefined,
    (call) => new ELU({ alpha: call.float("alpha", 1) }),
  ),
  LeakyRelu: unary(
    [6, 16],
    (x, call) => leakyRelu(x, call.float("alpha", 0.01)),
    undefined,
    (call) => new LeakyReLU({ negativeSlope: call.float("alpha", 0.01) }),
  ),
  Softplus: unary([1, 22], softplus, undefined, () => new Softplus()),
  HardSwish: unary([14, 22], hardSwish, undefined, () => new HardSwish()),
  PRelu: prelu,
  Selu: unary([6, 22], selu),
  Celu: unary([12], celu),
  Gelu: unary([20], geluOf),
  HardSigmoid: unary([6, 22], (x, call) =>
    clip(add(multiply(x, call.float("alpha", 0.2)), call.float("beta", 0.5)), 0, 1),
  ),
  Softsign: unary([1, 22], (x) => divide(x, add(1, absolute(x)))),
  Mish: unary([18, 22], (x) => multiply(x, tanh(softplus(x)))),
  Swish: unary([24], (x, call) => multiply(x, sigmoid(multiply(x, call.float("alpha", 1))))),
  ThresholdedRelu: unary([10, 22], (x, call) => where(greater(x, call.float("alpha", 1)), x, 0)),
  Shrink: unary([9], shrink),
  Softmax: along((x) => softmax(x)),
  LogSoftmax: along((x) => logSoftmax(x)),
  Hardmax: along(hardmax),
};
