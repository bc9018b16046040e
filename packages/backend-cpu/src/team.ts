import { BackendError } from "@convlens/backend";
import { plainMachine, type Machine } from "./assembler/function.ts";
import { instantiate, Module, type Body } from "./assembler/module.ts";
import { execute, MOST_ARGUMENTS, type WasmFunction } from "./execute.ts";
import { Heap, type Block } from "./heap.ts";
import { Kept } from "./kept.ts";
import { mayWait, startHelper, type Helper } from "./platform.ts";

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
/** What a {@link Team} may be told. */
export interface TeamOptions {
  readonly machine?: Machine;
  readonly winograd?: UseOfWinograd;
}

/** Compiled functions that are kept to be used again; programs keep their own. */
const KEPT = 2000;
/** Numbers or products that others are woken for: some 50 µs of work. */
const WORTH_WAKING = 1_000_000;
/** After so many milliseconds without progress the thread that waits lets others have their turn. */
const PATIENCE = 200;

/** The threads of a backend and what they share: runs kernels, alone or together. Results do not depend on their number. */
export class Team {
  readonly heap: Heap;
  readonly kept: Kept;
  /** At most so many take part. */
  readonly threads: number;
  readonly machine: Machine;
  readonly winograd: UseOfWinograd;
  readonly #codes = new Map<string, Code>();
  readonly #functions: WasmFunction[] = [];
  readonly #tables = new Map<string, Block>();
  #scratch: Block | undefined;
  /** Earlier ones, which steps that are not done yet may still use. */
  readonly #outgrown: Block[] = [];
  /** Steps to be done, as {@link execute} wants them. */
  #list = new Int32Array(4096);
  /** So many of its words count. */
  #length = 0;
  /** Work that can be shared. */
  #shared = 0;
  #helpers: Helpers | undefined;

