import type { Kernel, KernelsOf, OperationName, Operations, Values } from "@convlens/backend";
import { plainMachine, type Machine } from "./assembler/function.ts";
import { instantiate } from "./assembler/module.ts";
import { asCount, CallList, strided, valueIn, type Argument, type Count } from "./callList.ts";
import { arityOf, defineFunction, keyOf, type FunctionDefinition, type TableDefinition } from "./defineFunction.ts";
import { MOST_ARGUMENTS, type WasmFunction } from "./execute.ts";
import type { Executor } from "./executor.ts";
import { FunctionCompiler } from "./functionCompiler.ts";
import { after, BYTES, Heap, type Address, type Block } from "./heap.ts";
import { LruCache } from "./lruCache.ts";
import { PreparedWeights } from "./preparedWeights.ts";
import type { RemoteExecutor } from "./remoteExecutor.ts";
import { ThreadPool } from "./threadPool.ts";

/** A compiled function. Its calls may be recorded, and made when {@link Runtime.finish} is called. */
export interface CompiledFunction {
  /** Calls it once. */
  readonly call: (...args: (Address | Count)[]) => void;
  /** Calls it `calls` times, on all threads: no call may read what another one writes. */
  readonly callMany: (calls: number, ...args: Argument[]) => void;
}

/** A kernel of the operation `K`. */
export type CpuKernel<K extends OperationName> = Kernel<Block, Operations[K]>;
/** A kernel for each of the operations `K`. */
export type CpuKernels<K extends OperationName> = KernelsOf<Block, K>;

/** Which convolutions use Winograd's algorithm: none, those where it is faster, or all that can. */
export type WinogradUse = "never" | "auto" | "always";

/** Words in the memory, which are freed when this object is collected. */
export interface Table {
  readonly start: Address;
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

/** Numbers that a thread clears at a time: a page of memory. */
const PART = 16384;
const clear = defineFunction({
  name: "clear",
  write: (f, _: object, from, bytes) => f.clearBytes(from, bytes),
});

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
  scratch(length: number, perThread = 0): Address {
    const wanted = length + this.threads * perThread;
    if (this.#scratch === undefined || this.#scratch.length < wanted) {
      if (this.#scratch !== undefined) this.#outgrown.push(this.#scratch);
      this.#scratch = undefined;
      if (this.#calls.isEmpty) this.#freeOutgrown();
      this.#scratch = this.heap.allocate(wanted);
    }
    return this.#scratch.start;
  }

  /** Returns a table in the memory. Kernels hold it as long as they use its address. */
  table<P>(definition: TableDefinition<P>, parameters: P): Table {
    return this.#tables.find(keyOf(definition, parameters), () => {
      const values = definition.words(parameters);
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
    this.preparedWeights.invalidate(block);
    if (this.#remote === undefined) this.heap.view(block).set(values);
    else this.#remote.write(block, values instanceof Float32Array ? values : new Float32Array(values));
  }

  /** Returns a copy of a block's numbers. */
  read(block: Block): Float32Array | Promise<Float32Array> {
    return this.#remote?.read(block) ?? this.heap.view(block).slice();
  }

  /** Copies between two blocks of the same length. */
  copy(from: Block, to: Block): void {
    this.preparedWeights.invalidate(to);
    if (this.#remote === undefined) this.heap.view(to).set(this.heap.view(from));
    else this.#remote.copy(from, to);
  }

  #freeOutgrown(): void {
    for (const block of this.#outgrown.splice(0)) this.heap.free(block);
  }

  /**
   * Returns a function for these parameters, which is written at once, and compiled before it is first called. Kernels ask for it
   * when they are prepared, and hold it as long as they call it.
   */
  compile<P>(definition: FunctionDefinition<P>, parameters: P): CompiledFunction {
    const key = keyOf(definition, parameters);
    return this.#functions.find(key, () => {
      const arity = arityOf(definition, parameters);
      if (arity > MOST_ARGUMENTS) throw new Error(`${key} has more than ${MOST_ARGUMENTS} arguments`);
      const name = definition.name.replaceAll(" ", "_");
      const index = this.#compiler.add(name, arity, (f, ...args) => definition.write(f, parameters, ...args));
      const work = definition.work?.(parameters) ?? 0;
      const compiled =
        this.#executor === undefined ? directFunction(() => this.#functionHere(index)) : this.#recorded(index, work);
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

  /** Writes `length` zeros from an address on. */
  clear(start: Address, length: number): void {
    if (length === 0) return;
    const clearing = (this.#clearing ??= this.compile(clear, {}));
    // Large ranges are cleared by all threads, one part each at a time.
    const parts = this.threads > 1 ? Math.floor(length / PART) : 0;
    if (parts > 1) clearing.callMany(parts, strided(start, PART), asCount(BYTES * PART));
    const done = parts > 1 ? parts * PART : 0;
    if (length > done) clearing.call(after(start, done), asCount(BYTES * (length - done)));
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

/** A function that is called at once, on a single thread; found by the first call. */
function directFunction(find: () => WasmFunction): CompiledFunction {
  let found: WasmFunction | undefined;
  // Reused by all calls: a new array for each would be garbage.
  const values: number[] = [];
  return {
    get call() {
      return (found ??= find());
    },
    callMany(calls, ...args) {
      const run = (found ??= find());
      for (let call = 0; call < calls; call++) {
        for (let k = 0; k < args.length; k++) values[k] = valueIn(args[k]!, call);
        run(...values);
      }
    },
  };
}
