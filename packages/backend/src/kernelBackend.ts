import type { Backend, Executable, RunOptions, Storage } from "./backend.ts";
import { BackendError, UsageError } from "./errors.ts";
import { kernelTable, type HostKernels, type KernelLoaders, type Kernels, type Launch } from "./kernelTable.ts";
import { planMemory } from "./plan.ts";
import { describeInstruction, shapesOf, type Program, type Values } from "./program.ts";
import { sizeOf } from "./shape.ts";
import { nextTurn } from "./turn.ts";
import { deaths, wholeBuffers } from "./wholeBuffers.ts";

/** What {@link kernelBackend} makes a backend of. `B` is a piece of memory. */
export interface KernelBackendOptions<B> {
  /** As shown to people. */
  readonly name: string;
  /** Of the numbers that it returns. Default: `"float32"`. */
  readonly precision?: Backend["precision"];
  /** Memory for so many numbers. */
  allocate(length: number): B;
  /** Gives it back. */
  free(buffer: B): void;
  /** Copies values from the host. */
  upload(buffer: B, values: Values): void | Promise<void>;
  /** Copies values to the host: an array of its own, which nothing changes later. */
  download(buffer: B): Values | Promise<Values>;
  /** Copies between two buffers of the same length. */
  copy(from: B, to: B): void;
  /** A kernel has been asked to compute a variable's new values in its own memory. */
  updated?(variable: B): void;
  /**
   * A part of a buffer. Where it is given, all values in between share one arena at planned offsets; where not, whole
   * buffers of equal length are used again.
   */
  slice?(buffer: B, offset: number, length: number): B;
  /**
   * Told, where there is no arena, that nobody needs what is in a buffer any more until it is written again: memory that is
   * found anew for every result can be given back.
   */
  release?(buffer: B): void;
  /** Does what kernels have only noted down so far: called before results are read. */
  finish?(): void | Promise<void>;
  /** Forgets what kernels have noted down, and what was kept of it: the run has failed. */
  abandon?(): void;
  /** Bytes held now, where that is not what is allocated. */
  memory?(): number;
  /** Frees what is not a buffer. */
  dispose?(): void;
  /** How many tensors a fusion may read at most: WebGPU gives a kernel few. Default: 8. */
  readonly mostInputs?: number;
  /** Joins instructions that there is one kernel for. */
  join?(program: Program): Program;
  /** What it can compute; the rest runs on the host. */
  readonly kernels: Kernels<B>;
  /** What else it can compute: kernels that most programs do without, loaded before the first run of one that needs them. */
  readonly loaders?: KernelLoaders<B>;
}

/** Memory of a variable; without a buffer once it was freed. */
interface Block<B> extends Storage {
  buffer: B | undefined;
  /** What went wrong when it was written: nobody waits for that, so it is said to whoever uses it next. */
  failure: unknown;
}

/** After this many milliseconds of kernels a run that can be cancelled lets others have their turn. */
const TURN = 20;

