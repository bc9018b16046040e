import { sizeOf, type Shape } from "@convlens/backend";
import { MessageWriter } from "../wire/writer.ts";

/** Value of an attribute: whole numbers as they are, others as `{ float }`. */
export type Attribute = number | { readonly float: number } | readonly number[] | string;

/** Numbers of an element type. */
const [FLOAT, INT64, FLOAT16] = [1, 7, 10];
/** Numbers of kinds of attributes. */
const [KIND_FLOAT, KIND_INT, KIND_STRING, KIND_INTS] = [1, 2, 3, 7];

function attribute(name: string, value: Attribute): MessageWriter {
  const writer = new MessageWriter().field(1, name);
  if (typeof value === "number") return writer.integer(3, value).integer(20, KIND_INT);
  if (typeof value === "string") return writer.field(4, value).integer(20, KIND_STRING);
  if ("float" in value) return writer.float(2, value.float).integer(20, KIND_FLOAT);
  for (const each of value) writer.integer(8, each);
  return writer.integer(20, KIND_INTS);
}

const bits = /* @__PURE__ */ new Uint32Array(1);
const single = /* @__PURE__ */ new Float32Array(bits.buffer);

/** Encodes a number as IEEE 754 binary16, rounded to the nearest, halves to even. */
export function toHalf(value: number): number {
  single[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const size = Math.abs(single[0]);
  if (Number.isNaN(size)) return sign | 0x7e00;
  // Halfway between the largest number and the next power of two.
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, ((bits[0]! >>> 23) & 255) - 127);
  const steps = size / 2 ** (exponent - 10);
  const floor = Math.floor(steps);
  const rest = steps - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  // Of the smallest exponent the fraction is all there is; a carry goes into the exponent by itself.
  return sign | (exponent === -14 ? rounded : ((exponent + 15) << 10) + rounded - 1024);
}

/** Writes the nodes and weights of a graph. */
export class GraphWriter {
  readonly #graph = new MessageWriter();
  readonly #names = new Set<string>();
  readonly #isHalf: boolean;
  #count = 0;

  /** @param isHalf - Whether weights are stored in 16 bits. */
  constructor(isHalf: boolean) {
    this.#isHalf = isHalf;
  }

  /** A name that no other value has. */
  name(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}_${i}`;
    this.#names.add(name);
    return name;
  }

  /** Adds a node, and returns the name of its output. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    path = "",
  ): string {
    const output = this.name(`${path === "" ? operator.toLowerCase() : path}_${++this.#count}`);
    this.nodeTo(output, operator, inputs, attributes, path);
    return output;
  }

  /** Adds a node whose output has a given name. */
  nodeTo(
    output: string,
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    path = "",
  ): void {
    const node = new MessageWriter();
    for (const input of inputs) node.field(1, input);
    node
      .field(2, output)
      .field(3, path === "" ? output : `${path}/${operator}`)
      .field(4, operator);
    for (const [name, value] of Object.entries(attributes)) node.field(5, attribute(name, value));
    this.#graph.field(1, node);
  }

  /** Adds weights, and returns their name. */
  weights(wanted: string, shape: Shape, values: ArrayLike<number>): string {
    const name = this.name(wanted);
    if (!this.#isHalf || sizeOf(shape) < 2) {
      this.#tensor(name, shape, FLOAT, new Uint8Array(Float32Array.from(values).buffer));
      return name;
    }
    const half = this.name(`${name}_half`);
    this.#tensor(half, shape, FLOAT16, new Uint8Array(Uint16Array.from(values, toHalf).buffer));
    this.nodeTo(name, "Cast", [half], { to: FLOAT });
    return name;
  }

  /** Adds whole numbers along one axis, such as a shape. */
  integers(values: readonly number[], isScalar = false): string {
    const name = this.name("constant");
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.#tensor(name, isScalar ? [] : [values.length], INT64, bytes);
    return name;
  }

  #tensor(name: string, shape: Shape, type: number, bytes: Uint8Array): void {
    const tensor = new MessageWriter();
    for (const size of shape) tensor.integer(1, size);
    this.#graph.field(5, tensor.integer(2, type).field(8, name).field(9, bytes));
  }

  /** Adds an input or an output. Sizes that are texts are free. */
  declare(kind: "input" | "output", name: string, shape: readonly (number | string)[]): void {
    const sizes = new MessageWriter();
    for (const size of shape)
      sizes.field(
        1,
        typeof size === "number" ? new MessageWriter().integer(1, size) : new MessageWriter().field(2, size),
      );
    const type = new MessageWriter().field(1, new MessageWriter().integer(1, FLOAT).field(2, sizes));
    this.#graph.field(kind === "input" ? 11 : 12, new MessageWriter().field(1, name).field(2, type));
  }

  /** The bytes of the file. */
  file(opset: number, irVersion: number): Uint8Array {
    this.#graph.field(2, "model");
    return new MessageWriter()
      .integer(1, irVersion)
      .field(2, "Convlens")
      .field(7, this.#graph)
      .field(8, new MessageWriter().field(1, "").integer(2, opset))
      .bytes();
  }
}
