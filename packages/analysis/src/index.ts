/**
 * Looking inside any model: what it is, what it computes, what it has learned and why it answers as it does. Each way of
 * looking is one file, and gives data; `@convlens/analysis/render` draws it.
 *
 * @module
 */
export { effectiveReceptiveField, type EffectiveReceptiveField } from "./effectiveReceptiveField.ts";
export { inputsSeen, type InputsSeen } from "./inputsSeen.ts";
export { receptiveFields, type AxisField, type ReceptiveField } from "./receptiveField.ts";
export { layerNamed, recordModel, type RecordedLayer, type RecordedModel } from "./recordModel.ts";
export { windowFit, type WindowFit, type WindowFitOptions } from "./windowFit.ts";
