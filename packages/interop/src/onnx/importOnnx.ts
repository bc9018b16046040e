import {
  checkOptions,
  checkValue,
  fileKind,
  functionOption,
  oneOf,
  ValueError,
  type OptionCheck,
} from "@convlens/backend";
import type { Tensor, Tensors } from "@convlens/tensor";
import { elementType, typeName } from "./elementTypes.ts";
import { GraphReader, type ReadGraph } from "./graph.ts";
import { ImportedModel, reservedNames, type BatchPolicy, type ModelInput } from "./importedModel.ts";
import { hasMaps } from "./inputLayout.ts";
import { readOnnxFile, tensorsOf, type OnnxFile, type StoredTensor, type ValueInfo } from "./onnxFile.ts";
import { newestOpset } from "./operators.ts";
import type { ImportReport, OperatorReport, ValueReport } from "./report.ts";

/** Options of {@link importOnnx}. */
export interface ImportOnnxOptions {
  /**
   * Returns the bytes of a file beside the model that has weights of it; it gets the name that the model gives it, never a path
   * out of its folder.
   */
  readonly external?: (name: string) => Uint8Array | Promise<Uint8Array>;
  /** Names of the values to compute, to cut the graph before its end. Default: the outputs of the file. */
  readonly outputs?: readonly string[];
  /**
   * What to do where the file was written for a fixed number of examples: `"auto"` opens it to any batch if that can be shown to
   * keep examples apart, and otherwise computes them one by one; `"open"` and `"each"` decide. Default: `"auto"`.
   */
  readonly batch?: BatchPolicy;
  /**
   * Order of the axes of inputs and outputs: `"library"` for images with the channels last, `[n, h, w, c]`, as everywhere here;
   * `"file"` for the order in the file. Default: `"library"`.
   */
  readonly layout?: "library" | "file";
}

const names: OptionCheck = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string")
    ? undefined
    : "an array of names of values";

/**
 * Reads a model from an ONNX file. It becomes an ordinary model: nodes that are exactly a layer of the library become that layer,
 * with its weights as parameters, and everything works as with models made here: `predict`, `fit`, `summary`, saving.
 *
 * @param bytes - The file.
 * @returns A model; see {@link ImportedModel}. Its `report` tells what was done.
 * @throws `ValueError` for a damaged file, and for operators that are not supported, with a place where the graph can be cut.
 *
 * @typeParam Input - What the model takes: a tensor, or for several inputs a record of tensors.
 * @typeParam Output - What it returns: a tensor, or for several outputs a record of tensors.
 *
 * @example
 * ```ts
 * const net = await importOnnx(await readFile(onnxFile));
 * const scores = await predict(net, zeros([8, 12, 12, 1]));
 * net.report.operators; // [{ name: "Conv", count: 1, as: ["Conv2d"] }, …
 * ```
 */
export async function importOnnx<Input extends Tensors = Tensor, Output extends Tensors = Tensor>(
  bytes: Uint8Array | ArrayBuffer,
  options: ImportOnnxOptions = {},
): Promise<ImportedModel<Input, Output>> {
  checkOptions("importOnnx", options, {
    external: functionOption,
    outputs: names,
    batch: oneOf("auto", "open", "each"),
    layout: oneOf("library", "file"),
  });
  checkValue("importOnnx", "bytes", bytes, (value) =>
    value instanceof Uint8Array || value instanceof ArrayBuffer
      ? undefined
      : "a Uint8Array or an ArrayBuffer with the file",
  );
  const data = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  refuseOtherKinds(data);
  const file = readOnnxFile(data);
  const external = await loadExternal(file, options.external);
  const reader = new GraphReader(file, external);
  const outputs = options.outputs ?? file.graph.outputs.map(({ name }) => name);
  const graph = reader.read(file.graph, outputs, reservedNames);
  const inputs = inputsOf(file, graph);
  const report = reportOf(file, graph, inputs, outputs);
  const { batch = "auto", layout = "library" } = options;
  return new ImportedModel<Input, Output>({ graph, inputs, outputs, layout, batch, report });
}

/** Recognizes files of other formats by their first bytes. */
function refuseOtherKinds(bytes: Uint8Array): void {
  if (bytes.length === 0)
    throw new ValueError({ operation: "importOnnx", problem: "the file is empty", fix: "get it again" });
  const kind = fileKind(bytes);
  if (kind === undefined) return;
  throw new ValueError({
    operation: "importOnnx",
    expected: "an ONNX file",
    got: kind.name,
    gotWords: kind.name,
    fix: kind.fix,
  });
}

