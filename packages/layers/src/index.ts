/**
 * Functions with parameters: convolutions, dense layers, pooling, normalisation, and models made of them.
 *
 * @module
 */
export {
  ELU,
  GELU,
  HardSigmoid,
  HardSwish,
  LeakyReLU,
  LogSoftmax,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  Softmax,
  Softplus,
  Swish,
  Tanh,
  type ELUOptions,
  type LeakyReLUOptions,
} from "./activations.ts";
export { BatchNorm, type BatchNormLayerOptions } from "./batchNorm.ts";
export { Crop, ZeroPad, type Borders, type CropOptions, type ZeroPadOptions } from "./borders.ts";
export { build, type BuildOptions } from "./build.ts";
export { compiledFor } from "./compiledFor.ts";
export { compileModel } from "./compileModel.ts";
export { Conv1d, type Conv1dLayerOptions } from "./conv1d.ts";
export { Conv2d, type Conv2dLayerOptions } from "./conv2d.ts";
export { Conv3d, type Conv3dLayerOptions } from "./conv3d.ts";
export { ConvTranspose1d, type ConvTranspose1dLayerOptions } from "./convTranspose1d.ts";
export { ConvTranspose2d, type ConvTranspose2dLayerOptions } from "./convTranspose2d.ts";
export type { ConvolutionLayer, ConvolutionOptions, FilterShapes } from "./convolutionLayer.ts";
export { Dense, type DenseOptions } from "./dense.ts";
export { DepthwiseConv2d, type DepthwiseConv2dOptions } from "./depthwiseConv2d.ts";
export { dispose } from "./dispose.ts";
export { Dropout } from "./dropout.ts";
export { expandPattern, type PatternOptions } from "./expandPattern.ts";
export { Flatten } from "./flatten.ts";
export { formatModel, PrintedLayer } from "./formatModel.ts";
export { fromPattern, type FromPatternOptions } from "./fromPattern.ts";
export { FrozenBatchNorm } from "./frozenBatchNorm.ts";
export { functionLayer, type FunctionLayer, type FunctionLayerClass, type NoOptions } from "./functionLayer.ts";
export { GroupNorm, type GroupNormLayerOptions } from "./groupNorm.ts";
export { Identity } from "./identity.ts";
export {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  onesInitializer,
  orthogonal,
  zerosInitializer,
  type Fans,
  type Initializer,
} from "./initializers.ts";
export { Add, Concat, Multiply, type ConcatOptions } from "./joins.ts";
export {
  apply,
  isLayer,
  layerOption,
  layersOf,
  parameters,
  run,
  variables,
  type AnyLayer,
  type Caller,
  type InputOf,
  type Layer,
  type Mode,
  type OutputOf,
} from "./layer.ts";
export { LayerNorm, type LayerNormLayerOptions } from "./layerNorm.ts";
export { LocalResponseNorm } from "./localResponseNorm.ts";
export { LocallyConnected2d, type LocallyConnected2dOptions } from "./locallyConnected2d.ts";
export { Parallel } from "./parallel.ts";
export { nameVariables, parameter } from "./parameter.ts";
export {
  branches,
  Branches,
  each,
  Each,
  type PartInputs,
  type PartOutputs,
  type Parts,
  type SharedInput,
} from "./parts.ts";
export {
  formatPattern,
  parsePattern,
  type Pattern,
  type PatternPart,
  type PatternSize,
  type PatternWord,
} from "./pattern.ts";
export {
  AveragePool1d,
  AveragePool2d,
  AveragePool3d,
  GlobalAveragePool,
  GlobalMaxPool,
  LpPool1d,
  LpPool2d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  type AveragePool1dOptions,
  type GlobalPoolOptions,
  type LpPool1dOptions,
} from "./pooling.ts";
export { activations, predict, recordForward, type Activation } from "./predict.ts";
export { PReLU, type PReLUOptions } from "./prelu.ts";
export { checkReachable, describeVariables, unreachable } from "./reachable.ts";
export { readSafetensors, writeSafetensors, type Safetensors, type StoredTensor } from "./safetensors.ts";
export { recordedShapes } from "./recordedShapes.ts";
export { Permute, Reshape, type PermuteOptions, type ReshapeOptions } from "./reshape.ts";
export { Residual } from "./residual.ts";
export { Resize, Upsample, type UpsampleOptions } from "./resizing.ts";
export { namedTensors, restrict, singleTensor, type RestrictOptions } from "./restrict.ts";
export {
  sequential,
  Sequential,
  type Chained,
  type ChainedFrom,
  type ChainInput,
  type ChainOutput,
  type First,
  type Last,
} from "./sequential.ts";
export { SeparableConv2d, type SeparableConv2dOptions } from "./separableConv2d.ts";
export { SkipConnection } from "./skipConnection.ts";
export { SpatialDropout } from "./spatialDropout.ts";
export { formatSummary, multiplyAddsOf, summary, type Summary, type SummaryRow } from "./summary.ts";
export { loadWeights, saveWeights, setWeights, weightsOf, type LeftAlone, type SetWeightsOptions } from "./weights.ts";
export type { WeightOptions } from "./weightOptions.ts";
