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

/** Where a tensor's values come from. */
export type Source =
  | { readonly kind: "values" }
  /** An argument of a compiled function. */
  | { readonly kind: "feed"; readonly recording: Recording }
  /** What a variable held at some point: `version` counts the writes to its memory. */
  | { readonly kind: "read"; readonly variable: Variable; readonly version: number; readonly recording: Recording }
  /** The variable itself, which stands for its current value wherever a tensor is expected. */
  | { readonly kind: "variable" }
  | {
      readonly kind: "operation";
      readonly operation: AnyOperation;
      readonly inputs: readonly Tensor[];
      readonly attributes: object;
    };

/** This many operations without a value in between: a loop has forgotten to read. */
const MAX_DEPTH = 20_000;
/** This many operations in one recipe, known or not: a total has been carried on and on, and keeps all its past alive. */
const MAX_LENGTH = 100_000;

const none: readonly Tensor[] = [];

/**
 * A recipe for a block of numbers: an operation, its inputs and a shape. Recording one costs a small object; it is computed
 * when its values are asked for, and collected as garbage like any other object. Made by `tensor(…)` and the operations.
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

  /** Sizes of its axes. */
  readonly shape: Shape;
  /** @internal */
  readonly source: Source;
  /** @internal Operations since the last known value. */
  readonly depth: number;
  /** @internal Operations since the first leaf. */
  readonly length: number;
  /** The line that recorded it, if `captureCallSites(true)` was called before. */
  readonly site: string | undefined;
  /** The part of a model that recorded it, and what for. */
  readonly scope: Scope | undefined;
  /** @internal Its values, once somebody has asked for them. */
  known: Values | undefined;
  /** The same in the precision of the backend, where that is another. */
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

  /** How many numbers it holds. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** How many axes it has. */
  get rank(): number {
    return this.shape.length;
  }

  /** What it is computed from. */
  get inputs(): readonly Tensor[] {
    return this.source.kind === "operation" ? this.source.inputs : none;
  }

  /** The name of the operation that makes it; `undefined` for what was given or read. */
  get operation(): OperationName | undefined {
    return this.source.kind === "operation" ? this.source.operation.name : undefined;
  }

  /** The attributes of the operation that makes it. */
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
      throw new UsageError(
        `the values of ${this.toString()} are not known yet: use \`await x.data()\`, or return it from a compiled function`,
        {
          fix: "await x.data()",
        },
      );
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
    throw new ShapeError(
      `${what}: expected a tensor of one value, this one is ${showShape(this.shape)} with ${this.size}; use data(), or sum or mean first`,
      {
        expected: 1,
        got: this.size,
        fix: "use data(), or sum or mean first",
      },
    );
  }

  /** Its operation and shape, and its values if they are known. */
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

  /** Refuses `x + 1`, `x < 1` and `+x`, with advice. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new UsageError(
      `${this.toString()} is a recipe, not a number: use \`await x.item()\`, or add(), multiply(), greater() …`,
      {
        fix: "await x.item()",
      },
    );
  }
}

function tooLong(depth: number, length: number): UsageError {
  const remedies =
    "keep it in a Variable (total.assign(add(total, x))), or in a plain number (total += await x.item())";
  return depth > MAX_DEPTH
    ? new UsageError(
        `this tensor is ${depth} operations deep without a value in between: a total kept across a loop grows its recipe; ` +
          `read it now and then (await total.item()), ${remedies}`,
        { expected: `at most ${MAX_DEPTH} operations`, got: depth, fix: remedies },
      )
    : new UsageError(
        `this tensor's recipe is ${length} operations long: a total kept across a loop keeps all its past alive, for gradients; ` +
          `cut it with detach(total) once it was read, ${remedies}`,
        { expected: `at most ${MAX_LENGTH} operations`, got: length, fix: `detach(total), ${remedies}` },
      );
}

/** The line of the user's code that is recording now: the first one outside of this package and of layers. */
function callSite(): string | undefined {
  const lines = new Error().stack?.split("\n").slice(2) ?? [];
  const outside = lines.find(
    (line) => !/[\\/](?:packages|@convlens)[\\/](?:tensor|layers|training)[\\/](?:src|dist)[\\/]/.test(line),
  );
  return outside?.trim().replace(/^at /, "");
}
