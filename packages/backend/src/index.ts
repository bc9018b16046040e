/**
 * The contract of a backend: shapes and geometry, operations, programs and their memory plan, errors, and `kernelBackend`,
 * which makes a backend from a table of kernels.
 *
 * @module
 */
export type { Backend, Executable, RunOptions, Storage } from "./backend.ts";
export { checkBackend } from "./checkBackend.ts";
export { checked } from "./checked.ts";
export {
  BackendError,
  ConvlensError,
  GeometryError,
  ShapeError,
  UsageError,
  ValueError,
  atPath,
  atStep,
  type ErrorDetails,
  type ErrorParts,
} from "./errors.ts";
export { FILE_KIND_BYTES, fileKind, type FileKind } from "./fileKind.ts";
export {
  axisGeometry,
  checkCovers,
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  convTranspose2dGeometry,
  pool2dGeometry,
  poolInputShape,
  poolOutputShape,
  windowGeometry,
  type AxisOptions,
  type Conv2dGeometry,
  geometryOption,
  type GeometryMode,
  type Padding,
  type Pair,
  type Pool2dGeometry,
  type WindowOptions,
} from "./geometry.ts";
export { halfToNumber } from "./halfFloat.ts";
export { kernelBackend } from "./kernelBackend.ts";
export type { KernelBackendOptions } from "./kernelBackendOptions.ts";
export type {
  HostKernels,
  Kernel,
  KernelCall,
  KernelLoader,
  Kernels,
  KernelsOf,
  PreparedKernel,
} from "./kernelTable.ts";
export { runTraitsOf, type RunTraits } from "./runTraits.ts";
export { traitsOf, type Traits } from "./traits.ts";
export type {
  Attributes,
  Axes,
  BinaryOp,
  Chain,
  ChainStep,
  Composites,
  Convolution,
  ConvolutionGradients,
  TupleOf,
  Elementwise,
  Fusions,
  Input,
  Inputs,
  LpPooling,
  Movements,
  None,
  Normalization,
  Normalizations,
  OneAxis,
  Op,
  OperationName,
  Operations,
  OptimizerSteps,
  OwnOperationName,
  Pooling,
  Poolings,
  Primitives,
  Products,
  Reductions,
  Resizing,
  RowOperations,
  Section,
  UnaryOp,
} from "./operations.ts";
export { arrayField, numberField, objectField, optionalField, textField, wrongField } from "./fields.ts";
export {
  anyOption,
  booleanOption,
  checkOptions,
  checkValue,
  fractionOption,
  functionOption,
  numberAbove,
  numberFrom,
  oneOf,
  seedOption,
  wholeFrom,
  type OptionCheck,
  type OptionChecks,
} from "./options.ts";
export { nearest } from "./nearest.ts";
export { aliases, lastUses, planMemory, type MemoryPlan, type Place } from "./plan.ts";
export {
  describeInstruction,
  firstInstruction,
  readersOf,
  shapesOf,
  type Direction,
  type Instruction,
  type Program,
  type Scope,
  type Values,
} from "./program.ts";
export { pixelPositions, resampling, type PixelSource, type Resampling, type ResizeMode } from "./resampling.ts";
export { Random, threefry, type RandomState } from "./random.ts";
export {
  broadcastShapes,
  broadcastSteps,
  checkShape,
  makeNumbers,
  offsetOf,
  placeOf,
  sameShape,
  showShape,
  sizeOf,
  stepsOf,
  type Shape,
} from "./shape.ts";
export { fuseChains, type ChainKernels } from "./fuseChains.ts";
export { rewrite, withoutUnread } from "./rewrite.ts";
export {
  droppedBy,
  eachWindow,
  fitWindow,
  inputUnder,
  meetings,
  spanOf,
  windowsOver,
  type AxisFit,
  type AxisWindow,
  type Meeting,
  type Sliding,
} from "./sliding.ts";
export { nextTurn, turn } from "./turn.ts";