/** Loads the files with weights, each once. */
async function loadExternal(
  file: OnnxFile,
  load: ImportOnnxOptions["external"],
): Promise<(stored: StoredTensor) => Uint8Array | undefined> {
  const files = new Map<string, Uint8Array>();
  for (const { name, external } of tensorsOf(file.graph)) {
    if (external === undefined || files.has(external.location)) continue;
    const { location } = external;
    checkPlace(name, location);
    if (load === undefined)
      throw new ValueError({
        operation: "importOnnx",
        problem: `the weights "${name}" lie in another file, "${location}"`,
        fix: "give it with the option external: (name) => bytes",
      });
    const bytes: unknown = await load(location);
    if (!(bytes instanceof Uint8Array))
      throw new ValueError({
        operation: "importOnnx",
        what: `external("${location}")`,
        expected: "a Uint8Array",
        got: bytes,
      });
    files.set(location, bytes);
  }
  return ({ name, external }) => {
    if (external === undefined) return undefined;
    const bytes = files.get(external.location)!;
    const { offset, length = bytes.length - offset } = external;
    if (offset + length <= bytes.length && length >= 0) return bytes.subarray(offset, offset + length);
    throw new ValueError({
      operation: "importOnnx",
      problem: `the weights "${name}" should lie at bytes ${offset} to ${offset + length} of "${external.location}", which has ${bytes.length}`,
      fix: "get that file again; it may belong to another model or be cut off",
    });
  };
}

/** @throws `ValueError` for a place outside of the folder of the model. */
function checkPlace(name: string, location: string): void {
  const isInside =
    !/^([/\\]|[a-z]+:)/i.test(location) &&
    !location.split(/[/\\]/).includes("..") &&
    !location.includes("\0") &&
    location !== "";
  if (isInside) return;
  throw new ValueError({
    operation: "importOnnx",
    problem: `the weights "${name}" lie in "${location}", outside of the folder of the model`,
    fix: "do not use this file unless you know who wrote it",
  });
}

/** The inputs that the file does not give itself. */
function inputsOf(file: OnnxFile, graph: ReadGraph): ModelInput[] {
  const read = new Set(graph.steps.flatMap(({ node }) => node.inputs));
  const given = file.graph.inputs.filter(({ name }) => !graph.constants.has(name));
  // Inputs that nothing needs after the graph was cut are left out.
  const needed = given.filter(({ name }) => read.has(name));
  const inputs = needed.length > 0 ? needed : given;
  const firstSize = inputs.find(({ shape }) => (shape?.length ?? 1) > 0)?.shape?.[0];
  return inputs.map((input) => {
    const element = elementType(input.type);
    if (element === undefined)
      throw new ValueError({
        operation: "importOnnx",
        problem: `the input "${input.name}" has elements of ${typeName(input.type)}, which are not supported`,
      });
    const size = input.shape?.[0];
    // Other inputs have examples if their first size is that of the first input.
    const isBatch = input.shape === undefined || (input.shape.length > 0 && size === firstSize);
    return { ...input, element, isMaps: hasMaps(file.graph, input.name), isBatch };
  });
}

function reportOf(
  file: OnnxFile,
  graph: ReadGraph,
  inputs: readonly ModelInput[],
  outputs: readonly string[],
): ImportReport {
  const opset = file.opsets.get("") ?? 1;
  const notes: string[] = [];
  if (opset > newestOpset)
    notes.push(`The file uses version ${opset} of the operators; the newest that is known here is ${newestOpset}.`);
  const others = new Set(inputs.map(({ element }) => element).filter((type) => type !== "float32"));
  if (others.size > 0) notes.push(`Inputs of type ${[...others].join(", ")} are computed in float32.`);
  const isFixed = inputs.some(({ isBatch, shape }) => isBatch && typeof shape?.[0] === "number");
  return {
    format: "onnx",
    producer: file.producer,
    opset,
    operators: operatorsOf(file, graph),
    inputs: inputs.map(valueReport),
    outputs: outputs.map((name) =>
      valueReport(file.graph.outputs.find((each) => each.name === name) ?? { name, type: 0, shape: undefined }),
    ),
    batch: isFixed ? "unknown" : "free",
    notes,
  };
}

const valueReport = ({ name, type, shape }: ValueInfo): ValueReport => ({ name, type: typeName(type), shape });

function operatorsOf(file: OnnxFile, graph: ReadGraph): OperatorReport[] {
  const found = new Map<string, { count: number; as: Set<string> }>();
  const steps = new Map(graph.steps.map((step) => [step.node, step]));
  const add = (operator: string, as: string): void => {
    const entry = found.get(operator) ?? { count: 0, as: new Set() };
    found.set(operator, entry);
    entry.count++;
    entry.as.add(as);
  };
  for (const node of file.graph.nodes) {
    const step = steps.get(node);
    if (step !== undefined) add(node.operator, step.layer?.constructor.name ?? "shapes");
    else if (node.outputs.some((name) => graph.constants.has(name))) add(node.operator, "folded");
    else add(node.operator, "not needed");
  }
  return Array.from(found, ([name, { count, as }]) => ({ name, count, as: [...as] }));
}
