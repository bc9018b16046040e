import { ConvlensError, ShapeError, showShape, UsageError, ValueError, type Shape } from "@convlens/backend";
import { PrintedLayer, run, type Layer, type Mode } from "@convlens/layers";
import { concat, recordApart, slice, Tensor, zeros, type Tensors } from "@convlens/tensor";
import { channelsLast, upTo } from "./axes.ts";
import { record, type ReadGraph } from "./graph.ts";
import { inputLayout } from "./inputLayout.ts";
import type { Examples } from "./node.ts";
import type { ValueInfo } from "./onnxFile.ts";
import type { ImportReport } from "./report.ts";
import { Live, tensorIn, type Layout, type Value } from "./value.ts";
import type { ElementType } from "./elementTypes.ts";

/** How a batch goes through a model whose file was written for a fixed number of examples. */
export type BatchPolicy = "auto" | "open" | "each";

/** An input of an imported model. */
export interface ModelInput extends ValueInfo {
  /** Type of its numbers. */
  readonly element: ElementType;
  /** Whether its axis 1 in the file has the channels of maps. */
  readonly isMaps: boolean;
  /** Whether its first axis has the examples. */
  readonly isBatch: boolean;
}

/** What an {@link ImportedModel} is made of. */
export interface ImportedParts {
  readonly graph: ReadGraph;
  readonly inputs: readonly ModelInput[];
  readonly outputs: readonly string[];
  readonly layout: "file" | "library";
  readonly batch: BatchPolicy;
  readonly report: ImportReport;
}

/** How the batch goes through a model, once it is decided. */
type Way = "open" | "each";

/** Names that layers of an imported model may not have. */
export const reservedNames: readonly string[] = ["call", "report", "inputShapes", "toString", "constructor"];

/**
 * A model read from an ONNX file by {@link importOnnx}. Its layers are its fields, named after their weights or nodes.
 *
 * It takes a tensor, or with several inputs a record by name or a tuple in the order of the file, and returns a tensor, or with
 * several outputs a record by name. Images have the channels last, `[n, h, w, c]`, unless it was imported with `layout: "file"`.
 */
