/**
 * Recorded tensors: operations and their gradients, variables, and functions compiled into programs.
 *
 * @module
 */
export { compile, type Arguments, type Compiled, type CompileOptions } from "./compile.ts";
export { detach } from "./detach.ts";
export { evaluate, useBackend } from "./evaluate.ts";
export { format } from "./format.ts";
export { gradients, type GradientRule, type GradientsOptions } from "./gradients.ts";
export { asRecorded, type Operation, type Recorded, type Rules } from "./operation.ts";
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
export { averagePool2d, lpPool2d, type AveragePool2dOptions, type LpPool2dOptions } from "./ops/averagePool2d.ts";
export type { ReduceAxes } from "./ops/axes.ts";
export { broadcastTo, flatten, reshape, sum, tile, type ReduceOptions } from "./ops/broadcast.ts";
export { conv1d, convTranspose1d, type Conv1dOptions, type ConvTranspose1dOptions } from "./ops/conv1d.ts";
export { conv2d, convTranspose2d, type Conv2dOptions, type ConvTranspose2dOptions } from "./ops/conv2d.ts";
export { conv3d, type Conv3dOptions } from "./ops/conv3d.ts";
export { cumsum } from "./ops/cumsum.ts";
export {
  absolute,
  add,
  ceil,
  clip,
  cos,
  divide,
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
  multiply,
  negate,
  notEqual,
  power,
  reciprocal,
  relu,
  round,
  sigmoid,
  sign,
  sin,
  sqrt,
  square,
  subtract,
  tanh,
  where,
  type Binary,
  type Unary,
} from "./ops/elementwise.ts";
export { gather, oneHot, scatter } from "./ops/gather.ts";
export { locallyConnected2d, patches, type PatchesOptions } from "./ops/locallyConnected2d.ts";
export { matmul, type MatmulOptions } from "./ops/matmul.ts";
export { maxPool2d, maxPool2dIndices, maxUnpool2d, type Pool2dOptions } from "./ops/maxPool2d.ts";
export { moments } from "./ops/moments.ts";
export { concat, flip, slice, stack, transpose } from "./ops/movement.ts";
export {
  batchNorm,
  groupNorm,
  layerNorm,
  localResponseNorm,
  normalize,
  type AffineOptions,
  type BatchNormOptions,
  type EpsilonOptions,
  type GroupNormOptions,
  type LayerNormOptions,
  type LocalResponseNormOptions,
} from "./ops/normalize.ts";
export {
  countOption,
  finiteOption,
  pairFrom,
  poolChecks,
  resizeChecks,
  signalChecks,
  windowChecks,
} from "./ops/options.ts";
export type { Padding1d } from "./ops/oneDimension.ts";
export { adamStep, momentumStep, movingAverage, sgdStep } from "./ops/optimizerSteps.ts";
export { pad, type PadMode, type PadOptions } from "./ops/pad.ts";
export { averagePool1d, lpPool1d, maxPool1d, type Pool1dOptions } from "./ops/pool1d.ts";
export { averagePool3d, maxPool3d, type AveragePool3dOptions, type Pool3dOptions } from "./ops/pool3d.ts";
export { dropout, normal, uniform } from "./ops/random.ts";
export { argmax, logSumExp, max, mean, min, variance, type VarianceOptions } from "./ops/reduce.ts";
export { resize, type ResizeOptions } from "./ops/resize.ts";
export { logSoftmax, softmax, softmaxCrossEntropy } from "./ops/softmax.ts";
export { tripleFrom, volumeChecks, type Padding3d, type Triple, type Window3dOptions } from "./ops/threeDimensions.ts";
export { print } from "./print.ts";
export { printByToString } from "./printByToString.ts";
export { programOf, type ProgramOptions } from "./programOf.ts";
export type { Parameter, Results } from "./recordFunction.ts";
export { recordAgain } from "./recordAgain.ts";
export { recordApart } from "./recordApart.ts";
export { full, ones, range, record, tensor, zeros, type NestedNumbers, type Operand } from "./record.ts";
export { currentScope, within } from "./scope.ts";
export { captureCallSites, currentBackend, setSeed, streamFor } from "./session.ts";
export { sorted } from "./sorted.ts";
export { Tensor } from "./tensor.ts";
export {
  areShapes,
  areTensors,
  isShape,
  mapTensors,
  mapTree,
  showShapes,
  tensorsIn,
  type Replaced,
  type Shapes,
  type ShapesOf,
  type Tensors,
} from "./tree.ts";
export { Variable, type VariableOptions } from "./variable.ts";
export { variablesBehind } from "./variablesBehind.ts";
