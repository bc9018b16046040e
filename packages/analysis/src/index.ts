/**
 * Looking inside any model: what it is, what it computes, what it has learned and why it answers as it does. Each way of
 * looking is one file, and gives data; `@convlens/analysis/render` draws it.
 *
 * @module
 */
export { adversarial, type Adversarial, type AdversarialOptions } from "./adversarial.ts";
export { codesOf, type Codes, type CodesOptions, type Matrix } from "./codes.ts";
export { convolveBy, type ConvolutionAlgorithm, type Convolved } from "./convolutionAlgorithms.ts";
export { cost, type Cost, type CostOptions, type LayerCost, type MemoryCost, type OptimizerName } from "./cost.ts";
export { effectiveReceptiveField, type EffectiveReceptiveField } from "./effectiveReceptiveField.ts";
export { explain, explainMethods, type ExplainMethod, type ExplainOptions, type Explanation } from "./explain.ts";
export type { Attribution, Completeness } from "./explain/attribution.ts";
export type { GradCamOptions } from "./explain/gradCam.ts";
export type { IntegratedGradientsOptions } from "./explain/integratedGradients.ts";
export type { OcclusionOptions } from "./explain/occlusion.ts";
export type { Target } from "./explain/question.ts";
export type { RelevanceOptions } from "./explain/relevance.ts";
export type { SmoothGradOptions } from "./explain/smoothGrad.ts";
export { faithfulness, type Faithfulness, type FaithfulnessCurve, type FaithfulnessOptions } from "./faithfulness.ts";
export { filterImage, type Border, type FilterImageOptions } from "./filterImage.ts";
export { fourierTransform, kernelSpectrum, type Complex, type Spectrum } from "./fourier.ts";
export { heatmap, type Heatmap } from "./heatmap.ts";
export {
  boxKernel,
  classicalKernels,
  composeKernels,
  convolve,
  flipKernel,
  gaussianKernel,
  imageKernel,
  type ClassicalKernelName,
  type ImageKernel,
} from "./imageKernels.ts";
export { inputsSeen, type InputsSeen } from "./inputsSeen.ts";
export { invert, type InvertOptions } from "./invert.ts";
export { learnedFilters, type LearnedFilters } from "./learnedFilters.ts";
export {
  countModules,
  modularGraph,
  type ModularEdge,
  type ModularGraph,
  type ModularKind,
  type ModularStage,
} from "./modularGraph.ts";
export { nearestNeighbors, type NearestNeighbors, type NearestNeighborsOptions } from "./nearestNeighbors.ts";
export { occlusionCurve, type OcclusionCurveOptions, type OcclusionPoint } from "./occlusionCurve.ts";
export { operationGraph, type GraphNode, type OperationGraph } from "./operationGraph.ts";
export {
  principalComponents,
  type PrincipalComponents,
  type PrincipalComponentsOptions,
} from "./principalComponents.ts";
export { randomizationTest, type Randomized } from "./randomization.ts";
export { receptiveFields, type AxisField, type ReceptiveField } from "./receptiveField.ts";
export { layerNamed, recordModel, type RecordedLayer, type RecordedModel } from "./recordModel.ts";
export { retain, type Retain, type Retained } from "./retain.ts";
export { sharing, type LayerSharing } from "./sharing.ts";
export { shiftConsistency, type Shifted, type ShiftOptions } from "./shiftConsistency.ts";
export { structuralSimilarity, type Picture, type SimilarityOptions } from "./similarity.ts";
export { histogram, statisticsOf, type Histogram, type Statistics } from "./statistics.ts";
export {
  activationMap,
  depthColumn,
  tap,
  type ActivationPart,
  type LayerActivation,
  type Tap,
  type Tapped,
} from "./tap.ts";
export { toColumns, toRows } from "./toColumns.ts";
export {
  filtersToWeights,
  slidingError,
  toConvolutional,
  weightsToFilters,
  type SlidingError,
} from "./toConvolutional.ts";
export { denseMatrix, toMatrix, type LayerMatrix } from "./toMatrix.ts";
export {
  cropOf,
  topPatches,
  type ChannelPatches,
  type Crop,
  type Patch,
  type TopPatchesOptions,
} from "./topPatches.ts";
export {
  trace,
  type FunctionTrace,
  type LargestTrace,
  type MeanTrace,
  type ProductsTrace,
  type Trace,
  type TracedInput,
  type TracedProduct,
} from "./trace.ts";
export { traceGradient, type GradientTrace, type TracedGradient, type TraceGradientOptions } from "./traceGradient.ts";
export { watchTraining, type TrainingWatch, type WatchTrainingOptions } from "./trainingHealth.ts";
export { adviceOn, type Advice, type AdviceTopic } from "./trainingHealth/advice.ts";
export type {
  HealthRecord,
  LayerHealth,
  ParameterHealth,
  TrainingHealth,
  TrainingStep,
} from "./trainingHealth/records.ts";
export { tsne, type TsneMap, type TsneOptions } from "./tsne.ts";
export { unitActivity, type UnitActivity } from "./unitActivity.ts";
export { visualize, type Objective, type VisualizeOptions } from "./visualize.ts";
export type { Painting, AscentOptions } from "./visualize/ascend.ts";
export type { ImageParameterKind } from "./visualize/imageParameters.ts";
export type { TransformationOptions } from "./visualize/transformation.ts";
export { formatVolumeTable, volumeTable, type VolumeRow, type VolumeTable } from "./volumeTable.ts";
export { windowFit, type WindowFit, type WindowFitOptions } from "./windowFit.ts";