export class ImportedModel<Input extends Tensors = Tensor, Output extends Tensors = Tensor>
  extends PrintedLayer
  implements Layer<Input, Output>
{
  readonly #parts: ImportedParts;
  /** Number of examples that the file was written for; `undefined` if it is free. */
  readonly #declared: number | undefined;
  /** How a batch goes through for inputs of a shape. */
  readonly #ways = new Map<string, Way>();

  constructor(parts: ImportedParts) {
    super();
    this.#parts = parts;
    const sizes = parts.inputs.filter(({ isBatch }) => isBatch).map(({ shape }) => shape?.[0]);
    this.#declared = sizes.every((size) => typeof size === "number") ? sizes[0] : undefined;
    for (const [name, layer] of parts.graph.layers)
      Object.defineProperty(this, name, { value: layer, enumerable: true });
    this.#decideEarly();
  }

  /** What the file says, and how it is computed here. */
  get report(): ImportReport {
    return this.#parts.report;
  }

  /** Shape of one example of each input by name, in the layout that the model takes; 0 for sizes that are free. */
  get inputShapes(): Readonly<Record<string, Shape>> {
    return Object.fromEntries(
      this.#parts.inputs.map((input) => {
        const shape = (input.shape ?? []).map((size) => (typeof size === "number" ? size : 0));
        const arranged = this.#layoutOf(input, shape.length).map((axis) => shape[axis]!);
        return [input.name, input.isBatch ? arranged.slice(1) : arranged];
      }),
    );
  }

  /** Records the outputs of the model. */
  call(x: Input, mode?: Mode): Output {
    return run(this, x, mode, (inner) => this.#call(this.#given(x), inner)) as Output;
  }

  /** The tensors of the inputs, in the order of the file. */
  #given(x: Tensors): Tensor[] {
    const { inputs } = this.#parts;
    const names = inputs.map(({ name }) => name);
    if (x instanceof Tensor) {
      if (inputs.length === 1) return [x];
      throw new UsageError({
        expected: `the inputs ${names.join(", ")}`,
        got: x,
        fix: `give a record: { ${names.join(", ")} }`,
      });
    }
    return inputs.map(({ name }, i) => {
      const tensor = Array.isArray(x) ? (x as readonly Tensors[])[i] : (x as Readonly<Record<string, Tensors>>)[name];
      if (tensor instanceof Tensor) return tensor;
      throw new UsageError({ what: `the input "${name}"`, expected: "a tensor", got: tensor });
    });
  }

  #call(tensors: readonly Tensor[], mode: Mode): Tensors {
    const count = this.#countOf(tensors);
    if (this.#wayOf(tensors, count) === "open") return this.#named(this.#record(tensors, count, mode), tensors);
    const size = this.#declared ?? 1;
    if (count % size !== 0)
      throw new ShapeError({
        what: "the number of examples",
        expected: `a multiple of the ${size} that the file was written for`,
        got: count,
      });
    const parts = upTo(count / size).map((i) => {
      const part = tensors.map((tensor, k) =>
        this.#parts.inputs[k]!.isBatch ? examplesOf(tensor, i * size, size) : tensor,
      );
      return this.#record(part, size, mode);
    });
    const joined = parts[0]!.map((_, k) => joinParts(parts.map((part) => part[k]!)));
    return this.#named(joined, tensors);
  }

  /** Number of examples, which all inputs must have. */
  #countOf(tensors: readonly Tensor[]): number {
    let count: number | undefined;
    this.#parts.inputs.forEach((input, i) => {
      const tensor = tensors[i]!;
      if (input.shape !== undefined) this.#checkShape(input, tensor);
      if (!input.isBatch) return;
      count ??= tensor.shape[0]!;
      if (tensor.shape[0] !== count)
        throw new ShapeError({
          what: `the input "${input.name}"`,
          axis: 0,
          expected: `${count} examples`,
          got: tensor.shape[0],
        });
    });
    return count ?? 1;
  }

  #checkShape(input: ModelInput, tensor: Tensor): void {
    const declared = input.shape!;
    const shown = this.#layoutOf(input, declared.length).map((axis) => declared[axis]!);
    const fits =
      tensor.rank === declared.length &&
      shown.every(
        (size, axis) => typeof size === "string" || size === tensor.shape[axis] || (axis === 0 && input.isBatch),
      );
    if (fits) return;
    const sizes = shown.map((size, axis) => (axis === 0 && input.isBatch ? "batch" : size === "" ? "?" : size));
    throw new ShapeError({
      what: `the input "${input.name}"`,
      expected: `of shape [${sizes.join(", ")}]`,
      got: tensor.shape,
      fix:
        input.isMaps && this.#parts.layout === "library"
          ? 'images have the channels last here; import with layout: "file" to give them as the file has them'
          : undefined,
    });
  }

  #layoutOf(input: ModelInput, rank: number): Layout {
    return inputLayout(rank, input.isMaps && this.#parts.layout === "library");
  }

  /** Records the graph for a batch. */
  #record(tensors: readonly Tensor[], count: number, mode: Mode | undefined): Value[] {
    const { graph, inputs, outputs } = this.#parts;
    const values = new Map<string, Value>();
    inputs.forEach((input, i) => {
      const tensor = tensors[i]!;
      const layout = this.#layoutOf(input, tensor.rank);
      values.set(input.name, new Live(tensor, layout, input.element, input.isBatch ? 0 : undefined));
    });
    const examples: Examples = { count, declared: this.#declared };
    return record(graph, outputs, values, examples, mode);
  }

  /** The outputs in the layout that users get. */
  #named(values: readonly (Value | Tensor)[], tensors: readonly Tensor[]): Tensors {
    const { inputs, outputs, layout } = this.#parts;
    const maps = layout === "library" ? inputs.findIndex(({ isMaps }) => isMaps) : -1;
    const rank = maps < 0 ? -1 : tensors[maps]!.rank;
    const arranged = values.map((value) =>
      value instanceof Tensor
        ? rank > 2 && value.rank === rank
          ? new Live(value, upTo(rank), "float32", 0).arranged(channelsLast(rank))
          : value
        : tensorIn(value, rank > 2 && value.rank === rank ? channelsLast(rank) : upTo(value.rank)),
    );
    if (arranged.length === 1) return arranged[0]!;
    return Object.fromEntries(outputs.map((name, i) => [name, arranged[i]!]));
  }

  /** Decides how a batch goes through. */
  #wayOf(tensors: readonly Tensor[], count: number): Way {
    const { batch } = this.#parts;
    if (this.#declared === undefined || count === this.#declared || batch === "open") return "open";
    if (batch === "each") return "each";
    const key = tensors.map(({ shape }) => showShape(shape.slice(1))).join();
    let way = this.#ways.get(key);
    if (way === undefined) {
      way = this.#keepsExamplesApart(tensors.map(({ shape }) => shape)) ? "open" : "each";
      this.#ways.set(key, way);
      this.#note(way);
    }
    return way;
  }

  /** Decides at once for a file that declares all sizes, so that the report tells. */
  #decideEarly(): void {
    const { inputs, batch } = this.#parts;
    if (this.#declared === undefined || batch !== "auto") return;
    const shapes = inputs.map((input) => {
      const { shape } = input;
      if (shape === undefined || shape.some((size) => typeof size === "string")) return undefined;
      return this.#layoutOf(input, shape.length).map((axis) => shape[axis] as number);
    });
    if (shapes.some((shape) => shape === undefined)) return;
    const way = this.#keepsExamplesApart(shapes as Shape[]) ? "open" : "each";
    this.#ways.set(shapes.map((shape) => showShape(shape!.slice(1))).join(), way);
    this.#note(way);
  }

  #note(way: Way): void {
    const size = this.#declared!;
    this.report.batch = way === "open" ? "opened" : "each";
    this.report.notes.push(
      way === "open"
        ? `The file was written for ${size} example${size === 1 ? "" : "s"} at once; it was shown to keep examples apart, so that a batch of any size goes through it.`
        : `The file was written for ${size} example${size === 1 ? "" : "s"} at once and would mix those of a larger batch; so they are computed ${size === 1 ? "one by one" : `${size} by ${size}`}.`,
    );
  }

  /** Whether batches of two other sizes go through, and no node mixes their examples. */
  #keepsExamplesApart(shapes: readonly Shape[]): boolean {
    const size = this.#declared!;
    return [2 * size, 3 * size].every((count) => {
      const inputs = shapes.map((shape, i) =>
        zeros(this.#parts.inputs[i]!.isBatch ? [count, ...shape.slice(1)] : shape),
      );
      try {
        return recordApart(() => this.#record(inputs, count, undefined)).every(
          (value) => value instanceof Live && value.batch === 0 && value.shape[0]! % count === 0,
        );
      } catch (error) {
        // A node that does not take another batch.
        if (error instanceof ConvlensError) return false;
        throw error;
      }
    });
  }
}

/** Some examples of a batch. */
const examplesOf = (x: Tensor, begin: number, count: number): Tensor =>
  slice(x, [begin, ...x.shape.slice(1).map(() => 0)], [count, ...x.shape.slice(1)]);

/** Outputs of parts of a batch, one after the other; those without examples are the same for all. */
function joinParts(parts: readonly Value[]): Value | Tensor {
  const [first] = parts;
  if (!(first instanceof Live) || first.batch === undefined || parts.length === 1) return first!;
  if (first.rank === 0)
    throw new ValueError({ problem: "an output has no axis for the examples", fix: "give one example at a time" });
  return concat(
    parts.map((part) => tensorIn(part, upTo(part.rank))),
    0,
  );
}
