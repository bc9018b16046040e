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
  /** For error messages and files. A layer's path is set when its model is walked. */
  readonly name?: string;
  /** Whether optimizers may change it; running statistics are not trainable. Default: true. */
  readonly trainable?: boolean;
}

/**
 * Memory that stays: a parameter, an optimizer's moment, a running mean. It stands for its current value wherever a tensor is
 * expected. Its memory is freed when nobody can reach it any more; {@link Variable.dispose} frees it at once.
 *
 * @example
 * ```ts
 * const count = new Variable([0], []);
 * count.assign(add(count, 1));
 * await count.item(); // 1
 * ```
 */
export class Variable extends Tensor {
  /** What it is called in messages. */
  name: string;
  /** Whether optimizers may change it. */
  trainable: boolean;
  /** @internal How often its memory was written. */
  version = 0;
  #initial: Values | (() => ArrayLike<number>);
  #memory: { readonly backend: Backend; readonly storage: Storage } | undefined;
  #read: Tensor | undefined;
  #disposed = false;

  /**
   * @param initial - Its first values, which are copied; or a function that makes them when they are first needed, so that a
   * model can be counted without filling memory.
   * @param shape - Their shape.
   */
  constructor(initial: ArrayLike<number> | (() => ArrayLike<number>), shape: Shape, options: VariableOptions = {}) {
    super(shape, { kind: "variable" });
    checkOptions("Variable", options, { name: textOption, trainable: booleanOption });
    this.name = options.name ?? "variable";
    this.trainable = options.trainable ?? true;
    this.#initial = typeof initial === "function" ? initial : this.#checked(initial).slice();
  }

  /** One number for each place; not copied, if they are floats in an array of their own. */
  #checked(values: ArrayLike<number>): Values {
    if (values.length !== sizeOf(this.shape))
      throw new ShapeError(
        `${this.toString()}: expected ${sizeOf(this.shape)} values for ${showShape(this.shape)}, got ${values.length}`,
        { expected: sizeOf(this.shape), got: values.length },
      );
    return values instanceof Float32Array || values instanceof Float64Array ? values : Float64Array.from(values);
  }

  /** Whether it still has the values that it began with: nothing was written or assigned since. */
  get isInitial(): boolean {
    return this.version === 0 && !session.recording.updates.has(this);
  }

  /** The backend that holds it, once it has been used. */
  get backend(): Backend | undefined {
    return this.#memory?.backend;
  }

  /** Its value at this point of the recording: what was assigned last, or else what its memory holds. */
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
   * From here on, in the order of recording, it is `value`; what was recorded before keeps the old one. Its memory is written
   * when the recording runs. Means the same inside and outside of compiled functions.
   */
  assign(value: Operand): void {
    this.#mustLive();
    const next = operand(value);
    if (showShape(next.shape) !== showShape(this.shape))
      throw new ShapeError(
        `assign: ${this.toString()} cannot become ${showShape(next.shape)}; a variable keeps its shape`,
        {
          operation: "assign",
          expected: this.shape,
          got: next.shape,
        },
      );
    session.recording.updates.set(this, next);
  }

  /** Writes values into its memory now, in place of whatever was assigned and has not run yet. */
  write(values: ArrayLike<number>): void {
    this.#mustLive();
    if (session.compiling !== undefined)
      throw new UsageError(`write: ${this.toString()} cannot be written while a function is compiled; use assign`, {
        fix: "use assign",
      });
    const given = this.#checked(values);
    session.open.updates.delete(this);
    if (this.#memory === undefined) this.#initial = given.slice();
    else this.#memory.backend.write(this.#memory.storage, given);
    this.written();
  }

  /** Begins anew with values that are made when they are first needed; at once, if it has been used before. */
  initialize(make: () => ArrayLike<number>): void {
    if (this.#memory !== undefined) return this.write(make());
    this.#mustLive();
    session.open.updates.delete(this);
    this.#initial = make;
    this.written();
  }

  /** @internal Its memory on a backend: allocated there at its first use. */
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
      throw new UsageError(
        `${this.toString()} lives on the backend "${this.#memory.backend.name}", this computation runs on "${backend.name}"; ` +
          "make the model after useBackend, or save its weights and load them there",
        { expected: backend.name, got: this.#memory.backend.name },
      );
    return this.#memory.storage;
  }

  /** @internal Its memory is about to change: what was recorded over the old value must not be computed any more. */
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

  /** Frees its memory; using it afterwards is an error. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    session.open.updates.delete(this);
    this.#memory?.backend.free(this.#memory.storage);
  }

  #mustLive(): void {
    if (this.#disposed) throw new UsageError(`${this.toString()} was disposed and cannot be used any more`);
  }
}
