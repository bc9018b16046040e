import type { Values } from "@convlens/backend";
import { plainMachine, type Body, type Machine } from "./assembler/function.ts";
import { instantiate } from "./assembler/module.ts";
import { CallList, type Argument } from "./callList.ts";
import { MOST_ARGUMENTS, type WasmFunction } from "./execute.ts";
import type { Executor } from "./executor.ts";
import { FunctionCompiler } from "./functionCompiler.ts";
import { Heap, type Block } from "./heap.ts";
import { LruCache } from "./lruCache.ts";
import { PreparedWeights } from "./preparedWeights.ts";
import type { RemoteExecutor } from "./remoteExecutor.ts";
import { ThreadPool } from "./threadPool.ts";

/** A compiled function. Its calls may be recorded, and made when {@link Runtime.finish} is called. */
export interface CompiledFunction {
  /** Calls it once. */
  readonly call: (...args: number[]) => void;
  /** Calls it `calls` times, on all threads: no call may read what another one writes. */
  readonly callMany: (calls: number, ...args: Argument[]) => void;
}

/** Which convolutions use Winograd's algorithm: none, those where it is faster, or all that can. */
export type WinogradUse = "never" | "auto" | "always";

/** Words in the memory, which are freed when this object is collected. */
export interface Table {
  /** Address of the first word. */
  readonly start: number;
}

/** Options of {@link Runtime}. */
export interface RuntimeOptions {
  /** Number of threads. Default: 1. */
  readonly threads?: number;
  /** Whether the memory is shared with other threads. Default: whether there are several. */
  readonly isShared?: boolean;
  /** Machine to generate code for. Default: {@link plainMachine}. */
  readonly machine?: Machine;
  /** Default: `"auto"`. */
  readonly winograd?: WinogradUse;
  /** A worker that owns the memory and computes in place of threads here. */
  readonly remote?: RemoteExecutor | undefined;
}

/** Number of functions and of tables that are cached. Programs hold those that they use. */
const CACHED = 512;

/** Ends the threads of a runtime that was collected. An executor refers to the memory, but not to the runtime. */
const executors = /* @__PURE__ */ new FinalizationRegistry((executor: Executor) => executor.end());

/**
 * What the kernels of a backend share: memory, compiled functions, and the threads that call them. Results do not depend on the
 * number of threads.
 */
export class Runtime {
  readonly heap: Heap;
  readonly preparedWeights: PreparedWeights;
  readonly threads: number;
  readonly machine: Machine;
  readonly winograd: WinogradUse;
  readonly #functions = new LruCache<CompiledFunction>(CACHED);
  readonly #tables = new LruCache<Table>(CACHED);
  readonly #compiler: FunctionCompiler;
  // A function or table that was collected belongs to no program, and is not used any more.
  readonly #collectedFunctions = new FinalizationRegistry((index: number) => this.#drop(index));
  readonly #collectedTables = new FinalizationRegistry((block: Block) => this.heap.free(block));
  #clearing: CompiledFunction | undefined;
  #scratch: Block | undefined;
  /** Earlier scratch memory, which recorded calls may still use. */
  readonly #outgrown: Block[] = [];
  readonly #calls = new CallList();
  readonly #remote: RemoteExecutor | undefined;
  /** Absent on a single thread, where calls are made at once. */
  readonly #executor: Executor | undefined;
  /** Functions by number, where there is no executor. */
  readonly #here: (WasmFunction | undefined)[] = [];

  constructor({
    threads = 1,
    isShared = threads > 1,
    machine = plainMachine,
    winograd = "auto",
    remote,
  }: RuntimeOptions = {}) {
    this.threads = threads;
    this.machine = machine;
    this.winograd = winograd;
    this.heap = remote?.heap ?? new Heap(isShared ? "shared" : "here");
    this.preparedWeights = new PreparedWeights(this.heap);
    this.#remote = remote;
    const executor = remote ?? (isShared ? new ThreadPool(this.heap, threads) : undefined);
    this.#executor = executor;
    if (executor !== undefined) executors.register(this, executor);
    this.#compiler = new FunctionCompiler({
      isShared,
      machine,
      publish: (module, numbers) =>
        executor === undefined
          ? instantiate(module, this.heap.memory).forEach((run, i) => (this.#here[numbers[i]!] = run))
          : executor.publish(module, numbers),
    });
  }