/**
 * A whole backend out of a table of kernels: liveness, one arena for all programs, order, updates. An operation without a
 * kernel is computed on the host by the reference's, with one warning.
 *
 * @param options - Memory and kernels.
 * @param host - The reference's kernels; none are needed by a backend that has all.
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
  const { name, precision = "float32" } = options;
  const table = kernelTable(options, host);
  const bytes = precision === "float64" ? 8 : 4;
  const lengths = new Map<B, number>();
  let arena: { buffer: B; length: number } | undefined;
  let disposed = false;
  let queue: Promise<unknown> = Promise.resolve();

  const enqueue = <T>(work: () => T | Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  const allocate = (length: number): B => {
    if (disposed) throw new UsageError(`${name}: this backend was disposed; make a new one`);
    const buffer = options.allocate(length);
    lengths.set(buffer, length);
    return buffer;
  };
  const free = (buffer: B): void => {
    if (lengths.delete(buffer)) options.free(buffer);
  };
  const open = (storage: Storage): B => {
    const { buffer, failure } = storage as Block<B>;
    if (disposed) throw new UsageError(`${name}: this backend was disposed; its variables are gone`);
    if (buffer === undefined)
      throw new UsageError(`${name}: this variable was disposed, or belongs to another backend`);
    if (failure !== undefined) throw failure;
    return buffer;
  };

  /** Runs never overlap, so one arena, as large as the hungriest program needs, serves them all. */
  function arenaOf(length: number): B {
    if (arena === undefined || arena.length < length) {
      const grown = Math.max(length, 2 * (arena?.length ?? 0));
      if (arena !== undefined) free(arena.buffer);
      arena = undefined;
      arena = { buffer: allocate(grown), length: grown };
    }
    return arena.buffer;
  }

  /** A run that has failed leaves nothing to the next one; and what there was no room for may be the arena. */
  function giveUp(error: unknown): never {
    options.abandon?.();
    if (arena !== undefined) free(arena.buffer);
    arena = undefined;
    throw error;
  }

  function compile(p: Program): Executable {
    const shapes = shapesOf(p);
    const shared = options.slice !== undefined;
    const plan = planMemory(p, { inPlace: shared });
    let launches = table.isReady(p) ? table.prepare(p, plan) : undefined;
    const constants = p.constants.map((constant) => allocate(sizeOf(constant.shape)));
    const uploads = p.constants.map(({ values }, i) => options.upload(constants[i]!, values));
    const ready = uploads.some((upload) => upload instanceof Promise) ? Promise.all(uploads) : undefined;
    ready?.catch(() => undefined);
    const pieces = shared ? undefined : wholeBuffers(p, plan, allocate);
    const dying = pieces && options.release && deaths(p, plan);
    const buffers: B[] = [];
    const usesArena = shared && plan.places.some((place) => place.in === "arena");
    const inVariables = plan.places.flatMap((place, value) =>
      place.in === "variable" ? [{ value, index: place.index }] : [],
    );
    let bound: B | undefined;
    let isBound = false;
    let gone = false;

    /** Gives every value its buffer; only variables change from run to run unless the arena has grown. */
    function bind(launches: readonly Launch<B>[], variables: readonly Storage[]): void {
      const base = usesArena ? arenaOf(plan.peak) : undefined;
      if (!isBound || base !== bound) {
        isBound = false;
        plan.places.forEach((place, value) => {
          if (place.in === "constant") buffers[value] = constants[place.index]!;
          else if (place.in === "arena")
            buffers[value] = pieces?.[value] ?? options.slice!(base!, place.offset, sizeOf(shapes[value]!));
        });
        bound = base;
      }
      // By number, as all loops of each run: an iterator makes an object for each turn.
      for (let i = 0; i < inVariables.length; i++) {
        const { value, index } = inVariables[i]!;
        const buffer = open(variables[index]!);
        if (buffers[value] !== buffer) isBound = false;
        buffers[value] = buffer;
      }
      if (isBound) return;
      for (const { step, from, results, others } of launches) {
        step.inputs.forEach((value, k) => (from[k] = buffers[value]!));
        results.forEach((value, k) => (others[k] = buffers[value]!));
      }
      isBound = true;
    }

    async function run(
      values: readonly Values[],
      variables: readonly Storage[],
      { signal, onInstruction }: RunOptions,
    ): Promise<Values[]> {
      if (disposed) throw new UsageError(`${name}: this backend was disposed; make a new one`);
      if (gone) throw new UsageError(`${name}: this program was disposed`);
      signal?.throwIfAborted();
      if (ready) await ready;
      if (launches === undefined) {
        await table.load(p);
        launches = table.prepare(p, plan);
      }
      bind(launches, variables);
      for (let i = 0; i < values.length; i++) {
        const pending = options.upload(buffers[i]!, values[i]!);
        if (pending) await pending;
      }
      let turn = signal && performance.now();
      for (let i = 0; i < launches.length; i++) {
        const { launch, step, index, value, isUpdate, from, others } = launches[i]!;
        const began = onInstruction && performance.now();
        try {
          const pending = launch(from, buffers[value]!, others);
          if (pending) await pending;
          if (isUpdate) options.updated?.(buffers[value]!);
          if (onInstruction) {
            const finished = options.finish?.();
            if (finished) await finished;
            onInstruction(index, performance.now() - began!);
          }
        } catch (cause) {
          throw new BackendError(`${name}: ${describeInstruction(step)}: ${(cause as Error).message}`, {
            operation: step.operation,
            cause,
          });
        }
        if (dying) for (const dead of dying[index]!) options.release!(buffers[dead]!);
        if (signal && index < plan.commits) {
          const pending = options.finish?.();
          if (pending) await pending;
          if (performance.now() - turn! > TURN) {
            await nextTurn();
            turn = performance.now();
          }
          signal.throwIfAborted();
        }
      }
      const pending = options.finish?.();
      if (pending) await pending;
      const outputs = p.outputs.map((value) => options.download(buffers[value]!));
      const results = outputs.some((output) => output instanceof Promise)
        ? await Promise.all(outputs)
        : (outputs as Values[]);
      for (const { variable, value } of plan.copies) options.copy(buffers[value]!, open(variables[variable]!));
      return results;
    }

    /** Also what a run that fails has left behind. */
    const releaseAll = (): void => new Set(pieces).forEach((piece) => piece !== undefined && options.release!(piece));
    return {
      memory: { peak: plan.peak * bytes, sum: plan.sum * bytes },
      run: (values, variables, runOptions = {}) =>
        enqueue(() => {
          const results = run(values, variables, runOptions).catch(giveUp);
          return dying ? results.finally(releaseAll) : results;
        }),
      dispose: () => {
        void enqueue(() => {
          gone = true;
          for (const buffer of [...constants.splice(0), ...(pieces?.splice(0) ?? [])]) free(buffer);
        });
      },
    };
  }

  return {
    name,
    precision,
    supports: table.supports,
    mostInputs: options.mostInputs,
    ...(options.join && { join: (program: Program) => options.join!(program) }),
    allocate: (length) => {
      const block: Block<B> = { length, buffer: allocate(length), failure: undefined };
      return block;
    },
    write: (storage, values) => {
      const kept = values.slice();
      const block = storage as Block<B>;
      block.failure = undefined;
      enqueue(() => options.upload(open(storage), kept)).catch((error: unknown) => (block.failure = error));
    },
    read: (storage) => enqueue(() => options.download(open(storage))),
    free: (storage) => {
      void enqueue(() => {
        const block = storage as Block<B>;
        if (block.buffer !== undefined) free(block.buffer);
        block.buffer = undefined;
      });
    },
    compile,
    memory: () => options.memory?.() ?? [...lengths.values()].reduce((total, length) => total + bytes * length, 0),
    dispose: () => {
      void enqueue(() => {
        disposed = true;
        for (const buffer of lengths.keys()) options.free(buffer);
        lengths.clear();
        options.dispose?.();
      });
    },
  };
}
