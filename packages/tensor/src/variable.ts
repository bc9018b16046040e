import {
  booleanOption,
  checkOptions,
  makeNumbers,
  ShapeError,
  showShape,
  sizeOf,
  UsageError,
  type Backend,
  type OptionCheck,
  type Shape,
  type Storage,
  type Values,
} from "@convlens/backend";
import { operand, type Operand } from "./record.ts";
import { session, type Recording } from "./session.ts";
import { Tensor } from "./tensor.ts";

const textOption: OptionCheck = (value) => (typeof value === "string" ? undefined : "a text");

/** Options of {@link Variable}. */
export interface VariableOptions {
  /** Name for error messages and files. The variables of a layer are named by their path. */
  readonly name?: string;
  /** Whether optimizers update it. Running statistics are not trainable. Default: true. */
  readonly trainable?: boolean;
}

/**
 * Memory that outlives a computation: a parameter, a moment of an optimizer, a running mean. It stands for its current value
 * wherever a tensor is expected. Its memory is freed once it is unreachable; {@link Variable.dispose} frees it now.
 *
 * @example
 * ```ts
 * const count = new Variable([0], []);
 * count.assign(add(count, 1));
 * await count.item(); // 1
 * ```
 */
export class Variable extends Tensor {
  /** Name in messages. */
  name: string;
  /** Whether optimizers update it. */
  trainable: boolean;
  /** @internal Number of writes to its memory. */
  version = 0;
  #initial: Values | (() => ArrayLike<number>);
  #memory: { readonly backend: Backend; readonly storage: Storage } | undefined;
  #read: Tensor | undefined;
  #disposed = false;

  /**
   * @param initial - Initial values, which are copied; or a function that makes them when they are first needed, so that the
   * parameters of a model can be counted without allocating memory.
   * @param shape - Shape of the values.
   */
  constructor(initial: ArrayLike<number> | (() => ArrayLike<number>), shape: Shape, options: VariableOptions = {}) {
    super(shape, { kind: "variable" });
    checkOptions("Variable", options, { name: textOption, trainable: booleanOption });
    this.name = options.name ?? "variable";
    this.trainable = options.trainable ?? true;
    this.#initial = typeof initial === "function" ? initial : this.#checked(initial).slice();
  }

  /** Returns one number for each element, without a copy if they are floats in their own array. */
  #checked(values: ArrayLike<number>): Values {
    if (values.length !== sizeOf(this.shape))
      throw new ShapeError({
        operation: this.toString(),
        expected: `${sizeOf(this.shape)} values for ${showShape(this.shape)}`,
        got: values.length,
      });
    return values instanceof Float32Array || values instanceof Float64Array ? values : Float64Array.from(values);
  }

  /** Whether it still has its initial values: nothing was written or assigned since. */
  get isInitial(): boolean {
    return this.version === 0 && !session.recording.updates.has(this);
  }

  /** Backend that holds it, once it has been used. */
  get backend(): Backend | undefined {
    return this.#memory?.backend;
  }

  /** Value at this point of the recording: the one assigned last, else that in its memory. */
  get current(): Tensor {
    this.#mustLive();
    const { compiling, open } = session;
    const assigned = (compiling ?? open).updates.get(this);
    if (assigned !== undefined) return assigned;
    if (compiling === undefined) return (this.#read ??= this.#stored(open));
    let read = compiling.reads.get(this);
    if (read === undefined) compiling.reads.set(this, (read = this.#stored(compiling)));
    return read;
  }

  #stored(recording: Recording): Tensor {
    return new Tensor(this.shape, { kind: "read", variable: this, version: this.version, recording });
  }

  /**
   * Assigns `value` from here on, in the order of recording; tensors recorded before keep the old value. The memory is written
   * when the recording runs, inside and outside of compiled functions.
   */
  assign(value: Operand): void {
    this.#mustLive();
    const next = operand(value);
    if (showShape(next.shape) !== showShape(this.shape))
      throw new ShapeError({
        operation: "assign",
        what: `the shape of ${this.toString()}`,
        expected: this.shape,
        got: next.shape,
      });
    session.recording.updates.set(this, next);
  }

  /** Writes values into its memory now, and drops assignments that have not run yet. */
  write(values: ArrayLike<number>): void {
    this.#mustLive();
    if (session.compiling !== undefined)
      throw new UsageError({
        operation: "write",
        problem: `${this.toString()} cannot be written while a function is compiled`,
        fix: "use assign",
      });
    const given = this.#checked(values);
    session.open.updates.delete(this);
    if (this.#memory === undefined) this.#initial = given.slice();
    else this.#memory.backend.write(this.#memory.storage, given);
    this.written();
  }

  /** Resets it to values that are made when they are first needed, or now if it has been used before. */
  initialize(make: () => ArrayLike<number>): void {
    if (this.#memory !== undefined) return this.write(make());
    this.#mustLive();
    session.open.updates.delete(this);
    this.#initial = make;
    this.written();
  }

  /** @internal Memory on a backend, allocated at the first use. */
  memory(backend: Backend): Storage {
    this.#mustLive();
    if (this.#memory === undefined) {
      const make = this.#initial;
      const initial =
        typeof make === "function" ? this.#checked(makeNumbers(this.name, this.shape, () => make())) : make;
      this.#memory = { backend, storage: backend.allocate(initial.length) };
      backend.write(this.#memory.storage, initial);
      this.#initial = new Float32Array(0);
    }
    if (this.#memory.backend !== backend)
      throw new UsageError({
        problem: `${this.toString()} is on the backend "${this.#memory.backend.name}", but this computation runs on "${backend.name}"`,
        fix: "make the model after useBackend, or save its weights and load them there",
      });
    return this.#memory.storage;
  }

  /** @internal Marks its memory as changed: tensors recorded over the old value must not be computed any more. */
  written(): void {
    this.version++;
    this.#read = undefined;
  }

  override data(): Promise<Values> {
    return this.current.data();
  }

  override get isKnown(): boolean {
    return this.current.isKnown;
  }

  override get knownValues(): Values {
    return this.current.knownValues;
  }

  override toString(): string {
    return `Variable ${this.name} ${showShape(this.shape)}`;
  }

  /** Frees its memory; using it afterwards throws. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    session.open.updates.delete(this);
    this.#memory?.backend.free(this.#memory.storage);
  }

  #mustLive(): void {
    if (this.#disposed)
      throw new UsageError({ problem: `${this.toString()} was disposed and cannot be used any more` });
  }
}