  /**
   * Returns the address of scratch memory, valid until the kernel returns.
   *
   * @param length - Numbers for all threads together.
   * @param perThread - Further numbers for each thread.
   */
  scratch(length: number, perThread = 0): number {
    const wanted = length + this.threads * perThread;
    if (this.#scratch === undefined || this.#scratch.length < wanted) {
      if (this.#scratch !== undefined) this.#outgrown.push(this.#scratch);
      this.#scratch = undefined;
      if (this.#calls.isEmpty) this.#freeOutgrown();
      this.#scratch = this.heap.allocate(wanted);
    }
    return this.#scratch.start;
  }

  /** Returns these words in the memory, written once for each key. Kernels hold the table as long as they use its address. */
  table(key: string, words: () => Int32Array): Table {
    return this.#tables.find(key, () => {
      const values = words();
      const block = this.heap.allocate(values.length);
      if (this.#remote !== undefined) this.#remote.write(block, values);
      else new Int32Array(this.heap.memory.buffer, block.start, values.length).set(values);
      const table: Table = { start: block.start };
      this.#collectedTables.register(table, block);
      return table;
    });
  }

  /** Copies numbers into a block. */
  write(block: Block, values: Values): void {
    if (this.#remote === undefined) this.heap.view(block).set(values);
    else this.#remote.write(block, values instanceof Float32Array ? values : new Float32Array(values));
  }

  /** Returns a copy of a block's numbers. */
  read(block: Block): Float32Array | Promise<Float32Array> {
    return this.#remote?.read(block) ?? this.heap.view(block).slice();
  }

  /** Copies between two blocks of the same length. */
  copy(from: Block, to: Block): void {
    if (this.#remote === undefined) this.heap.view(to).set(this.heap.view(from));
    else this.#remote.copy(from, to);
  }

  #freeOutgrown(): void {
    for (const block of this.#outgrown.splice(0)) this.heap.free(block);
  }

  /**
   * A function; written once for each key, and compiled before it is first called. Kernels ask for it when they are prepared, and
   * hold it as long as they call it.
   *
   * @param work - About how many elements or products one call computes: threads are not woken for less than they cost.
   */
  code(key: string, parameters: readonly string[], write: Body, work = 0): CompiledFunction {
    return this.#functions.find(key, () => {
      if (parameters.length > MOST_ARGUMENTS) throw new Error(`${key} has more than ${MOST_ARGUMENTS} parameters`);
      const index = this.#compiler.add(nameOf(key), parameters, write);
      const compiled =
        this.#executor === undefined
          ? new DirectFunction(() => this.#functionHere(index))
          : this.#recorded(index, work);
      this.#collectedFunctions.register(compiled, index);
      return compiled;
    });
  }

  #drop(index: number): void {
    this.#compiler.remove(index);
    this.#executor?.forget(index);
    this.#here[index] = undefined;
  }

  #functionHere(index: number): WasmFunction {
    if (this.#here[index] === undefined) this.#compiler.compile();
    return this.#here[index]!;
  }

  #recorded(index: number, work: number): CompiledFunction {
    const calls = this.#calls;
    return {
      call: (...args) => calls.add(index, { calls: 1, work }, args),
      callMany: (count, ...args) => calls.add(index, { calls: count, work }, args),
    };
  }

  /** Writes zeros from an address on. */
  clear(start: number, length: number): void {
    if (length === 0) return;
    const clearing = (this.#clearing ??= this.code("clear", ["from", "bytes"], (f, from, bytes) =>
      f.fill(from, bytes),
    ));
    // Large ranges are cleared by all threads, one page of memory at a time.
    const page = 65536;
    const pages = this.threads > 1 ? Math.floor((4 * length) / page) : 0;
    if (pages > 1) clearing.callMany(pages, [start, page], page);
    const done = pages > 1 ? pages * page : 0;
    if (4 * length > done) clearing.call(start + done, 4 * length - done);
  }

  /** Makes all recorded calls. */
  finish(): void | Promise<void> {
    if (this.#calls.isEmpty) return;
    this.#compiler.compile();
    const { list, isLarge } = this.#calls.take();
    const pending = this.#executor!.run(list, { isLarge });
    if (pending === undefined) return this.#freeOutgrown();
    return pending.finally(() => this.#freeOutgrown());
  }

  /** Drops all recorded calls, and frees the memory that they would have used. */
  abandon(): void {
    this.#calls.clear();
    // The calls that compute prepared weights may be among them.
    this.preparedWeights.clear();
    this.#freeOutgrown();
    if (this.#scratch !== undefined) this.heap.free(this.#scratch);
    this.#scratch = undefined;
  }

  /** Ends the other threads. */
  dispose(): void {
    this.#executor?.end();
  }
}

/** The words at the beginning of a key. */
const nameOf = (key: string): string => /^[a-z0-9 ]*[a-z0-9]/i.exec(key)?.[0].replaceAll(" ", "_") ?? "run";

/** A function that is called at once, on a single thread. */
class DirectFunction implements CompiledFunction {
  #run: WasmFunction | undefined;
  readonly #find: () => WasmFunction;
  // Reused by all calls: a new array for each would be garbage.
  readonly #args: number[] = [];

  constructor(find: () => WasmFunction) {
    this.#find = find;
  }

  get call(): WasmFunction {
    return (this.#run ??= this.#find());
  }

  callMany(calls: number, ...args: Argument[]): void {
    const { call: run } = this;
    for (let call = 0; call < calls; call++) {
      for (let k = 0; k < args.length; k++) {
        const each = args[k]!;
        this.#args[k] = typeof each === "number" ? each : each[0] + call * each[1];
      }
      run(...this.#args);
    }
  }
}
