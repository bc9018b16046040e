/** Writes ONNX files for tests: the few fields of protocol buffers that a model needs. */

const utf8 = new TextEncoder();

/** A whole number of variable length; negative ones take ten bytes. */
export function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low + 128);
  } while (rest !== 0n);
  return bytes;
}

/** A field with a whole number. */
export const integerField = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
/** A field with bytes: a text, a message, packed numbers. */
export function bytesField(field: number, value: string | readonly number[] | Uint8Array): number[] {
  const bytes = typeof value === "string" ? utf8.encode(value) : value;
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}
const floatField = (field: number, value: number): number[] => [
  ...varint(field * 8 + 5),
  ...new Uint8Array(Float32Array.of(value).buffer),
];

/** A tensor of a test: float32, or int64 where `whole` is set. */
export interface TestTensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly whole?: boolean;
  /** Place in another file, in place of values. */
  readonly external?: Readonly<Record<string, string>>;
}

/** A tensor with whole numbers along one axis. */
export const whole = (...values: number[]): TestTensor => ({ shape: [values.length], values, whole: true });

function tensorBytes(name: string, { shape, values, whole, external }: TestTensor): number[] {
  const raw = whole
    ? new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
    : new Uint8Array(Float32Array.from(values).buffer);
  return [
    ...shape.flatMap((size) => integerField(1, size)),
    ...integerField(2, whole ? 7 : 1),
    ...bytesField(8, name),
    ...(external === undefined
      ? bytesField(9, raw)
      : [
          ...Object.entries(external).flatMap(([key, value]) =>
            bytesField(13, [...bytesField(1, key), ...bytesField(2, value)]),
          ),
          ...integerField(14, 1),
        ]),
  ];
}

/** A value of an attribute: a float if `{ float }`, whole numbers, a text, a tensor or a graph. */
export type TestAttribute = number | { readonly float: number } | readonly number[] | string | TestTensor | TestGraph;

function attributeBytes(name: string, value: TestAttribute): number[] {
  const start = bytesField(1, name);
  const typed = (type: number, bytes: readonly number[]): number[] => [...start, ...bytes, ...integerField(20, type)];
  if (typeof value === "number") return typed(2, integerField(3, value));
  if (typeof value === "string") return typed(3, bytesField(4, value));
  if (Array.isArray(value))
    return typed(
      7,
      (value as readonly number[]).flatMap((v) => integerField(8, v)),
    );
  if ("float" in value) return typed(1, floatField(2, value.float));
  if ("nodes" in value) return typed(5, bytesField(6, graphBytes(value)));
  return typed(4, bytesField(5, tensorBytes("", value as TestTensor)));
}

/** A node of a test: `[operator, inputs, outputs, attributes, domain]`. */
export type TestNode = readonly [
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: Readonly<Record<string, TestAttribute>>,
  domain?: string,
];

const nodeBytes = ([operator, inputs, outputs, attributes = {}, domain = ""]: TestNode): number[] => [
  ...inputs.flatMap((name) => bytesField(1, name)),
  ...outputs.flatMap((name) => bytesField(2, name)),
  ...bytesField(4, operator),
  ...Object.entries(attributes).flatMap(([name, value]) => bytesField(5, attributeBytes(name, value))),
  ...bytesField(7, domain),
];

/** A graph of a test. Sizes that are texts are free. */
export interface TestGraph {
  readonly nodes: readonly TestNode[];
  readonly weights?: Readonly<Record<string, TestTensor>>;
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: readonly string[];
}

function valueInfo(name: string, shape: readonly (number | string)[] | undefined, type: number): number[] {
  const sizes = (shape ?? []).flatMap((size) =>
    bytesField(1, typeof size === "number" ? integerField(1, size) : bytesField(2, size)),
  );
  const tensorType = [...integerField(1, type), ...(shape === undefined ? [] : bytesField(2, sizes))];
  return [...bytesField(1, name), ...bytesField(2, bytesField(1, tensorType))];
}

function graphBytes({ nodes, weights = {}, inputs = {}, outputs }: TestGraph): number[] {
  return [
    ...nodes.flatMap((node) => bytesField(1, nodeBytes(node))),
    ...bytesField(2, "test"),
    ...Object.entries(weights).flatMap(([name, tensor]) => bytesField(5, tensorBytes(name, tensor))),
    ...Object.entries(inputs).flatMap(([name, shape]) => bytesField(11, valueInfo(name, shape, 1))),
    ...outputs.flatMap((name) => bytesField(12, valueInfo(name, undefined, 1))),
  ];
}

/** The bytes of a file. */
export const onnxBytes = (graph: TestGraph, opset = 17): Uint8Array =>
  Uint8Array.from([
    ...integerField(1, 8),
    ...bytesField(2, "test writer"),
    ...bytesField(3, "1.0"),
    ...bytesField(7, graphBytes(graph)),
    ...bytesField(8, [...bytesField(1, ""), ...integerField(2, opset)]),
  ]);
