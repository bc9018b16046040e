import type { Executable, RunOptions, Storage } from "./backend.ts";
import type { Blocks } from "./blocks.ts";
import type { BufferMemory, ProgramBuffers } from "./bufferMemory.ts";
import { BackendError, UsageError } from "./errors.ts";
import type { KernelBackendOptions } from "./kernelBackendOptions.ts";
import type { KernelTable, Launch } from "./kernelTable.ts";
import { planMemory, type MemoryPlan } from "./plan.ts";
import { shapesOf, type Instruction, type Program, type Values } from "./program.ts";
import { showShape, sizeOf, type Shape } from "./shape.ts";
import { nextTurn } from "./turn.ts";
import { deadAfter, wholeBuffers } from "./wholeBuffers.ts";

/** The parts of a backend that its programs use. */
export interface ProgramContext<B> {
  readonly options: KernelBackendOptions<B>;
  readonly table: KernelTable<B>;
  readonly memory: BufferMemory<B>;
  readonly variables: Blocks<B>;
  /** Runs work when all earlier work is done. */
  readonly enqueue: <T>(work: () => T | Promise<T>) => Promise<T>;
}

/** Milliseconds of kernels after which a run that can be cancelled, or took longer the last time, lets the event loop turn. */
const TURN = 20;
/** Number of elements of all values below which runs are not timed: reading the clock would slow down the shortest of them. */
const LONG = 2 ** 16;

/** A program made ready by a backend. */
export class CompiledProgram<B> implements Executable {
  readonly memory: Executable["memory"];
  /** What it allocates. */
  readonly own: ProgramBuffers<B>;
  readonly #context: ProgramContext<B>;
  readonly #program: Program;
  readonly #shapes: readonly Shape[];
  readonly #plan: MemoryPlan;
  /** Values whose buffers are released after each instruction, by a backend that asks for it. */
  readonly #dead: readonly (readonly number[])[] | undefined;
  /** Values that lie in the memory of a variable. */
  readonly #inVariables: readonly { readonly value: number; readonly index: number }[];
  /** Whether runs are timed. */
  readonly #mayBeLong: boolean;
  #launches: Launch<B>[] | undefined;
  /** The buffer of each value. */
  readonly #buffers: B[] = [];
  /** The arena that values were bound to. */
  #arena: B | undefined;
  #isBound = false;
  #isReady = false;
  /** Number of instructions between two turns of the event loop. */
  #stride = Infinity;
  #isDisposed = false;

