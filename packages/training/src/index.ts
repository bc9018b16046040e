/**
 * Training of models: losses, optimizers, learning rate schedules, metrics, `fit` and checkpoints.
 *
 * @module
 */
export { adam, adamW, type AdamOptions } from "./adam.ts";
export { adagrad, rmsProp, type AdagradOptions, type RmsPropOptions } from "./adaptive.ts";
export type { ClipOptions } from "./clip.ts";
export type { Checkpoint, StoredTensors, TrainerState } from "./checkpoint.ts";
export {
  loadCheckpoint,
  readCheckpoint,
  readTrainerState,
  writeCheckpoint,
  writeTrainerState,
} from "./checkpointFile.ts";
export { evaluateModel, type EvaluateOptions, type Evaluation, type Mistake } from "./evaluateModel.ts";
export type { EarlyStopping } from "./earlyStopping.ts";
export { fit, type Fit } from "./fit.ts";
export type { CheckpointOptions, FitOptions } from "./fitOptions.ts";
export { lion, type LionOptions } from "./lion.ts";
export { minimize, type MinimizeOptions } from "./minimize.ts";
export { learningParameters, noDecay, type GroupedParameter, type ParameterGroup } from "./groups.ts";
export {
  defineLoss,
  recordLoss,
  type EachLoss,
  type Loss,
  type LossParts,
  type LossWithOptions,
  type RecordedLoss,
  type ReductionOption,
} from "./loss.ts";
export {
  binaryCrossEntropy,
  crossEntropy,
  hinge,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  type BinaryCrossEntropyOptions,
  type CrossEntropyOptions,
  type HingeOptions,
  type HuberOptions,
} from "./losses.ts";
export { contrastive, cosineSimilarityLoss, triplet, type MarginOptions } from "./embeddingLosses.ts";
export { diceLoss, focal, totalVariation, type DiceLossOptions, type FocalOptions } from "./maskLosses.ts";
export { weightedSum, type LossIn, type OutputIn, type TargetIn, type WeightedLoss } from "./weightedSum.ts";
export {
  meanOf,
  type Metric,
  type Metrics,
  type MetricSums,
  type MetricValues,
  type RecordedMetrics,
  type Sums,
} from "./metric.ts";
export {
  accuracy,
  binaryAccuracy,
  confusionMatrix,
  dice,
  exactMatch,
  f1,
  iou,
  precision,
  recall,
  topK,
  type AverageOptions,
  type ClassMetric,
  type IgnoreOption,
} from "./classMetrics.ts";
export { classScores, macro, type ClassScores } from "./classScores.ts";
export { rocAuc, type RocAucOptions } from "./rocAuc.ts";
export { psnr, ssim, type PsnrOptions, type SsimOptions } from "./imageMetrics.ts";
export { boxIou, defineMetric, mae, metricOf, mse, r2, rmse, type MetricWithOptions } from "./metrics.ts";
export {
  optimizerOf,
  type LearningParameter,
  type LearningRateOption,
  type Optimizer,
  type OptimizerRule,
  type OptimizerStep,
  type ParameterUpdate,
} from "./optimizer.ts";
export type { Progress } from "./progress.ts";
export type { EpochRecord, FitRecord, History, StepRecord } from "./records.ts";
export { learningRateRange, type LearningRateRange, type LearningRateRangeOptions } from "./learningRateRange.ts";
export { onPlateau, type PlateauOptions } from "./onPlateau.ts";
export {
  chain,
  cosineDecay,
  cosineWarmRestarts,
  exponentialDecay,
  linear,
  multiStepDecay,
  oneCycle,
  polynomialDecay,
  sequence,
  stepDecay,
  warmUp,
  type MultiStepOptions,
  type OneCycleOptions,
  type SequencePart,
  type SpanOptions,
  type WarmRestartsOptions,
  type Schedule,
  type ScheduleContext,
  type StepDecayOptions,
} from "./schedules.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
export {
  recordStep,
  withValues,
  type Accumulated,
  type RecordedStep,
  type StepBatch,
  type StepPhase,
  type StepPlan,
  type StepResults,
} from "./recordStep.ts";
export type { DefaultMetrics, Measured, StepDone, TrainingSums, ValuesOf } from "./measured.ts";
export { Trainer } from "./trainer.ts";
export type { EvaluateCall, StepCall, TrainerOptions } from "./trainerOptions.ts";
