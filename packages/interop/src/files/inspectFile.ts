import { checkValue, ConvlensError, fileKind } from "@convlens/backend";
import { typeName } from "../onnx/elementTypes.ts";
import { operatorOf } from "../onnx/graph.ts";
import { readOnnxFile, tensorsOf, type OnnxFile, type ValueInfo } from "../onnx/onnxFile.ts";
import { zipEntries } from "./zipEntries.ts";

/** What a file is. */
export type ModelFileKind =
  | "onnx"
  | "safetensors"
  | "safetensors index"
  | "tfjs layers-model"
  | "tfjs graph-model"
  | "keras"
  | "hdf5"
  | "pytorch"
  | "pickle"
  | "tflite"
  | "npy"
  | "npz"
  | "git-lfs pointer"
  | "web page"
  | "gzip"
  | "empty"
  | "damaged"
  | "unknown";

/** An operator of a model. */
export interface InspectedOperator {
  readonly name: string;
  readonly count: number;
  /** Whether it can be read here. */
  readonly supported: boolean;
}

/** The contents of an ONNX file, without its weights. */
export interface InspectedModel {
  readonly producer: string;
  readonly opset: number;
  readonly operators: readonly InspectedOperator[];
  readonly inputs: readonly InspectedValue[];
  readonly outputs: readonly InspectedValue[];
  /** Number of tensors with weights, and of the numbers in them. */
  readonly weights: { readonly tensors: number; readonly numbers: number };
  /** Names of other files with weights. */
  readonly external: readonly string[];
}

