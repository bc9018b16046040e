/**
 * Other people's models: reads ONNX files as ordinary models.
 *
 * @module
 */
export { importOnnx, type ImportOnnxOptions } from "./onnx/importOnnx.ts";
export type { BatchPolicy, ImportedModel } from "./onnx/importedModel.ts";
export type { ImportReport, OperatorReport, ValueReport } from "./onnx/report.ts";
