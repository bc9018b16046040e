import { sameShape, sizeOf, stepsOf, ValueError, type Shape } from "@convlens/backend";
import type { AnyLayer, StoredTensor } from "@convlens/layers";
import type { Tensor, Tensors, Variable } from "@convlens/tensor";
import { channelsFirst, eachOffset, isSame, upTo } from "../onnx/axes.ts";
import { GraphWriter, type Attribute } from "./graphWriter.ts";
import { layerExports } from "./layerExports.ts";
import { operationExports } from "./operationExports.ts";

/** A value of the ONNX graph. `layout[i]` is the axis here that is axis i there. */
export interface ExportedValue {
  readonly name: string;
  readonly layout: readonly number[];
}

/** A layer that returned a tensor. */
export interface LayerOf {
  readonly path: string;
  readonly layer: AnyLayer;
  readonly input: Tensors;
}

/** What is exported, and how. */
export interface ExportPlan {
  readonly opset: number;
  readonly layout: "nchw" | "nhwc";
  readonly isHalf: boolean;
  /** The layer that returned a tensor, if it returns one. */
  readonly layers: ReadonlyMap<Tensor, LayerOf>;
  readonly variables: ReadonlyMap<string, Variable>;
  /** Numbers of the variables. */
  readonly stored: ReadonlyMap<string, StoredTensor>;
}

/** Writes what a model records, tensor by tensor, beginning with its outputs. */
export class Exporter {
  readonly plan: ExportPlan;
  readonly graph: GraphWriter;
  readonly #values = new Map<Tensor, ExportedValue>();
  /** The same tensor in a recording with another number of examples. */
  readonly #others = new Map<Tensor, Tensor>();
  readonly #paths: ReadonlyMap<Tensor, string>;
  readonly #readers = new Map<Tensor, Tensor[]>();
  readonly #weights = new Map<string, string>();

  constructor(plan: ExportPlan) {
    this.plan = plan;
    this.graph = new GraphWriter(plan.isHalf);
    this.#paths = new Map(Array.from(plan.variables, ([path, variable]) => [variable.current, path]));
  }

  /** Declares an input. */
  input(name: string, tensor: Tensor, other: Tensor): void {
    this.#others.set(tensor, other);
    const layout = this.plan.layout === "nchw" ? channelsFirst(tensor.rank) : upTo(tensor.rank);
    const unique = this.graph.name(name);
    this.graph.declare("input", unique, ["batch", ...layout.slice(1).map((axis) => tensor.shape[axis]!)]);
    this.#values.set(tensor, { name: unique, layout });
  }

  /** Writes all that an output needs, and declares it. */
  output(name: string, tensor: Tensor, other: Tensor): void {
    this.#pair(tensor, other);
    const layout = this.plan.layout === "nchw" ? channelsFirst(tensor.rank) : upTo(tensor.rank);
    const value = this.arranged(tensor, layout);
    const unique = this.graph.name(name);
    this.graph.nodeTo(unique, "Identity", [value]);
    this.graph.declare(
      "output",
      unique,
      layout.map((axis) => this.sizeOf(tensor, axis) ?? "batch"),
    );
  }

  /** Goes through both recordings side by side. */
  #pair(tensor: Tensor, other: Tensor): void {
    const open: [Tensor, Tensor][] = [[tensor, other]];
    while (open.length > 0) {
      const [a, b] = open.pop()!;
      if (this.#others.has(a) && a.inputs.length > 0) continue;
      this.#others.set(a, b);
      a.inputs.forEach((input, i) => {
        const readers = this.#readers.get(input) ?? [];
        this.#readers.set(input, readers);
        readers.push(a);
        open.push([input, b.inputs[i]!]);
      });
    }
  }

  /** The same tensor in the other recording. */
  other(tensor: Tensor): Tensor {
    return this.#others.get(tensor) ?? tensor;
  }

  /** Size of an axis; `undefined` if it depends on the number of examples. */
  sizeOf(tensor: Tensor, axis: number): number | undefined {
    const size = tensor.shape[axis]!;
    return this.other(tensor).shape[axis] === size ? size : undefined;
  }

  /** Operations that read a tensor. */
  readersOf(tensor: Tensor): readonly Tensor[] {
    return this.#readers.get(tensor) ?? [];
  }

  /** Path of a variable's tensor. */
  pathOf(tensor: Tensor): string | undefined {
    return this.#paths.get(tensor);
  }