/** An input or output. */
export interface InspectedValue {
  readonly name: string;
  readonly type: string;
  /** Sizes in the order of the file, or names of free ones; `undefined` if the file does not tell. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** What {@link inspectFile} finds out. */
export interface InspectedFile {
  readonly kind: ModelFileKind;
  /** What the file is, as a sentence. */
  readonly about: string;
  /** What to do with it, as a sentence. */
  readonly advice: string;
  /** What an ONNX file holds. */
  readonly model?: InspectedModel;
  /** Names of the files in a zip archive, or of the tensors of a safetensors file. */
  readonly names?: readonly string[];
}

const about = (
  kind: ModelFileKind,
  text: string,
  advice: string,
  more: Partial<InspectedFile> = {},
): InspectedFile => ({
  kind,
  about: text,
  advice,
  ...more,
});

const utf8 = new TextDecoder();

/** Whether the bytes at a place are these characters. */
const stands = (bytes: Uint8Array, at: number, text: string): boolean =>
  at + text.length <= bytes.length && [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/**
 * Says what a file of a model is and what it needs, without reading its weights: ONNX, safetensors, models of TensorFlow.js, Keras,
 * PyTorch, TensorFlow Lite, arrays of NumPy; and what is often taken for one, such as a pointer of Git LFS or a web page.
 *
 * @param bytes - The whole file.
 *
 * @example
 * ```ts
 * const file = inspectFile(await readFile(onnxFile));
 * file.about; // "an ONNX model of … with 5 nodes"
 * file.model?.operators; // [{ name: "Conv", count: 1, supported: true }, …
 * ```
 */
export function inspectFile(bytes: Uint8Array): InspectedFile {
  checkValue("inspectFile", "bytes", bytes, (value) =>
    value instanceof Uint8Array ? undefined : "a Uint8Array with the file",
  );
  if (bytes.length === 0) return about("empty", "an empty file", "get it again");
  return plainKind(bytes) ?? zipKind(bytes) ?? jsonKind(bytes) ?? safetensorsKind(bytes) ?? onnxKind(bytes);
}

const python = "load it in Python and save its tensors as safetensors";

/** Kinds that are known by their first bytes. */
function plainKind(bytes: Uint8Array): InspectedFile | undefined {
  if (stands(bytes, 0, "version https://git-lfs"))
    return about("git-lfs pointer", "a pointer of Git LFS in place of the file", "fetch the file with git lfs pull");
  if (stands(bytes, 0, "\x89HDF\r\n\x1a\n"))
    return about(
      "hdf5",
      "an HDF5 file, as Keras 2 saves models (.h5)",
      "convert it to ONNX with tf2onnx, or save its weights as npz",
    );
  if (stands(bytes, 4, "TFL3"))
    return about("tflite", "a model of TensorFlow Lite", "convert it to ONNX with tf2onnx --tflite");
  if (stands(bytes, 0, "\x93NUMPY"))
    return about("npy", "an array of NumPy", "read it with readNpy of @convlens/datasets");
  if (bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5)
    return about("pickle", "a Python pickle, as older versions of PyTorch save models", python);
  const found = fileKind(bytes.subarray(0, 512));
  if (found === undefined || found.name === "a zip archive") return undefined;
  const kind = found.name === "a web page" ? "web page" : found.name === "a gzip file" ? "gzip" : "unknown";
  return about(kind, found.name, found.fix);
}

/** Archives: models of Keras 3 and of PyTorch, arrays of NumPy. */
function zipKind(bytes: Uint8Array): InspectedFile | undefined {
  if (!stands(bytes, 0, "PK\x03\x04")) return undefined;
  const names = zipEntries(bytes);
  if (names === undefined) return about("damaged", "a zip archive that is cut off", "get it again");
  if (names.includes("model.weights.h5"))
    return about("keras", "a model of Keras 3 (.keras)", 'export it in Python with model.export(path, format="onnx")', {
      names,
    });
  if (names.some((name) => name.endsWith("data.pkl")))
    return about("pytorch", "tensors of PyTorch (.pt, .pth)", python, { names });
  if (names.length > 0 && names.every((name) => name.endsWith(".npy")))
    return about("npz", "arrays of NumPy (.npz)", "read it with readNpz of @convlens/datasets", { names });
  return about("unknown", "a zip archive without a model that is known", "unpack it and give a file from inside", {
    names,
  });
}

/** Descriptions in JSON: of models of TensorFlow.js, and of weights in several files. */
function jsonKind(bytes: Uint8Array): InspectedFile | undefined {
  if (!/^\s*\{/.test(utf8.decode(bytes.subarray(0, 64)))) return undefined;
  let json: Readonly<Record<string, unknown>>;
  try {
    json = JSON.parse(utf8.decode(bytes)) as Readonly<Record<string, unknown>>;
  } catch {
    return about("damaged", "text that begins as JSON and is not", "get it again");
  }
  if ("weight_map" in json)
    return about("safetensors index", "the list of the safetensors files of one model", "give these files", {
      names: [...new Set(Object.values(partOf(json, "weight_map")))].map(String),
    });
  if (!("modelTopology" in json))
    return about("unknown", "JSON that describes no model", "give the model.json of a model");
  const isGraph = json["format"] === "graph-model" || "node" in partOf(json, "modelTopology");
  return isGraph
    ? about("tfjs graph-model", "a graph model of TensorFlow.js", "convert it to ONNX with tf2onnx --tfjs")
    : about("tfjs layers-model", "a layers model of TensorFlow.js", "convert it to ONNX with tf2onnx --tfjs");
}

/** An object inside of an object; an empty one if it is something else. */
const partOf = (json: Readonly<Record<string, unknown>>, name: string): object => {
  const part = json[name];
  return typeof part === "object" && part !== null ? part : {};
};

/** Safetensors: eight bytes with the length of a header in JSON. */
function safetensorsKind(bytes: Uint8Array): InspectedFile | undefined {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) return about("damaged", "a safetensors file that is cut off", "get it again");
  try {
    const header = JSON.parse(utf8.decode(bytes.subarray(8, 8 + length))) as object;
    const names = Object.keys(header).filter((name) => name !== "__metadata__");
    const text = `${names.length} tensors in a safetensors file`;
    return about("safetensors", text, "read them with readSafetensors, or load them into a model with loadWeights", {
      names,
    });
  } catch {
    return undefined;
  }
}

/** ONNX has no mark of its own: what can be read as it is one. */
function onnxKind(bytes: Uint8Array): InspectedFile {
  try {
    const file = readOnnxFile(bytes);
    const model = modelOf(file);
    const missing = model.operators.filter(({ supported }) => !supported).map(({ name }) => name);
    const by = model.producer === "" ? "" : ` of ${model.producer}`;
    const text = `an ONNX model${by}, version ${model.opset} of the operators, with ${file.graph.nodes.length} nodes`;
    if (missing.length > 0)
      return about(
        "onnx",
        text,
        `cut it before ${missing.join(", ")}, which cannot be read, by the option outputs of importOnnx`,
        { model },
      );
    const beside = model.external.length === 0 ? "" : `, with the files ${model.external.join(", ")} beside it`;
    return about("onnx", text, `read it with importOnnx${beside}`, { model });
  } catch (error) {
    if (!(error instanceof ConvlensError)) throw error;
    // Every ONNX file begins with its version, a small number.
    const isCut = bytes[0] === 8 && bytes[1]! < 32;
    return isCut
      ? about("damaged", "an ONNX model that is damaged or cut off", "get it again")
      : about("unknown", "a file of a kind that is not known", "give a model in ONNX or weights in safetensors");
  }
}

function modelOf(file: OnnxFile): InspectedModel {
  const opset = file.opsets.get("") ?? 1;
  const operators = new Map<string, { name: string; count: number; supported: boolean }>();
  for (const node of file.graph.nodes) {
    const supported = typeof operatorOf(node, opset) !== "string";
    const found = operators.get(node.operator);
    if (found === undefined) operators.set(node.operator, { name: node.operator, count: 1, supported });
    else {
      found.count++;
      found.supported &&= supported;
    }
  }
  const weights = file.graph.initializers;
  const initial = new Set(weights.map(({ name }) => name));
  const external = [...tensorsOf(file.graph)].flatMap(({ external: place }) => place?.location ?? []);
  return {
    producer: file.producer,
    opset,
    operators: [...operators.values()],
    inputs: file.graph.inputs.filter(({ name }) => !initial.has(name)).map(valueOf),
    outputs: file.graph.outputs.map(valueOf),
    weights: {
      tensors: weights.length,
      numbers: weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    },
    external: [...new Set(external)],
  };
}

const valueOf = ({ name, type, shape }: ValueInfo): InspectedValue => ({ name, type: typeName(type), shape });
