/**
 * Analysis of any model: its structure and cost, what it computes, what it has learned and why it predicts what it does. Each
 * analysis is one file and returns data, which `@convlens/analysis/render` draws.
 *
 * @module
 */
export { adversarial, type Adversarial, type AdversarialOptions } from "./robustness/adversarial.ts";
export { codesOf, type Codes, type CodesOptions, type Matrix } from "./embeddings/codes.ts";
export { convolveBy, type ConvolutionAlgorithm, type Convolved } from "./convolution/convolutionAlgorithms.ts";
export {
  cost,
  type Cost,
  type CostOptions,
  type LayerCost,
  type MemoryCost,
  type OptimizerName,
} from "./structure/cost.ts";
export { effectiveReceptiveField, type EffectiveReceptiveField } from "./geometry/effectiveReceptiveField.ts";
export { explain, type ExplainOptions, type Explanation } from "./explain/explain.ts";
export type { Attribution, Completeness } from "./explain/attribution.ts";
export type { ExplanationMethod } from "./explain/method.ts";
export {
  explanationMethodNames,
  explanationMethods,
  type ExplainMethod,
  type ExplanationMethodName,
  type ExplanationMethods,
} from "./explain/methods.ts";
export type { GradCamOptions } from "./explain/methods/gradCam.ts";
export type { IntegratedGradientsOptions } from "./explain/methods/integratedGradients.ts";
export type { OcclusionOptions } from "./explain/methods/occlusion.ts";
export type { Question, Target } from "./explain/question.ts";
export type { RelevanceOptions } from "./explain/methods/relevance.ts";
export type { SmoothGradOptions } from "./explain/methods/smoothGrad.ts";
export {
  faithfulness,
  type Faithfulness,
  type FaithfulnessCurve,
  type FaithfulnessOptions,
} from "./explain/faithfulness.ts";
export { filterImage, type Border, type FilterImageOptions } from "./convolution/filterImage.ts";
export { kernelSpectrum, type Spectrum } from "./convolution/fourier.ts";
export { heatmap, type Heatmap } from "./explain/heatmap.ts";
export {
  classicalKernels,
  composeKernels,
  convolve,
  gaussianKernel,
  imageKernel,
  type ClassicalKernelName,
  type ImageKernel,
} from "./convolution/imageKernels.ts";
export { inputsSeen, type InputsSeen } from "./geometry/inputsSeen.ts";
export { invert, type InvertOptions } from "./visualize/invert.ts";
export { learnedFilters, type LearnedFilters } from "./activations/learnedFilters.ts";
export {
  countModules,
  modularGraph,
  type ModularEdge,
  type ModularGraph,
  type ModularKind,
  type ModularStage,
} from "./structure/modularGraph.ts";
export {
  nearestNeighbors,
  type NearestNeighbors,
  type NearestNeighborsOptions,
} from "./embeddings/nearestNeighbors.ts";
export { occlusionCurve, type OcclusionCurveOptions, type OcclusionPoint } from "./explain/occlusionCurve.ts";
export { operationGraph, type GraphNode, type OperationGraph } from "./structure/operationGraph.ts";
export {
  principalComponents,
  type PrincipalComponents,
  type PrincipalComponentsOptions,
} from "./embeddings/principalComponents.ts";
export { randomizationTest, type Randomized } from "./explain/randomization.ts";
export { receptiveFields, type AxisField, type ReceptiveField } from "./geometry/receptiveField.ts";
export {
  recordModel,
  type LayerCall,
  type LayerOutput,
  type RecordedLayer,
  type RecordedModel,
} from "./recordModel.ts";
export { retain, type Retain, type Retained } from "./activations/retain.ts";
export { sharing, type LayerSharing } from "./structure/sharing.ts";
export { shiftConsistency, type Shifted, type ShiftOptions } from "./robustness/shiftConsistency.ts";
export { structuralSimilarity, type Picture, type SimilarityOptions } from "./explain/similarity.ts";
export { histogram, statisticsOf, type Histogram, type Statistics } from "./activations/statistics.ts";
export {
  activationMap,
  depthColumn,
  tap,
  type ActivationPart,
  type LayerActivation,
  type Tap,
  type Tapped,
} from "./activations/tap.ts";
export { toColumns, toRows } from "./convolution/toColumns.ts";
export {
  filtersToWeights,
  slidingError,
  toConvolutional,
  weightsToFilters,
  type SlidingError,
} from "./convolution/toConvolutional.ts";
export { denseMatrix, toMatrix, type LayerMatrix } from "./convolution/toMatrix.ts";
export {
  cropOf,
  topPatches,
  type ChannelPatches,
  type CroppedImage,
  type Patch,
  type TopPatchesOptions,
} from "./activations/topPatches.ts";
export {
  trace,
  type FunctionTrace,
  type LargestTrace,
  type MeanTrace,
  type ProductsTrace,
  type Trace,
  type TracedInput,
  type TracedProduct,
} from "./walkthrough/trace.ts";
export {
  traceGradient,
  type GradientTrace,
  type TracedGradient,
  type TraceGradientOptions,
} from "./walkthrough/traceGradient.ts";
export { watchTraining, type TrainingWatch, type WatchTrainingOptions } from "./trainingHealth/trainingHealth.ts";
export { adviceOn, type Advice, type AdviceTopic } from "./trainingHealth/advice.ts";
export type {
  HealthRecord,
  LayerHealth,
  ParameterHealth,
  TrainingHealth,
  TrainingStep,
} from "./trainingHealth/records.ts";
export { tsne, type TsneMap, type TsneOptions } from "./embeddings/tsne.ts";
export { unitActivity, type UnitActivity } from "./activations/unitActivity.ts";
export { visualize, type Objective, type VisualizeOptions } from "./visualize/visualize.ts";
export type { Painting, AscentOptions } from "./visualize/ascend.ts";
export type { ImageParameterKind } from "./visualize/imageParameters.ts";
export type { TransformationOptions } from "./visualize/transformation.ts";
export { formatVolumeTable, volumeTable, type VolumeRow, type VolumeTable } from "./structure/volumeTable.ts";
export { windowFit, type WindowFit, type WindowFitOptions } from "./geometry/windowFit.ts";
