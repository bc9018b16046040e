/**
 * Training of models: losses, optimizers, learning rate schedules, metrics, `fit` and checkpoints.
 *
 * @module
 */
export { adam, adamW, type AdamOptions } from "./adam.ts";
export { adagrad, rmsProp, type AdagradOptions, type RmsPropOptions } from "./adaptive.ts";
export type { ClipOptions } from "./clip.ts";
export { loadCheckpoint, readCheckpoint, type Checkpoint } from "./checkpoint.ts";
export { evaluateModel, type EvaluateOptions, type Evaluation, type Mistake } from "./evaluateModel.ts";
export type { EarlyStopping } from "./earlyStopping.ts";
export { fit, type Fit } from "./fit.ts";
export type { FitOptions } from "./fitOptions.ts";
export { learningRates, type ParameterGroup } from "./groups.ts";
export {
  binaryCrossEntropy,
  crossEntropy,
  hinge,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  type Loss,
} from "./losses.ts";
export { accuracy, classScores, confusionMatrix, macro, topK, type ClassScores } from "./metrics.ts";
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
export type { EpochRecord, FitRecord, StepRecord } from "./records.ts";
export {
  cosineDecay,
  exponentialDecay,
  onPlateau,
  oneCycle,
  stepDecay,
  warmUp,
  type OneCycleOptions,
  type PlateauOptions,
  type Schedule,
  type ScheduleContext,
  type StepDecayOptions,
} from "./schedules.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
export {
  recordTrainStep,
  trainStep,
  type LearningOptions,
  type RecordedStep,
  type StepOptions,
  type StepResults,
  type TrainStep,
  type TrainStepOptions,
} from "./trainStep.ts";