  constructor(context: ProgramContext<B>, program: Program) {
    const { options, table, memory } = context;
    const hasArena = options.slice !== undefined;
    const plan = planMemory(program, { inPlace: hasArena });
    this.#context = context;
    this.#program = program;
    this.#shapes = shapesOf(program);
    this.#plan = plan;
    this.#dead = hasArena || !options.release ? undefined : deadAfter(program, plan);
    this.#inVariables = plan.places.flatMap((place, value) =>
      place.in === "variable" ? [{ value, index: place.index }] : [],
    );
    this.#mayBeLong = plan.sum > LONG;
    this.#launches = table.isReady(program) ? table.prepare(program, plan) : undefined;
    // Empty values, too, need an arena to lie in.
    const usesArena = hasArena && plan.places.some((place) => place.in === "arena");
    this.own = { constants: [], values: undefined, peak: usesArena ? Math.max(1, plan.peak) : 0 };
    this.memory = { peak: plan.peak * memory.bytesPerNumber, sum: plan.sum * memory.bytesPerNumber };
  }

  // Properties, so that `{ ...executable, run }` has all of them.
  readonly run: Executable["run"] = (feeds, variables, options = {}) => {
    const { enqueue, options: backend } = this.#context;
    return enqueue(() => {
      const results = this.#run(feeds, variables, options).catch((error: unknown) => this.#giveUp(error));
      const keepsBuffers = this.#dead === undefined && backend.isHandle;
      return keepsBuffers ? results : results.finally(() => this.#letGo());
    });
  };

  readonly dispose: Executable["dispose"] = () => {
    const { enqueue, memory } = this.#context;
    void enqueue(() => {
      this.#isDisposed = true;
      memory.removeProgram(this.own);
      memory.shrinkArena();
    });
  };

  async #run(feeds: readonly Values[], variables: readonly Storage[], options: RunOptions): Promise<Values[]> {
    const { options: backend, memory, variables: blocks } = this.#context;
    memory.check();
    if (this.#isDisposed) throw new UsageError({ operation: backend.name, problem: "this program was disposed" });
    options.signal?.throwIfAborted();
    const launches = this.#launches ?? (await this.#load());
    if (!this.#isReady) await this.#allocate();
    // Counted loops, as all loops of each run: an iterator allocates an object for each turn.
    for (let i = 0; i < variables.length; i++) if (!blocks.isSettled(variables[i]!)) await blocks.settle(variables[i]!);
    if (memory.arenaLength < this.own.peak) await memory.growArena(this.own.peak);
    this.#bind(launches, variables);
    for (let i = 0; i < feeds.length; i++) {
      const pending = backend.upload(this.#buffers[i]!, feeds[i]!);
      if (pending) await pending;
    }
    const started = this.#mayBeLong ? performance.now() : 0;
    await this.#launchAll(launches, options);
    const pending = backend.finish?.();
    if (pending) await pending;
    const results = await this.#results(variables);
    // Where the host waits for the work, the event loop turns anyway.
    if (this.#mayBeLong) this.#setStride(launches.length, pending === undefined ? performance.now() - started : 0);
    return results;
  }

  async #load(): Promise<Launch<B>[]> {
    const { table } = this.#context;
    await table.load(this.#program);
    return (this.#launches = table.prepare(this.#program, this.#plan));
  }

  /** Before the first run: allocates constants, and values where there is no arena. */
  async #allocate(): Promise<void> {
    const { options, memory } = this.#context;
    const { own } = this;
    for (const { shape, values } of this.#program.constants.slice(own.constants.length)) {
      const buffer = await memory.reserve(sizeOf(shape));
      own.constants.push(buffer);
      await options.upload(buffer, values);
    }
    if (options.slice === undefined)
      own.values ??= wholeBuffers(this.#program, this.#plan, (length) => memory.allocate(length));
    this.#isReady = true;
  }

  /** Gives every value its buffer. From run to run only variables change, unless the arena has grown. */
  #bind(launches: readonly Launch<B>[], variables: readonly Storage[]): void {
    const { options, memory } = this.#context;
    const buffers = this.#buffers;
    const arena = this.own.peak > 0 ? memory.arena : undefined;
    if (!this.#isBound || arena !== this.#arena) {
      this.#isBound = false;
      this.#plan.places.forEach((place, value) => {
        if (place.in === "constant") buffers[value] = this.own.constants[place.index]!;
        else if (place.in === "arena")
          buffers[value] =
            this.own.values?.[value] ?? options.slice!(arena!, place.offset, sizeOf(this.#shapes[value]!));
      });
      this.#arena = arena;
    }
    for (let i = 0; i < this.#inVariables.length; i++) {
      const { value, index } = this.#inVariables[i]!;
      const buffer = this.#context.variables.open(variables[index]!);
      if (buffers[value] !== buffer) this.#isBound = false;
      buffers[value] = buffer;
    }
    if (this.#isBound) return;
    for (const { step, from, results, others } of launches) {
      step.inputs.forEach((value, k) => (from[k] = buffers[value]!));
      results.forEach((value, k) => (others[k] = buffers[value]!));
    }
    this.#isBound = true;
  }

  async #launchAll(launches: readonly Launch<B>[], { signal, onInstruction }: RunOptions): Promise<void> {
    const { options } = this.#context;
    let turn = signal || this.#mayBeLong ? performance.now() : 0;
    for (let i = 0; i < launches.length; i++) {
      const each = launches[i]!;
      try {
        const pending = onInstruction ? this.#timeLaunch(each, onInstruction) : this.#launch(each);
        if (pending) await pending;
      } catch (cause) {
        throw this.#failure(each.step, cause as Error);
      }
      if (this.#dead) for (const value of this.#dead[each.index]!) options.release?.(this.#buffers[value]!);
      const canStop = signal !== undefined && each.index < this.#plan.commits;
      if (!canStop && (i + 1) % this.#stride !== 0) continue;
      const pending = options.finish?.();
      if (pending) await pending;
      turn = await turnSince(turn);
      if (canStop) signal.throwIfAborted();
    }
  }

  #launch({ launch, value, isUpdate, from, others }: Launch<B>): void | Promise<void> {
    const { options } = this.#context;
    const buffer = this.#buffers[value]!;
    const pending = launch(from, buffer, others);
    if (pending) return isUpdate ? pending.then(() => options.updated?.(buffer)) : pending;
    if (isUpdate) options.updated?.(buffer);
  }

  async #timeLaunch(each: Launch<B>, onInstruction: NonNullable<RunOptions["onInstruction"]>): Promise<void> {
    const began = performance.now();
    await this.#launch(each);
    await this.#context.options.finish?.();
    onInstruction(each.index, performance.now() - began);
  }

  #failure({ operation, shape, site, scope }: Instruction, cause: Error): BackendError {
    const line = site === undefined ? "" : ` (${site})`;
    return new BackendError({
      ...scope,
      operation,
      problem: `${this.#context.options.name} failed to compute ${showShape(shape)}${line}: ${cause.message}`,
      cause,
    });
  }

  /** Reads the outputs, then copies the updates that were not computed in place. */
  async #results(variables: readonly Storage[]): Promise<Values[]> {
    const { options, variables: blocks } = this.#context;
    const outputs = this.#program.outputs.map((value) => options.download(this.#buffers[value]!));
    const results = outputs.some((output) => output instanceof Promise)
      ? await Promise.all(outputs)
      : (outputs as Values[]);
    for (const { variable, value } of this.#plan.copies)
      options.copy(this.#buffers[value]!, blocks.open(variables[variable]!));
    return results;
  }

  /** Lets the event loop turn twice in each {@link TURN} of the next run, if this one blocked it for longer than that. */
  #setStride(count: number, blocked: number): void {
    this.#stride = blocked > TURN ? Math.max(1, Math.floor((count * TURN) / (2 * blocked))) : Infinity;
  }

  /** After a failed run: nothing of it is left to the next one, and the arena is freed, since there may have been no room for it. */
  #giveUp(error: unknown): never {
    const { options, memory } = this.#context;
    options.abandon?.();
    memory.dropArena();
    throw error;
  }

  /** After every run: releases the buffers that only a run needs. */
  #letGo(): void {
    const { options } = this.#context;
    if (this.#dead) for (const buffer of new Set(this.own.values)) if (buffer !== undefined) options.release?.(buffer);
    if (options.isHandle) return;
    this.#buffers.length = 0;
    for (const { from, others } of this.#launches ?? []) from.length = others.length = 0;
    this.#arena = undefined;
    this.#isBound = false;
  }
}

/** Lets the event loop turn if the last turn was some time ago. Returns the time of the last turn. */
async function turnSince(last: number): Promise<number> {
  if (performance.now() - last <= TURN) return last;
  await nextTurn();
  return performance.now();
}
