import { MessageReader, malformed } from "../wire/reader.ts";

/** A tensor as the file stores it: its numbers are read by `readNumbers`, when they are needed. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of the element type; see `elementTypes.ts`. */
  readonly type: number;
  /** All numbers, little-endian. */
  readonly raw: Uint8Array | undefined;
  /** Numbers by field: `float_data`, `int32_data`, `int64_data`, `double_data` or `uint64_data`, in parts. */
  readonly typed: ReadonlyMap<number, readonly Uint8Array[]>;
  /** Place of the numbers in another file. */
  readonly external: ExternalPlace | undefined;
}

/** A part of another file. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

/** Value of an attribute of a node. */
export type AttributeValue = number | string | readonly number[] | readonly string[] | StoredTensor | OnnxGraph;

/** A node: an operator, applied to values that are named. */
export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** Domain of the operator; `""` for that of ONNX itself. */
  readonly domain: string;
  /** Names of values; `""` for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** An input or an output of a graph. */
export interface ValueInfo {
  readonly name: string;
  /** Number of the element type; 0 if it is not a tensor. */
  readonly type: number;
  /** Size of each axis, or the name of a size that is free. `undefined` if the file does not tell. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** A graph: nodes, and the values that they begin with. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly StoredTensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** The contents of an ONNX file. */
export interface OnnxFile {
  readonly irVersion: number;
  readonly producer: string;
  /** Version of each operator set by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Reads the structure of an ONNX file, and no numbers. */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  const reader = new MessageReader(bytes);
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let irVersion = 0;
  let name = "";
  let version = "";
  let graph: OnnxGraph | undefined;
  while (reader.next()) {
    if (reader.field === 1) irVersion = reader.integer();
    else if (reader.field === 2) name = reader.text();
    else if (reader.field === 3) version = reader.text();
    else if (reader.field === 7) graph = readGraph(reader.message());
    else if (reader.field === 8) readOpset(reader.message(), opsets);
    else if (reader.field === 14) metadata.set(...readEntry(reader.message()));
    else reader.skip();
  }
  if (graph === undefined) throw malformed("it has no graph");
  return { irVersion, producer: [name, version].filter(Boolean).join(" "), opsets, graph, metadata };
}

function readOpset(reader: MessageReader, opsets: Map<string, number>): void {
  let domain = "";
  let version = 1;
  while (reader.next()) {
    if (reader.field === 1) domain = reader.text();
    else if (reader.field === 2) version = reader.integer();
    else reader.skip();
  }
  opsets.set(domain === "ai.onnx" ? "" : domain, version);
}

function readEntry(reader: MessageReader): [key: string, value: string] {
  const texts: [string, string] = ["", ""];
  while (reader.next()) {
    if (reader.field === 1 || reader.field === 2) texts[reader.field - 1] = reader.text();
    else reader.skip();
  }
  return texts;
}

function readGraph(reader: MessageReader): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initializers: StoredTensor[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  let name = "";
  while (reader.next()) {
    if (reader.field === 1) nodes.push(readNode(reader.message()));
    else if (reader.field === 2) name = reader.text();
    else if (reader.field === 5) initializers.push(readTensorBytes(reader.message()));
    else if (reader.field === 11) inputs.push(readValueInfo(reader.message()));
    else if (reader.field === 12) outputs.push(readValueInfo(reader.message()));
    else if (reader.field === 15) throw malformed("it has sparse weights, which are not supported");
    else reader.skip();
  }
  return { name, nodes, initializers, inputs, outputs };
}

function readNode(reader: MessageReader): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, AttributeValue>();
  let name = "";
  let operator = "";
  let domain = "";
  while (reader.next()) {
    if (reader.field === 1) inputs.push(reader.text());
    else if (reader.field === 2) outputs.push(reader.text());
    else if (reader.field === 3) name = reader.text();
    else if (reader.field === 4) operator = reader.text();
    else if (reader.field === 5) readAttribute(reader.message(), attributes);
    else if (reader.field === 7) domain = reader.text();
    else reader.skip();
  }
  return { name, operator, domain: domain === "ai.onnx" ? "" : domain, inputs, outputs, attributes };
}

/** The fields of an attribute, each by the number that `type` gives it. */
const FLOAT = 1, INT = 2, STRING = 3, TENSOR = 4, GRAPH = 5, FLOATS = 6, INTS = 7, STRINGS = 8; // prettier-ignore

