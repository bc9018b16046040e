/**
 * Convolutional neural networks that train anywhere JavaScript runs, and can be looked into: the names that a first program
 * needs. All others are in sub-paths: `convlens/layers` exports what `@convlens/layers` does, and so on for each package.
 *
 * @module
 */
export { cost, explain, heatmap, receptiveFields, visualize } from "@convlens/analysis";
export { ConvlensError, type Backend, type Shape } from "@convlens/backend";
export { cpu } from "@convlens/backend-cpu";
export { gpu } from "@convlens/backend-gpu";
export { reference } from "@convlens/backend-reference";
export { arrays, batches, batchOf, classification, shapes, split, type Dataset } from "@convlens/datasets";
export {
  activations,
  BatchNorm,
  build,
  Conv2d,
  Dense,
  Dropout,
  Flatten,
  formatSummary,
  GlobalAveragePool,
  loadWeights,
  MaxPool2d,
  predict,
  ReLU,
  saveWeights,
  sequential,
  summary,
  type Layer,
} from "@convlens/layers";
export { lenet5 } from "@convlens/layers/models";
export { argmax, compile, evaluate, gradients, softmax, tensor, Tensor, useBackend, Variable } from "@convlens/tensor";
export { adam, evaluateModel, fit, oneCycle, sgd } from "@convlens/training";
