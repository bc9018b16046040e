import type { Backend, Executable, RunOptions, Storage } from "./backend.ts";
import { Blocks } from "./blocks.ts";
import { BackendError, UsageError } from "./errors.ts";
import { kernelBackendChecks, type KernelBackendOptions } from "./kernelBackendOptions.ts";
import { kernelTable, type HostKernels, type Launch } from "./kernelTable.ts";
import { Pacer } from "./pacer.ts";
import { checkOptions } from "./options.ts";
import { planMemory } from "./plan.ts";
import { describeInstruction, shapesOf, type Program, type Values } from "./program.ts";
import { sizeOf } from "./shape.ts";
import { isTurnDue, nextTurn } from "./turn.ts";
import { deaths, wholeBuffers } from "./wholeBuffers.ts";

/** What a program owns. It must not refer to the program's executable, so that it can be freed when that is collected. */
interface Owned<B> {
  readonly constants: B[];
  /** Without an arena: buffers of its values. */
  pieces: B[] | undefined;
  /** Length of the arena that it needs. */
  readonly peak: number;
}

/** Milliseconds of kernels after which a run that can be cancelled, or took longer the last time, gives others a turn. */
const TURN = 20;
/** Programs whose values are fewer numbers than this are not timed: looking at the clock would cost the shortest of them a part. */
const LONG = 2 ** 16;

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
  checkOptions<KernelBackendOptions<never>>("kernelBackend", options as never, kernelBackendChecks);
  const { name, precision = "float32" } = options;
  const table = kernelTable(options, host);
  const bytes = precision === "float64" ? 8 : 4;
  const lengths = new Map<B, number>();
  const pacer = new Pacer(options.mostBytes);
  /** Of every program that can still be run. */
  const owned = new Set<Owned<B>>();
  let arena: { buffer: B; length: number } | undefined;
  let disposed = false;
  let queue: Promise<unknown> = Promise.resolve();

  const enqueue = <T>(work: () => T | Promise<T>): Promise<T> => {
    // A loop that only awaits results would never let timers, messages and finalizers run.
    const result = queue.then(() => (isTurnDue() ? nextTurn().then(work) : work()));
    // The last result must not live as long as the queue.
    queue = result.then(nothing, nothing);
    return result;
  };
  const allocate = (length: number): B => {
    if (disposed) throw new UsageError(`${name}: this backend was disposed; make a new one`);
    const buffer = options.allocate(length);
    lengths.set(buffer, length);
    pacer.held += bytes * length;
    return buffer;
  };
  const free = (buffer: B): void => {
    const length = lengths.get(buffer);
    if (length === undefined) return;
    lengths.delete(buffer);
    pacer.held -= bytes * length;
    options.free(buffer);
  };
  /** Allocates when there is room, perhaps after memory that nobody can reach was collected. */
  const reserve = (length: number): Promise<B> =>
    pacer.allocate(
      bytes * length,
      () => allocate(length),
      () => options.abandon?.(),
    );

  const freeOwned = (own: Owned<B>): void => {
    if (!owned.delete(own)) return;
    for (const buffer of [...own.constants.splice(0), ...(own.pieces?.splice(0) ?? [])]) free(buffer);
  };
  // What is collected is used by no run, nor by one that waits: those hold their executable and their blocks. So it is freed at
  // once; in the queue it would come too late for a run that waits for room.
  const executables = new FinalizationRegistry((own: Owned<B>) => {
    freeOwned(own);
    // The arena may be in use.
    void enqueue(shrinkArena);
  });

  const blocks = new Blocks<B>({
    reserve,
    free,
    upload: (buffer, values) => options.upload(buffer, values),
    check: () => {
      if (disposed) throw new UsageError(`${name}: this backend was disposed; its variables are gone`);
    },
    missing: () => new UsageError(`${name}: this variable was disposed, or belongs to another backend`),
  });

  /** Runs never overlap, so one arena, as large as the hungriest program needs, serves them all. */
  async function growArena(length: number): Promise<void> {
    const grown = Math.max(length, 2 * (arena?.length ?? 0));
    dropArena();
    arena = { buffer: await reserve(grown), length: grown };
  }

  function dropArena(): void {
    if (arena !== undefined) free(arena.buffer);
    arena = undefined;
  }

  /** Drops an arena that is much larger than any program needs which is left. */
  function shrinkArena(): void {
    let most = 0;
    for (const { peak } of owned) most = Math.max(most, peak);
    if (arena !== undefined && arena.length > 2 * most) dropArena();
  }

  /** A run that has failed leaves nothing to the next one; and what there was no room for may be the arena. */
  function giveUp(error: unknown): never {
    options.abandon?.();
    dropArena();
    throw error;
  }

  function compile(p: Program): Executable {
    const shapes = shapesOf(p);
    const shared = options.slice !== undefined;
    const plan = planMemory(p, { inPlace: shared });
    let launches = table.isReady(p) ? table.prepare(p, plan) : undefined;
    const usesArena = shared && plan.places.some((place) => place.in === "arena");
    const own: Owned<B> = { constants: [], pieces: undefined, peak: usesArena ? plan.peak : 0 };
    owned.add(own);
    const dying = shared || !options.release ? undefined : deaths(p, plan);
    const buffers: B[] = [];
    const inVariables = plan.places.flatMap((place, value) =>
      place.in === "variable" ? [{ value, index: place.index }] : [],
    );
    let bound: B | undefined;
    let isBound = false;
    let isReady = false;
    const mayBeLong = plan.sum > LONG;
    /** Number of instructions between two turns of the event loop, since the last run took long. */
    let stride = Infinity;
    let gone = false;

    /** Before the first run: memory for constants, and for values where there is no arena. */
    async function getReady(): Promise<void> {
      for (const { shape, values } of p.constants.slice(own.constants.length)) {
        const buffer = await reserve(sizeOf(shape));
        own.constants.push(buffer);
        await options.upload(buffer, values);
      }
      if (!shared) own.pieces ??= wholeBuffers(p, plan, allocate);
      isReady = true;
    }

    /** Gives every value its buffer; only variables change from run to run unless the arena has grown. */
    function bind(launches: readonly Launch<B>[], variables: readonly Storage[]): void {
      const base = usesArena ? arena!.buffer : undefined;
      if (!isBound || base !== bound) {
        isBound = false;
        plan.places.forEach((place, value) => {
          if (place.in === "constant") buffers[value] = own.constants[place.index]!;
          else if (place.in === "arena")
            buffers[value] = own.pieces?.[value] ?? options.slice!(base!, place.offset, sizeOf(shapes[value]!));
        });
        bound = base;
      }
      // By number, as all loops of each run: an iterator makes an object for each turn.
      for (let i = 0; i < inVariables.length; i++) {
        const { value, index } = inVariables[i]!;
        const buffer = blocks.open(variables[index]!);
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

    /** Lets go of all buffers. */
    function unbind(): void {
      buffers.length = 0;
      for (const { from, others } of launches ?? []) from.length = others.length = 0;
      bound = undefined;
      isBound = false;
    }

    async function run(
      values: readonly Values[],
      variables: readonly Storage[],
      { signal, onInstruction }: RunOptions,
    ): Promise<Values[]> {
      if (disposed) throw new UsageError(`${name}: this backend was disposed; make a new one`);
      if (gone) throw new UsageError(`${name}: this program was disposed`);
      signal?.throwIfAborted();
      if (launches === undefined) {
        await table.load(p);
        launches = table.prepare(p, plan);
      }
      if (!isReady) await getReady();
      for (let i = 0; i < variables.length; i++)
        if (!blocks.isSettled(variables[i]!)) await blocks.settle(variables[i]!);
      if (usesArena && (arena === undefined || arena.length < plan.peak)) await growArena(plan.peak);
      bind(launches, variables);
      for (let i = 0; i < values.length; i++) {
        const pending = options.upload(buffers[i]!, values[i]!);
        if (pending) await pending;
      }
      const started = signal || mayBeLong ? performance.now() : 0;
      let turn = started;
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
          turn = await turnSince(turn);
          signal.throwIfAborted();
        } else if ((i + 1) % stride === 0) {
          const pending = options.finish?.();
          if (pending) await pending;
          turn = await turnSince(turn);
        }
      }
      const pending = options.finish?.();
      if (pending) await pending;
      const outputs = p.outputs.map((value) => options.download(buffers[value]!));
      const results = outputs.some((output) => output instanceof Promise)
        ? await Promise.all(outputs)
        : (outputs as Values[]);
      for (const { variable, value } of plan.copies) options.copy(buffers[value]!, blocks.open(variables[variable]!));
      if (mayBeLong) {
        const took = performance.now() - started;
        // Where work is waited for, others have their turn anyway.
        const blocksOthers = pending === undefined && took > TURN;
        stride = blocksOthers ? Math.max(1, Math.floor((launches.length * TURN) / (2 * took))) : Infinity;
      }
      return results;
    }

    /** Gives up what only a run needs, also after one that has failed. */
    function letGo(): void {
      if (dying) for (const piece of new Set(own.pieces)) if (piece !== undefined) options.release!(piece);
      if (!options.isHandle) unbind();
    }
    const holdsOn = dying === undefined && options.isHandle;
    const executable: Executable = {
      memory: { peak: plan.peak * bytes, sum: plan.sum * bytes },
      run: (values, variables, runOptions = {}) =>
        enqueue(() => {
          const results = run(values, variables, runOptions).catch(giveUp);
          return holdsOn ? results : results.finally(letGo);
        }),
      dispose: () => {
        executables.unregister(executable);
        void enqueue(() => {
          gone = true;
          freeOwned(own);
          shrinkArena();
        });
      },
    };
    executables.register(executable, own, executable);
    return executable;
  }

  return {
    name,
    precision,
    supports: table.supports,
    mostInputs: options.mostInputs,
    ...(options.join && { join: (program: Program) => options.join!(program) }),
    allocate: (length) => {
      if (disposed) throw new UsageError(`${name}: this backend was disposed; make a new one`);
      const block = blocks.add(length);
      enqueue(() => blocks.settle(block)).catch(nothing);
      return block;
    },
    write: (storage, values) => {
      const kept = values.slice();
      // Nobody waits for this: what goes wrong is tried again by the next who uses the variable, and said there.
      enqueue(() => blocks.write(storage, kept)).catch(nothing);
    },
    read: (storage) =>
      enqueue(async () => {
        if (!blocks.isSettled(storage)) await blocks.settle(storage);
        return options.download(blocks.open(storage));
      }),
    free: (storage) => void enqueue(() => blocks.remove(storage)),
    compile,
    memory: () => options.memory?.() ?? pacer.held,
    dispose: () => {
      void enqueue(() => {
        disposed = true;
        for (const buffer of lengths.keys()) options.free(buffer);
        lengths.clear();
        owned.clear();
        pacer.held = 0;
        options.dispose?.();
      });
    },
  };
}

const nothing = (): void => undefined;

/** Gives others a turn where the last one was some time ago; returns the time of the last turn. */
async function turnSince(last: number): Promise<number> {
  if (performance.now() - last <= TURN) return last;
  await nextTurn();
  return performance.now();
}
