import { concat as concatAll, stack as stackAll } from "./ops/movement.ts";
import { where as choose } from "./ops/elementwise.ts";
import type { Operand } from "./record.ts";
import type { Tensor } from "./tensor.ts";

// Every operation of which the first operand is a tensor, under its name as a method. Where PyTorch and TensorFlow.js agree on
// another name than that of the function, it is theirs.

export { detach } from "./detach.ts";
export {
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  selu,
  sigmoidCrossEntropy,
  softplus,
  swish,
} from "./ops/activations.ts";
export { averagePool2d, lpPool2d } from "./ops/averagePool2d.ts";
export { broadcastTo, flatten, reshape, sum, tile } from "./ops/broadcast.ts";
export { conv1d, convTranspose1d } from "./ops/conv1d.ts";
export { conv2d, convTranspose2d } from "./ops/conv2d.ts";
export { conv3d } from "./ops/conv3d.ts";
export { cumsum } from "./ops/cumsum.ts";
export {
  absolute as abs,
  add,
  ceil,
  clip,
  cos,
  divide as div,
  equal,
  erf,
  exp,
  expm1,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  log1p,
  maximum,
  minimum,
  mod,
  multiply as mul,
  negate as neg,
  notEqual,
  power as pow,
  reciprocal,
  relu,
  round,
  sigmoid,
  sign,
  sin,
  sqrt,
  square,
  subtract as sub,
  tanh,
} from "./ops/elementwise.ts";
export { gather, oneHot, scatter } from "./ops/gather.ts";
export { locallyConnected2d, patches } from "./ops/locallyConnected2d.ts";
export { matmul } from "./ops/matmul.ts";
export { maxPool2d, maxPool2dIndices, maxUnpool2d } from "./ops/maxPool2d.ts";
export { moments } from "./ops/moments.ts";
export { flip, slice, transpose } from "./ops/movement.ts";
export { batchNorm, groupNorm, layerNorm, localResponseNorm, normalize } from "./ops/normalize.ts";
export { pad } from "./ops/pad.ts";
export { averagePool1d, lpPool1d, maxPool1d } from "./ops/pool1d.ts";
export { averagePool3d, maxPool3d } from "./ops/pool3d.ts";
export { dropout } from "./ops/random.ts";
export { argmax, logSumExp, max, mean, min, variance } from "./ops/reduce.ts";
export { resize } from "./ops/resize.ts";
export { logSoftmax, softmax, softmaxCrossEntropy } from "./ops/softmax.ts";

/** Joins this tensor and others along an axis. */
export const concat = (x: Operand, others: readonly Operand[], axis = 0): Tensor => concatAll([x, ...others], axis);

/** Joins this tensor and others of the same shape along a new axis. */
export const stack = (x: Operand, others: readonly Operand[], axis = 0): Tensor => stackAll([x, ...others], axis);

/** This tensor where the condition is not 0, `other` where it is 0; as `where` of PyTorch's and TensorFlow.js's tensors. */
export const where = (x: Operand, condition: Operand, other: Operand): Tensor => choose(condition, x, other);