function readAttribute(reader: MessageReader, attributes: Map<string, AttributeValue>): void {
  const found = new Map<number, AttributeValue>();
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  let name = "";
  let type: number | undefined;
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) name = reader.text();
    else if (field === 2) found.set(FLOAT, reader.float());
    else if (field === 3) found.set(INT, reader.integer());
    else if (field === 4) found.set(STRING, reader.text());
    else if (field === 5) found.set(TENSOR, readTensorBytes(reader.message()));
    else if (field === 6) found.set(GRAPH, readGraph(reader.message()));
    else if (field === 7) reader.floats(floats);
    else if (field === 8) reader.integers(ints);
    else if (field === 9) strings.push(reader.text());
    else if (field === 20) type = reader.integer();
    else reader.skip();
  }
  if (floats.length > 0) found.set(FLOATS, floats);
  if (ints.length > 0) found.set(INTS, ints);
  if (strings.length > 0) found.set(STRINGS, strings);
  // Writers of the first format leave out the type, and all leave out numbers of an empty list.
  const empty = type === FLOATS || type === INTS || type === STRINGS ? ([] as readonly number[]) : undefined;
  const value = type === undefined ? [...found.values()][0] : (found.get(type) ?? defaultOf(type) ?? empty);
  if (value !== undefined) attributes.set(name, value);
}

/** What a field that is left out means, since it has the value that all fields have at first. */
const defaultOf = (type: number): AttributeValue | undefined =>
  type === FLOAT || type === INT ? 0 : type === STRING ? "" : undefined;

/** Reads a tensor. */
export function readTensorBytes(reader: MessageReader): StoredTensor {
  const shape: number[] = [];
  const typed = new Map<number, Uint8Array[]>();
  const external = new Map<string, string>();
  let name = "";
  let type = 0;
  let raw: Uint8Array | undefined;
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) reader.integers(shape);
    else if (field === 2) type = reader.integer();
    else if (field === 3) throw malformed("a tensor in segments, which are not supported");
    else if (field === 4 || field === 5 || field === 7 || field === 10 || field === 11) {
      const parts = typed.get(field) ?? [];
      typed.set(field, parts);
      parts.push(reader.packed());
    } else if (field === 8) name = reader.text();
    else if (field === 9) raw = reader.bytes();
    else if (field === 13) external.set(...readEntry(reader.message()));
    else reader.skip();
  }
  if (shape.some((size) => size < 0)) throw malformed(`the shape [${shape.join()}] of "${name}"`);
  return { name, shape, type, raw, typed, external: external.size === 0 ? undefined : placeOf(name, external) };
}

function placeOf(name: string, entries: ReadonlyMap<string, string>): ExternalPlace {
  const number = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text)) throw malformed(`"${name}" lies in another file at the ${key} "${text}"`);
    return Number(text);
  };
  const location = entries.get("location");
  if (location === undefined) throw malformed(`"${name}" lies in another file, which is not named`);
  return { location, offset: number("offset") ?? 0, length: number("length") };
}

function readValueInfo(reader: MessageReader): ValueInfo {
  let name = "";
  let type: Pick<ValueInfo, "type" | "shape"> = { type: 0, shape: undefined };
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) type = readType(reader.message());
    else reader.skip();
  }
  return { name, ...type };
}

function readType(reader: MessageReader): Pick<ValueInfo, "type" | "shape"> {
  let type = 0;
  let shape: (number | string)[] | undefined;
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const inner = reader.message();
    while (inner.next()) {
      if (inner.field === 1) type = inner.integer();
      else if (inner.field === 2) shape = readShape(inner.message());
      else inner.skip();
    }
  }
  return { type, shape };
}

function readShape(reader: MessageReader): (number | string)[] {
  const shape: (number | string)[] = [];
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const inner = reader.message();
    let size: number | string = "";
    while (inner.next()) {
      if (inner.field === 1) size = inner.integer();
      else if (inner.field === 2) size = inner.text();
      else inner.skip();
    }
    // Exporters write a size that is not known as 0, −1 or an empty name.
    shape.push(typeof size === "number" && size < 1 ? "" : size);
  }
  return shape;
}

/** Every tensor of a file: weights, and those in attributes, also of graphs inside of nodes. */
export function* tensorsOf(graph: OnnxGraph): Generator<StoredTensor> {
  yield* graph.initializers;
  for (const { attributes } of graph.nodes)
    for (const value of attributes.values()) {
      if (typeof value !== "object") continue;
      if ("nodes" in value) yield* tensorsOf(value);
      else if ("typed" in value) yield value;
    }
}
