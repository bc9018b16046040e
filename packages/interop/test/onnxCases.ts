import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MessageReader } from "../src/wire/reader.ts";
import { elementType, readNumbers } from "../src/onnx/elementTypes.ts";
import { readTensorBytes } from "../src/onnx/onnxFile.ts";

/** Folder of the test data of ONNX, as Debian's package libonnx-testdata has it. */
export const testData = process.env["ONNX_TEST_DATA"] ?? "/usr/include/onnx/backend/test/data";

/** Whether the test data is there. */
export const hasTestData: boolean = existsSync(testData);

/** One case: a model, and inputs with the right outputs. */
export interface OnnxCase {
  readonly name: string;
  readonly model: string;
  readonly sets: readonly string[];
}

/** The cases of one kind: `node`, `simple`, `pytorch-converted`, `pytorch-operator`. */
export function casesOf(kind: string): OnnxCase[] {
  const folder = join(testData, kind);
  return readdirSync(folder).map((name) => ({
    name,
    model: join(folder, name, "model.onnx"),
    sets: readdirSync(join(folder, name))
      .filter((entry) => entry.startsWith("test_data_set"))
      .map((entry) => join(folder, name, entry)),
  }));
}

/** Numbers of a file with one tensor; `undefined` for a sequence or another type. */
export function readTensorFile(path: string): { shape: readonly number[]; values: Float64Array } | undefined {
  const stored = readTensorBytes(new MessageReader(readFileSync(path)));
  const type = elementType(stored.type);
  if (type === undefined) return undefined;
  return { shape: stored.shape, values: Float64Array.from(readNumbers(stored, type)) };
}

/** The tensors of a test set: `input_0.pb`, `input_1.pb`, … */
export function tensorsOf(set: string, kind: "input" | "output"): ReturnType<typeof readTensorFile>[] {
  const count = readdirSync(set).filter((name) => name.startsWith(`${kind}_`)).length;
  return Array.from({ length: count }, (_, i) => readTensorFile(join(set, `${kind}_${i}.pb`)));
}
