import {
  ShapeError,
  showShape,
  sizeOf,
  UsageError,
  type OperationName,
  type Scope,
  type Shape,
  type Values,
} from "@convlens/backend";
import { format } from "./format.ts";
import type { AnyOperation } from "./operation.ts";
import { printByToString } from "./printByToString.ts";
import { session, type Recording } from "./session.ts";
import type { Variable } from "./variable.ts";

/** Source of the values of a tensor. */
export type Source =
  | { readonly kind: "values" }
  /** Argument of a compiled function. */
  | { readonly kind: "feed"; readonly recording: Recording }
  /** Value of a variable at some point: `version` counts the writes to its memory. */
  | { readonly kind: "read"; readonly variable: Variable; readonly version: number; readonly recording: Recording }
  /** A variable, which stands for its current value wherever a tensor is expected. */
  | { readonly kind: "variable" }
  | {
      readonly kind: "operation";
      readonly operation: AnyOperation;
      readonly inputs: readonly Tensor[];
      readonly attributes: object;
    };

/** Maximum number of operations without a known value in between; more means a loop that never reads. */
const MAX_DEPTH = 20_000;
/** Maximum length of a recorded computation, known or not; more means a total that is carried on and keeps its whole past. */
const MAX_LENGTH = 100_000;

const none: readonly Tensor[] = [];

/**
 * A recorded computation of an array of numbers: an operation, its inputs and a shape. It is a small object that is computed
 * when its values are read, and garbage-collected like any other object. `tensor(…)` and the operations make tensors.
 *
 * @example
 * ```ts
 * const x = add(tensor([1, 2, 3]), 1);
 * x.shape; // [3]
 * await x.data(); // Float32Array [2, 3, 4]
 * x.knownValues; // the same, without waiting, since they have been read
 * ```
 */
export class Tensor {
  static {
    printByToString(this);
  }

  /** Size of each axis. */
  readonly shape: Shape;
  /** @internal */
  readonly source: Source;
  /** @internal Operations since the last known value. */
  readonly depth: number;
  /** @internal Operations since the first leaf. */
  readonly length: number;
  /** Line that recorded it, if `captureCallSites(true)` was called before. */
  readonly site: string | undefined;
  /** Part of a model that recorded it, and the purpose. */
  readonly scope: Scope | undefined;
  /** @internal Values, once they were read. */
  known: Values | undefined;
  /** The values in the precision of the backend, if it differs. */
  #shown: Values | undefined;

  /** @internal */
  constructor(shape: Shape, source: Source, known?: Values) {
    this.shape = shape;
    this.source = source;
    this.known = known;
    this.site = undefined;
    this.scope = session.scope;
    let depth = 0;
    let length = 0;
    if (source.kind === "operation") {
      for (const x of source.inputs) {
        if (x.known === undefined && x.depth >= depth) depth = x.depth + 1;
        if (x.length >= length) length = x.length + 1;
      }
      if (session.captureSites) this.site = callSite();
      if (depth > MAX_DEPTH || length > MAX_LENGTH) throw tooLong(depth, length);
    }
    this.depth = depth;
    this.length = length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Inputs of the operation that makes it. */
  get inputs(): readonly Tensor[] {
    return this.source.kind === "operation" ? this.source.inputs : none;
  }

  /** Name of the operation that makes it; `undefined` for given values, arguments and variables. */
  get operation(): OperationName | undefined {
    return this.source.kind === "operation" ? this.source.operation.name : undefined;
  }

  /** Attributes of the operation that makes it. */
  get attributes(): object | undefined {
    return this.source.kind === "operation" ? this.source.attributes : undefined;
  }

  /** Whether its values are known, so that `knownValues` and `knownValue` can be read. */
  get isKnown(): boolean {
    return this.known !== undefined;
  }

  /** Computes its values, unless they are known, and returns a copy of them in row-major order. */
  async data(): Promise<Values> {
    return (await session.evaluate([this]))[0]!;
  }

  /**
   * Computes its only value, unless it is known.
   *
   * @throws `ShapeError` for a tensor of more or fewer values than one.
   */
  async item(): Promise<number> {
    this.#mustBeOne("item()");
    return (await this.data())[0]!;
  }

  /**
   * Its values in row-major order, if they are known: those of tensors made from numbers, of results of compiled functions and
   * of tensors that were read before. Not a copy: do not write into it.
   *
   * @throws `UsageError` if they are not known yet.
   */
  get knownValues(): Values {
    if (this.known === undefined)
      throw new UsageError({
        problem: `the values of ${this.toString()} are not known yet`,
        fix: "use `await x.data()`, or return it from a compiled function",
      });
    return this.present();
  }

  /** @internal Its known values in the precision of the backend, or of the backend that computed them if that is higher. */
  present(): Values {
    const { Numbers } = session;
    if (this.known instanceof Numbers) return this.known;
    if (this.source.kind !== "values" && this.known instanceof Float64Array) return this.known;
    if (!(this.#shown instanceof Numbers)) this.#shown = new Numbers(this.known!);
    return this.#shown;
  }

  /**
   * Its only value, if it is known; see {@link Tensor.knownValues}.
   *
   * @throws `UsageError` if it is not known yet; `ShapeError` for a tensor of more or fewer values than one.
   */
  get knownValue(): number {
    this.#mustBeOne("knownValue");
    return this.knownValues[0]!;
  }

  #mustBeOne(what: string): void {
    if (this.size === 1) return;
    throw new ShapeError({
      operation: what,
      expected: "a tensor of one value",
      got: this.shape,
      gotWords: `${this.size} in ${showShape(this.shape)}`,
      fix: "use data(), or sum or mean first",
    });
  }

  /** Shows the operation and shape, and the values if they are known. */
  toString(): string {
    const { source } = this;
    const from =
      source.kind === "operation"
        ? ` ${source.operation.name}(${source.inputs.map((x) => showShape(x.shape)).join(", ")})`
        : source.kind === "read"
          ? ` ${source.variable.name}`
          : source.kind === "feed"
            ? " argument"
            : "";
    const values = this.known === undefined ? " (not computed yet)" : ` = ${format(this.present(), this.shape)}`;
    return `Tensor ${showShape(this.shape)}${from}${values}`;
  }

  /** Throws for `x + 1`, `x < 1` and `+x`, with advice. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new UsageError({
      problem: `${this.toString()} is a recorded computation, not a number`,
      fix: "use `await x.item()`, or add(), multiply(), greater() …",
    });
  }
}

function tooLong(depth: number, length: number): UsageError {
  const remedies =
    "keep it in a Variable (total.assign(add(total, x))), or in a plain number (total += await x.item())";
  return depth > MAX_DEPTH
    ? new UsageError({
        problem: `this tensor is ${depth} operations deep without a value in between: a total kept across a loop keeps growing`,
        fix: `read it now and then (await total.item()), ${remedies}`,
      })
    : new UsageError({
        problem: `the computation of this tensor is ${length} operations long: a total kept across a loop keeps its whole past for gradients`,
        fix: `cut it with detach(total) after reading it, ${remedies}`,
      });
}

/** Returns the line of the user's code that is recording now: the first one outside of this package and of layers. */
function callSite(): string | undefined {
  const lines = new Error().stack?.split("\n").slice(2) ?? [];
  const outside = lines.find(
    (line) => !/[\\/](?:packages|@convlens)[\\/](?:tensor|layers|training)[\\/](?:src|dist)[\\/]/.test(line),
  );
  return outside?.trim().replace(/^at /, "");
}
