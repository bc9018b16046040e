import type { Values } from "@convlens/backend";
import { plainMachine, type Body, type Machine } from "./assembler/function.ts";
import { instantiate } from "./assembler/module.ts";
import type { Crew } from "./crew.ts";
import { MOST_ARGUMENTS, type WasmFunction } from "./execute.ts";
import { Functions } from "./functions.ts";
import { Heap, type Block } from "./heap.ts";
import { Helpers } from "./helpers.ts";
import { Kept } from "./kept.ts";
import { Recent } from "./recent.ts";
import type { Remote } from "./remote.ts";

/** Where an argument begins, and by how many bytes it differs from call to call and from thread to thread. */
export type Argument = number | readonly [start: number, perCall: number, perThread?: number];

/** A compiled function. It is called in its turn, but perhaps not at once: before {@link Team.finish} is through. */
export interface Code {
  /** Calls it once. */
  readonly call: (...addresses: number[]) => void;
  /** Calls it so many times, by all threads together: no call may read what another one writes. */
  readonly each: (calls: number, ...args: Argument[]) => void;
}

/** Whether convolutions are computed by Winograd's algorithm. */
export type UseOfWinograd = "never" | "auto" | "always";
/** Words in the memory, which stay there as long as someone holds this. */
export interface Table {
  /** Address of the first. */
  readonly start: number;
}

/** What a {@link Team} may be told. */
export interface TeamOptions {
  readonly machine?: Machine;
  readonly winograd?: UseOfWinograd;
  /** A worker that has the memory and does the work, in place of threads here. */
  readonly remote?: Remote | undefined;
}

/** Compiled functions and tables that are kept to be used again, those used last; programs hold their own. */
const KEPT = 512;
/** Numbers or products that others are woken for: some 50 µs of work. */
const WORTH_WAKING = 1_000_000;

/** Ends the threads of a team that nobody can reach any more. They know their memory, but not the team. */
const crews = /* @__PURE__ */ new FinalizationRegistry((crew: Crew) => crew.end());

/** The threads of a backend and what they share: runs kernels, alone or together. Results do not depend on their number. */
export class Team {
  readonly heap: Heap;
  readonly kept: Kept;
  /** At most so many take part. */
  readonly threads: number;
  readonly machine: Machine;
  readonly winograd: UseOfWinograd;
  readonly #codes = new Recent<Code>(KEPT);
  readonly #tables = new Recent<Table>(KEPT);
  readonly #functions: Functions;
  // What nobody holds any more, no program either, is called and read no more.
  readonly #droppedCodes = new FinalizationRegistry((index: number) => this.#dropCode(index));
  readonly #droppedTables = new FinalizationRegistry((block: Block) => this.heap.free(block));
  #clearing: Code | undefined;
  #scratch: Block | undefined;
  /** Earlier ones, which steps that are not done yet may still use. */
  readonly #outgrown: Block[] = [];
  /** Steps to be done, as {@link execute} wants them. */
  #list = new Int32Array(4096);
  /** So many of its words count. */
  #length = 0;
  /** Work that can be shared. */
  #shared = 0;
  readonly #remote: Remote | undefined;
  /** Where there is none, a call is a call. */
  readonly #crew: Crew | undefined;
  /** Functions by their numbers, where there is no crew. */
  readonly #here: (WasmFunction | undefined)[] = [];

  constructor(
    threads = 1,
    isShared: boolean = threads > 1,
    { machine = plainMachine, winograd = "auto", remote }: TeamOptions = {},
  ) {
    this.threads = threads;
    this.machine = machine;
    this.winograd = winograd;
    this.heap = remote?.heap ?? new Heap(isShared ? "shared" : "here");
    this.kept = new Kept(this.heap);
    this.#remote = remote;
    const crew = remote ?? (isShared ? new Helpers(this.heap, threads) : undefined);
    this.#crew = crew;
    if (crew !== undefined) crews.register(this, crew);
    this.#functions = new Functions({
      isShared,
      machine,
      publish: (module, numbers) =>
        crew === undefined
          ? instantiate(module, this.heap.memory).forEach((run, i) => (this.#here[numbers[i]!] = run))
          : crew.publish(module, numbers),
    });
  }

  /** An address from which on so many numbers can be used until the kernel returns, and so many more by each thread. */
  scratch(length: number, perThread = 0): number {
    const wanted = length + this.threads * perThread;
    if (this.#scratch === undefined || this.#scratch.length < wanted) {
      if (this.#scratch !== undefined) this.#outgrown.push(this.#scratch);
      this.#scratch = undefined;
      if (this.#length === 0) this.#freeOutgrown();
      this.#scratch = this.heap.allocate(wanted);
    }
    return this.#scratch.start;
  }

  /** These words in the memory; laid down once for each key. Kernels hold the table as long as they use its address. */
  table(key: string, words: () => Int32Array): Table {
    return this.#tables.find(key, () => {
      const values = words();
      const block = this.heap.allocate(values.length);
      if (this.#remote !== undefined) this.#remote.write(block, values);
      else new Int32Array(this.heap.memory.buffer, block.start, values.length).set(values);
      const table: Table = { start: block.start };
      this.#droppedTables.register(table, block);
      return table;
    });
  }

  /** Copies numbers into a block. */
  write(block: Block, values: Values): void {
    if (this.#remote === undefined) this.heap.view(block).set(values);
    else this.#remote.write(block, values instanceof Float32Array ? values : new Float32Array(values));
  }

  /** Copies them out. */
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
   * @param work - About how many numbers or products one call computes: threads are not woken for less than they cost.
   */
  code(key: string, parameters: readonly string[], write: Body, work = 0): Code {
    return this.#codes.find(key, () => {
      if (parameters.length > MOST_ARGUMENTS) throw new Error(`${key} has more than ${MOST_ARGUMENTS} parameters`);
      const index = this.#functions.add(nameOf(key), parameters, write);
      const code = this.#crew === undefined ? new Direct(() => this.#functionHere(index)) : this.#recorded(index, work);
      this.#droppedCodes.register(code, index);
      return code;
    });
  }