  constructor(
    threads = 1,
    isShared: boolean = threads > 1,
    { machine = plainMachine, winograd = "auto" }: TeamOptions = {},
  ) {
    this.threads = threads;
    this.machine = machine;
    this.winograd = winograd;
    this.heap = new Heap(isShared);
    this.kept = new Kept(this.heap);
    if (isShared) this.#helpers = new Helpers(this.heap, threads);
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

  /** An address where these words lie as long as the backend lives; laid down once for each key. */
  table(key: string, words: () => Int32Array): number {
    let block = this.#tables.get(key);
    if (block === undefined) {
      const values = words();
      block = this.heap.allocate(values.length);
      new Int32Array(this.heap.memory.buffer, block.start, values.length).set(values);
      this.#tables.set(key, block);
    }
    return block.start;
  }

  #freeOutgrown(): void {
    for (const block of this.#outgrown.splice(0)) this.heap.free(block);
  }

  /**
   * A function; written and compiled once for each key.
   *
   * @param work - About how many numbers or products one call computes: threads are not woken for less than they cost.
   */
  code(key: string, parameters: readonly string[], write: Body, work = 0): Code {
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    if (parameters.length > MOST_ARGUMENTS) throw new Error(`${key} has more than ${MOST_ARGUMENTS} parameters`);
    const options = { isShared: this.#helpers !== undefined, machine: this.machine };
    const { bytes } = new Module(nameOf(key), parameters, write, options);
    const run = instantiate(bytes, this.heap.memory);
    const code = this.#helpers === undefined ? direct(run) : this.#recorded(run, bytes, work, this.#helpers);
    this.#codes.set(key, code);
    const [oldest] = this.#codes.keys();
    if (this.#codes.size > KEPT) this.#codes.delete(oldest!);
    return code;
  }

  #recorded(run: WasmFunction, bytes: Uint8Array, work: number, helpers: Helpers): Code {
    const index = this.#functions.push(run) - 1;
    helpers.publish(bytes);
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
    const code = this.code("clear", ["from", "bytes"], (f, from, bytes) => f.fill(from!, bytes!));
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
    const list = this.#list.subarray(0, this.#length);
    this.#length = 0;
    const isForMany = this.#shared > WORTH_WAKING;
    this.#shared = 0;
    const pending = this.#helpers!.run(list, (index) => this.#functions[index]!, isForMany);
    if (pending === undefined) return this.#freeOutgrown();
    // What should have been kept may not have been computed.
    return pending
      .catch((error: unknown) => {
        this.kept.clear();
        throw error;
      })
      .finally(() => this.#freeOutgrown());
  }

  /** Ends the other threads. */
  dispose(): void {
    this.#helpers?.end();
  }
}

/** The words at the beginning of a key. */
const nameOf = (key: string): string => /^[a-z0-9 ]*[a-z0-9]/i.exec(key)?.[0].replaceAll(" ", "_") ?? "run";

/** On one thread a call is a call. */
function direct(run: WasmFunction): Code {
  // As many as it has parameters: an array for each call would be garbage.
  const at: number[] = [];
  return {
    call: run,
    each: (calls, ...args) => {
      for (let call = 0; call < calls; call++) {
        for (let k = 0; k < args.length; k++) {
          const each = args[k]!;
          at[k] = typeof each === "number" ? each : each[0] + call * each[1];
        }
        run(...at);
      }
    },
  };
}

/** After so many losses threads are not started again. */
const MOST_LOSSES = 3;

/** Places of {@link Beginning} in the block that it lies in. */
const [EPOCH, READY, DIRECTORY, LISTS] = [0, 16, 32, 48];

/** The other threads, started when they are first needed. Where this thread may not wait, it takes no part itself. */
class Helpers {
  readonly #heap: Heap;
  readonly #threads: number;
  readonly #isPage: boolean = !mayWait();
  readonly #modules: { readonly start: number; readonly length: number }[] = [];
  #directory: Block | undefined;
  /** One more than there are threads, each of which looks at one list at most: so one is always free. */
  readonly #lists: (Block | undefined)[];
  #control: Block | undefined;
  #helpers: Helper[] = [];
  #turn = 0;
  #lost: string | undefined;
  /** How often threads had to be started anew. */
  #losses = 0;
  #onReady: (() => void) | undefined;
  #onDone: (() => void) | undefined;
  #onLost: ((reason: string) => void) | undefined;

  constructor(heap: Heap, threads: number) {
    this.#heap = heap;
    this.#threads = threads;
    this.#lists = new Array<undefined>(threads + 1).fill(undefined);
  }

  get #words(): Int32Array {
    return new Int32Array(this.#heap.memory.buffer);
  }

  /** Lays a module where other threads find it. */
  publish(bytes: Uint8Array): void {
    const block = this.#heap.allocate(Math.ceil(bytes.length / 4));
    new Uint8Array(this.#heap.memory.buffer).set(bytes, block.start);
    const index = this.#modules.push({ start: block.start, length: bytes.length }) - 1;
    // An outgrown directory stays: another thread may be reading it.
    if (this.#directory === undefined || this.#directory.length < 2 * (index + 1)) {
      this.#directory = this.#heap.allocate(Math.max(256, 4 * (index + 1)));
      this.#modules.forEach((module, i) => this.#enter(i, module));
      if (this.#control !== undefined) this.#words[this.#control.start / 4 + DIRECTORY] = this.#directory.start / 4;
    } else this.#enter(index, this.#modules[index]!);
  }
  #enter(index: number, { start, length }: { start: number; length: number }): void {
    this.#words.set([start, length], this.#directory!.start / 4 + 2 * index);
  }

  #start(): void {
    this.#lost = undefined;
    const length = LISTS + 3 * this.#lists.length;
    // A thread that is just being ended may still write into an earlier one.
    this.#control = this.#heap.allocate(length);
    const control = this.#control.start / 4;
    const words = this.#words;
    words.fill(0, control, control + length);
    words[control + DIRECTORY] = this.#directory!.start / 4;
    const beginning = {
      memory: this.#heap.memory,
      epoch: control + EPOCH,
      ready: control + READY,
      lists: control + LISTS,
      directory: control + DIRECTORY,
      first: this.#isPage ? 0 : 1,
    };
    this.#helpers = Array.from({ length: this.#threads - beginning.first }, () =>
      startHelper(beginning, {
        onMessage: (message) => (message === "ready" ? this.#onReady?.() : this.#onDone?.()),
        onLost: (reason) => {
          this.#lost ??= reason;
          this.#onLost?.(reason);
        },
      }),
    );
  }

  run(list: Int32Array, functionOf: (index: number) => WasmFunction, isForMany: boolean): void | Promise<void> {
    if (this.#isPage) return this.#runElsewhere(list, isForMany);
    if (this.#lost !== undefined) this.#replace(this.#lost);
    if (!isForMany || this.#losses > MOST_LOSSES) {
      execute(list, 0, list.length, functionOf, 0, true, true, Infinity);
      return;
    }
    if (this.#helpers.length === 0) this.#start();
    const [from, end] = this.#publishList(list, this.#threads);
    const words = this.#words;
    const at = execute(words, from, end, functionOf, 0, false, true, PATIENCE);
    if (at < end) return this.#goOn(words, at, end, functionOf);
  }

  /** Threads that end while nobody waits for them cost time, and no results. */
  #replace(reason: string): void {
    this.#losses++;
    const isLast = this.#losses > MOST_LOSSES && !this.#isPage;
    console.warn(
      `cpu: a thread ended (${reason}); ${isLast ? "the calling thread goes on alone" : "new ones take its place"}`,
    );
    this.end();
  }

  get #ready(): number {
    return Atomics.load(this.#words, this.#control!.start / 4 + READY);
  }

  /** Writes the list where nobody looks any more, and wakes so many threads. */
  #publishList(list: Int32Array, threads: number): [from: number, end: number] {
    const control = this.#control!.start / 4;
    const place = (index: number): number => control + LISTS + 3 * index;
    const index = this.#lists.findIndex((_, i) => Atomics.load(this.#words, place(i)) === 0);
    let block = this.#lists[index];
    if (block === undefined || block.length < list.length) {
      if (block !== undefined) this.#heap.free(block);
      this.#lists[index] = undefined;
      this.#lists[index] = block = this.#heap.allocate(Math.max(4096, 2 * list.length));
    }
    const words = this.#words;
    const from = block.start / 4;
    words.set(list, from);
    words[place(index) + 1] = from;
    words[place(index) + 2] = from + list.length;
    this.#turn = (this.#turn + 1) & 0xffff;
    Atomics.store(words, control + EPOCH, (this.#turn << 16) | (index << 8) | threads);
    Atomics.notify(words, control + EPOCH);
    return [from, from + list.length];
  }

  /** Waits on for others, but so that news of their end can come in. */
  async #goOn(
    words: Int32Array,
    from: number,
    end: number,
    functionOf: (index: number) => WasmFunction,
  ): Promise<void> {
    for (let at = from; at < end;) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#throwIfLost();
      at = execute(words, at, end, functionOf, 0, false, true, PATIENCE);
    }
  }

  /** On a page: another thread leads, and says when it is done. */
  async #runElsewhere(list: Int32Array, isForMany: boolean): Promise<void> {
    if (this.#lost !== undefined) this.#replace(this.#lost);
    if (this.#helpers.length === 0) this.#start();
    await new Promise<void>((resolve) => {
      this.#onLost = () => resolve();
      this.#onReady = () => resolve();
      if (this.#ready > 0 || this.#lost !== undefined) resolve();
    });
    this.#throwIfLost();
    await new Promise<void>((resolve) => {
      this.#onLost = () => resolve();
      this.#onDone = resolve;
      this.#publishList(list, isForMany ? this.#threads : 1);
    });
    this.#throwIfLost();
  }

  #throwIfLost(): void {
    const reason = this.#lost;
    if (reason === undefined) return;
    this.end();
    throw new BackendError(
      `cpu: a thread did not finish its work (${reason}); this run is lost, variables that it was updating may be half updated, and the next run starts new threads`,
      { expected: "a thread that works", got: reason, fix: "threads: 1, if it happens again" },
    );
  }

  end(): void {
    for (const helper of this.#helpers) helper.end();
    this.#helpers = [];
    this.#lost = undefined;
  }
}
