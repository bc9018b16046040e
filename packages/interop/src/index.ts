/**
 * Other people's models: reads ONNX files as ordinary models.
 *
 * @module
 */
export {
  inspectFile,
  type InspectedFile,
  type InspectedModel,
  type InspectedOperator,
  type InspectedValue,
  type ModelFileKind,
} from "./files/inspectFile.ts";
export { exportOnnx, type ExportOnnxOptions } from "./export/exportOnnx.ts";
export { importOnnx, type ImportOnnxOptions } from "./onnx/importOnnx.ts";
export type { BatchPolicy, ImportedModel } from "./onnx/importedModel.ts";
export {
  loadStateDict,
  saveStateDict,
  type LoadedStateDict,
  type LoadedTensor,
  type LoadStateDictOptions,
  type SaveStateDictOptions,
} from "./weights/stateDict.ts";
export type { WeightSource } from "./weights/conventions.ts";
export type { ImportReport, OperatorReport, ValueReport } from "./onnx/report.ts";