  #dropCode(index: number): void {
    this.#functions.remove(index);
    this.#crew?.forget(index);
    this.#here[index] = undefined;
  }

  #functionHere(index: number): WasmFunction {
    if (this.#here[index] === undefined) this.#functions.compile();
    return this.#here[index]!;
  }

  #recorded(index: number, work: number): Code {
    return {
      call: (...addresses) => {
        this.#note(index, 1, addresses.length);
        for (let k = 0; k < addresses.length; k++) this.#noteArgument(addresses[k]!, 0, 0);
      },
      each: (calls, ...args) => {
        if (calls === 0) return;
        if (calls > 1) this.#shared += calls * work;
        this.#note(index, calls, args.length);
        for (let k = 0; k < args.length; k++) {
          const each = args[k]!;
          if (typeof each === "number") this.#noteArgument(each, 0, 0);
          else this.#noteArgument(each[0], each[1], each[2] ?? 0);
        }
      },
    };
  }

  /** The head of a step, and room for its arguments. */
  #note(index: number, calls: number, args: number): void {
    if (this.#length + 5 + 3 * args > this.#list.length) {
      const grown = new Int32Array(2 * this.#list.length);
      grown.set(this.#list);
      this.#list = grown;
    }
    const at = this.#length;
    this.#list[at] = index;
    this.#list[at + 1] = calls;
    this.#list[at + 2] = args;
    this.#list[at + 3] = 0;
    this.#list[at + 4] = 0;
    this.#length = at + 5;
  }
  #noteArgument(start: number, perCall: number, perThread: number): void {
    const at = this.#length;
    this.#list[at] = start;
    this.#list[at + 1] = perCall;
    this.#list[at + 2] = perThread;
    this.#length = at + 3;
  }

  /** Zeros from an address on. */
  clear(start: number, length: number): void {
    if (length === 0) return;
    const code = (this.#clearing ??= this.code("clear", ["from", "bytes"], (f, from, bytes) => f.fill(from!, bytes!)));
    // Large stretches are done by all; a page of memory at a time.
    const page = 65536;
    const pages = this.threads > 1 ? Math.floor((4 * length) / page) : 0;
    if (pages > 1) code.each(pages, [start, page], page);
    const done = pages > 1 ? pages * page : 0;
    if (4 * length > done) code.call(start + done, 4 * length - done);
  }

  /** Does all that was asked for. */
  finish(): void | Promise<void> {
    if (this.#length === 0) return;
    this.#functions.compile();
    const list = this.#list.subarray(0, this.#length);
    this.#length = 0;
    const isForMany = this.#shared > WORTH_WAKING;
    this.#shared = 0;
    const pending = this.#crew!.run(list, isForMany);
    if (pending === undefined) return this.#freeOutgrown();
    return pending.finally(() => this.#freeOutgrown());
  }

  /** Forgets what was asked for and is not done, and gives back what it would have used. */
  abandon(): void {
    this.#length = 0;
    this.#shared = 0;
    // What should have been kept may not have been computed.
    this.kept.clear();
    this.#freeOutgrown();
    if (this.#scratch !== undefined) this.heap.free(this.#scratch);
    this.#scratch = undefined;
  }

  /** Ends the other threads. */
  dispose(): void {
    this.#crew?.end();
  }
}

/** The words at the beginning of a key. */
const nameOf = (key: string): string => /^[a-z0-9 ]*[a-z0-9]/i.exec(key)?.[0].replaceAll(" ", "_") ?? "run";

/** On one thread a call is a call. */
class Direct implements Code {
  #run: WasmFunction | undefined;
  readonly #find: () => WasmFunction;
  // As many as it has parameters: an array for each call would be garbage.
  readonly #at: number[] = [];

  constructor(find: () => WasmFunction) {
    this.#find = find;
  }

  get call(): WasmFunction {
    return (this.#run ??= this.#find());
  }

  each(calls: number, ...args: Argument[]): void {
    const { call: run } = this;
    const at = this.#at;
    for (let call = 0; call < calls; call++) {
      for (let k = 0; k < args.length; k++) {
        const each = args[k]!;
        at[k] = typeof each === "number" ? each : each[0] + call * each[1];
      }
      run(...at);
    }
  }
}
