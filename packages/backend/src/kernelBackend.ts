import type { Backend, Executable, Storage } from "./backend.ts";
import { Blocks } from "./blocks.ts";
import { BufferMemory, type ProgramBuffers } from "./bufferMemory.ts";
import { CompiledProgram, type ProgramContext } from "./compiledProgram.ts";
import { UsageError } from "./errors.ts";
import { kernelBackendChecks, type KernelBackendOptions } from "./kernelBackendOptions.ts";
import { kernelTable, type HostKernels, type KernelTable } from "./kernelTable.ts";
import { checkOptions } from "./options.ts";
import type { Program, Values } from "./program.ts";
import { isTurnDue, nextTurn } from "./turn.ts";

/**
 * Makes a backend of a table of kernels. It plans memory, puts the values of all programs in one arena, keeps runs in order and
 * carries out updates. An operation without a kernel is computed on the host by the reference kernel, with one warning.
 *
 * @param options - Memory and kernels.
 * @param host - The reference kernels. A backend that has all kernels needs none.
 *
 * @example
 * ```ts
 * const mine = kernelBackend<Float32Array>({
 *   name: "mine",
 *   allocate: (length) => new Float32Array(length),
 *   free: () => {},
 *   upload: (buffer, values) => buffer.set(values),
 *   download: (buffer) => buffer.slice(),
 *   copy: (from, to) => to.set(from),
 *   kernels: { relu: () => ([x], y) => x!.forEach((v, i) => (y[i] = v < 0 ? 0 : v)) },
 * }, referenceKernels);
 * ```
 */
export function kernelBackend<B>(options: KernelBackendOptions<B>, host: HostKernels = {}): Backend {
  checkOptions<KernelBackendOptions<never>>("kernelBackend", options as never, kernelBackendChecks);
  return new KernelBackend(options, host);
}

// Methods are properties, so that `{ ...backend, join }` has all of them.
class KernelBackend<B> implements Backend {
  readonly name: string;
  readonly precision: Backend["precision"];
  readonly supports: Backend["supports"];
  readonly mostInputs: number | undefined;
  readonly join?: (program: Program) => Program;
  readonly #options: KernelBackendOptions<B>;
  readonly #table: KernelTable<B>;
  readonly #memory: BufferMemory<B>;
  readonly #variables: Blocks<B>;
  // A collected program is used by no run, not even by one that waits in the queue: that holds its program. So its buffers are
  // freed at once. In the queue this would come too late for a run that waits for memory.
  readonly #collected = new FinalizationRegistry((buffers: ProgramBuffers<B>) => {
    // A run may be using the arena.
    if (this.#memory.removeProgram(buffers)) void this.#enqueue(() => this.#memory.shrinkArena());
  });
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: KernelBackendOptions<B>, host: HostKernels) {
    const { name, precision = "float32", mostInputs } = options;
    const memory = new BufferMemory(options);
    this.name = name;
    this.precision = precision;
    this.mostInputs = mostInputs;
    if (options.join) this.join = (program) => options.join!(program);
    this.#options = options;
    this.#table = kernelTable(options, host);
    this.supports = this.#table.supports;
    this.#memory = memory;
    this.#variables = new Blocks<B>({
      reserve: (length) => memory.reserve(length),
      free: (buffer) => memory.free(buffer),
      upload: (buffer, values) => options.upload(buffer, values),
      check: () => memory.check("its variables are gone"),
      missing: () =>
        new UsageError({ operation: name, problem: "this variable was disposed, or belongs to another backend" }),
    });
  }

  /** Runs work when all earlier work is done. */
  readonly #enqueue = <T>(work: () => T | Promise<T>): Promise<T> => {
    // A loop that only awaits results would otherwise block timers, messages and finalizers.
    const result = this.#queue.then(() => (isTurnDue() ? nextTurn().then(work) : work()));
    // The queue must not keep the last result alive.
    this.#queue = result.then(nothing, nothing);
    return result;
  };

  readonly compile = (program: Program): Executable => {
    const context: ProgramContext<B> = {
      options: this.#options,
      table: this.#table,
      memory: this.#memory,
      variables: this.#variables,
      enqueue: this.#enqueue,
    };
    const compiled = new CompiledProgram(context, program);
    this.#memory.addProgram(compiled.own);
    this.#collected.register(compiled, compiled.own);
    return compiled;
  };

  readonly allocate = (length: number): Storage => {
    this.#memory.check();
    const block = this.#variables.add(length);
    this.#enqueue(() => this.#variables.settle(block)).catch(nothing);
    return block;
  };

  readonly write = (storage: Storage, values: Values): void => {
    const copy = values.slice();
    // An error is not lost: the next use of the variable tries again, and throws it.
    this.#enqueue(() => this.#variables.write(storage, copy)).catch(nothing);
  };

  readonly read = (storage: Storage): Promise<Values> =>
    this.#enqueue(async () => {
      if (!this.#variables.isSettled(storage)) await this.#variables.settle(storage);
      return this.#options.download(this.#variables.open(storage));
    });

  readonly free = (storage: Storage): void => void this.#enqueue(() => this.#variables.remove(storage));

  readonly memory = (): number => this.#options.memory?.() ?? this.#memory.bytes;

  readonly dispose = (): void => {
    void this.#enqueue(() => {
      this.#memory.dispose();
      this.#options.dispose?.();
    });
  };
}

const nothing = (): void => undefined;