  /** Numbers that are the same for all inputs: of a variable, or given ones. */
  numbersOf(tensor: Tensor): ArrayLike<number> | undefined {
    const path = this.#paths.get(tensor);
    if (path !== undefined) return this.plan.stored.get(path)!.values;
    if (!tensor.isKnown || tensor.inputs.length > 0 || this.#values.has(tensor)) return undefined;
    const other = this.other(tensor);
    const same =
      sameShape(other.shape, tensor.shape) && other.knownValues.every((v, i) => Object.is(v, tensor.knownValues[i]));
    if (same) return tensor.knownValues;
    throw this.refusal(tensor, "uses numbers that depend on the number of examples");
  }

  /** An error that names the layer. */
  refusal(tensor: Tensor, problem: string): ValueError {
    const { scope, operation } = tensor;
    return new ValueError({
      operation: "exportOnnx",
      path: scope?.path,
      problem: operation === undefined ? problem : `${operation} ${problem}`,
      fix: "replace this part of the model, or save its weights with saveWeights",
    });
  }

  /** Path of the layer that recorded a tensor, for names. */
  nameOf(tensor: Tensor): string {
    const path = tensor.scope?.path ?? "";
    return path.includes(" (") ? path.slice(0, path.indexOf(" (")) : "";
  }

  /** The value of a tensor, which is written if it was not yet. */
  value(tensor: Tensor): ExportedValue {
    let value = this.#values.get(tensor);
    if (value === undefined) this.#values.set(tensor, (value = this.#write(tensor)));
    return value;
  }

  #write(tensor: Tensor): ExportedValue {
    const numbers = this.numbersOf(tensor);
    if (numbers !== undefined) return { name: this.constant(tensor, upTo(tensor.rank)), layout: upTo(tensor.rank) };
    const of = this.plan.layers.get(tensor);
    const special = of === undefined ? undefined : layerExports(this, tensor, of);
    if (special !== undefined) return special;
    const { operation } = tensor;
    const write = operation === undefined ? undefined : operationExports[operation as keyof typeof operationExports];
    if (write === undefined) throw this.refusal(tensor, "has no counterpart in ONNX");
    return write(this, tensor);
  }

  /** Name of the value of a tensor in a layout. */
  arranged(tensor: Tensor, layout: readonly number[]): string {
    if (this.numbersOf(tensor) !== undefined) return this.constant(tensor, layout);
    const value = this.value(tensor);
    if (isSame(value.layout, layout)) return value.name;
    const perm = layout.map((axis) => value.layout.indexOf(axis));
    return this.graph.node("Transpose", [value.name], { perm }, this.nameOf(tensor));
  }

  /** Name of weights in a layout, with more axes of size 1 in front if the layout has more. Equal ones are shared. */
  constant(tensor: Tensor, layout: readonly number[], wide: Shape = tensor.shape): string {
    const numbers = this.numbersOf(tensor)!;
    const more = layout.length - wide.length;
    const shape = [...upTo(more).map(() => 1), ...wide];
    const path = this.#paths.get(tensor);
    const key = path === undefined ? undefined : `${path} ${layout.join()} ${shape.join()}`;
    const known = key === undefined ? undefined : this.#weights.get(key);
    if (known !== undefined) return known;
    const strides = stepsOf(shape);
    const arranged = layout.map((axis) => shape[axis]!);
    const values = new Float32Array(sizeOf(shape));
    eachOffset(
      arranged,
      layout.map((axis) => strides[axis]!),
      0,
      (offset, i) => (values[i] = numbers[offset]!),
    );
    const name = this.graph.weights(path ?? "constant", arranged, values);
    if (key !== undefined) this.#weights.set(key, name);
    return name;
  }

  /** Adds a node for a tensor. */
  node(
    tensor: Tensor,
    operator: string,
    inputs: readonly string[],
    layout: readonly number[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): ExportedValue {
    return { name: this.graph.node(operator, inputs, attributes, this.nameOf(tensor)), layout };
  }

  /**
   * A shape as ONNX's Reshape takes it: sizes that depend on the number of examples are left to be found, of which there may be
   * one; the first is kept if the input has it too.
   */
  shapeOf(tensor: Tensor, layout: readonly number[], from: Tensor, fromLayout: readonly number[]): string {
    const sizes = layout.map((axis) => this.sizeOf(tensor, axis));
    const isKept =
      sizes[0] === undefined &&
      this.sizeOf(from, fromLayout[0]!) === undefined &&
      tensor.shape[layout[0]!] === from.shape[fromLayout[0]!];
    const shape = sizes.map((size, i) => size ?? (i === 0 && isKept ? 0 : -1));
    if (shape.filter((size) => size === -1).length > 1)
      throw this.refusal(tensor, "has several sizes that depend on the number of examples");
    return this.graph.integers(shape);
  }

  /** The bytes of the file. */
  file(irVersion: number): Uint8Array {
    return this.graph.file(this.plan.opset, irVersion);
  }
}
