import { BackendError } from "@convlens/backend";
import { instantiate } from "./assembler/module.ts";
import type { Crew, ModuleBytes } from "./crew.ts";
import { execute, type WasmFunction } from "./execute.ts";
import type { Block, Heap } from "./heap.ts";
import { member, type Beginning } from "./member.ts";
import { mayWait, startThread, type Thread } from "./platform.ts";

/** After so many milliseconds without progress the thread that waits lets others have their turn. */
const PATIENCE = 200;
/** After so many losses threads are not started again. */
const MOST_LOSSES = 3;

/** Places of {@link Beginning} in the block that it lies in. */
const [EPOCH, READY, DIRECTORY, LISTS] = [0, 16, 32, 48];

/** A module that lies in the memory, as {@link Beginning.directory} says. */
interface Published {
  readonly block: Block;
  /** Of this module alone. */
  readonly serial: number;
  /** Of its functions, those that may still be called. */
  living: number;
}

/** The other threads, started when they are first needed. Where this thread may not wait, it takes no part itself. */
export class Helpers implements Crew {
  readonly #heap: Heap;
  readonly #threads: number;
  readonly #isPage: boolean = !mayWait();
  /** For this thread, where it takes part. */
  readonly #functions: (WasmFunction | undefined)[] = [];
  readonly #functionOf = (index: number): WasmFunction => this.#functions[index]!;
  /** The module of each function. */
  readonly #modules: (Published | undefined)[] = [];
  #serial = 0;
  #directory: Block | undefined;
  /** One more than there are threads, each of which looks at one list at most: so one is always free. */
  readonly #lists: (Block | undefined)[];
  #control: Block | undefined;
  #helpers: Thread<Beginning>[] = [];
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

  /** Lays a module, with the functions of these numbers, where other threads find it. */
  publish(module: ModuleBytes, numbers: readonly number[]): void {
    if (!this.#isPage) instantiate(module, this.#heap.memory).forEach((run, i) => (this.#functions[numbers[i]!] = run));
    const head = [module.length, numbers.length, ...numbers];
    const block = this.#heap.allocate(head.length + Math.ceil(module.length / 4));
    this.#words.set(head, block.start / 4);
    new Uint8Array(this.#heap.memory.buffer).set(module, block.start + 4 * head.length);
    const published: Published = { block, serial: ++this.#serial, living: numbers.length };
    for (const number of numbers) this.#modules[number] = published;
    // An outgrown directory stays: another thread may be reading it.
    const length = 2 * this.#modules.length;
    if (this.#directory === undefined || this.#directory.length < length) {
      this.#directory = this.#heap.allocate(Math.max(512, 2 * length));
      if (this.#control !== undefined) this.#words[this.#control.start / 4 + DIRECTORY] = this.#directory.start / 4;
      for (const number of this.#modules.keys()) this.#enter(number);
    } else for (const number of numbers) this.#enter(number);
  }
  #enter(number: number): void {
    const published = this.#modules[number];
    if (published === undefined) return;
    this.#words.set([published.block.start / 4, published.serial], this.#directory!.start / 4 + 2 * number);
  }

  /** Other threads let go of it when its number is given to another function, and of its module when it has none left. */
  forget(number: number): void {
    const published = this.#modules[number];
    this.#modules[number] = undefined;
    this.#functions[number] = undefined;
    if (published !== undefined && --published.living === 0) this.#heap.free(published.block);
  }

  #start(): void {
    this.#lost = undefined;
    const length = LISTS + 3 * this.#lists.length;
    // A thread that is just being ended may still write into earlier ones.
    this.#lists.fill(undefined);
    this.#control = this.#heap.allocate(length);
    const control = this.#control.start / 4;
    const words = this.#words;
    words.fill(0, control, control + length);
    words[control + DIRECTORY] = this.#directory!.start / 4;
    const beginning: Beginning = {
      memory: this.#heap.memory,
      epoch: control + EPOCH,
      ready: control + READY,
      lists: control + LISTS,
      directory: control + DIRECTORY,
      first: this.#isPage ? 0 : 1,
    };
    this.#helpers = Array.from({ length: this.#threads - beginning.first }, () =>
      startThread(member, {
        onMessage: (message) => (message === "ready" ? this.#onReady?.() : this.#onDone?.()),
        onLost: (reason) => {
          this.#lost ??= reason;
          this.#onLost?.(reason);
        },
      }),
    );
    for (const helper of this.#helpers) helper.send(beginning);
  }

  run(list: Int32Array, isForMany: boolean): void | Promise<void> {
    if (this.#isPage) return this.#runElsewhere(list, isForMany);
    if (this.#lost !== undefined) this.#replace(this.#lost);
    if (!isForMany || this.#losses > MOST_LOSSES) {
      execute(list, 0, list.length, this.#functionOf, 0, true, true, Infinity);
      return;
    }
    if (this.#helpers.length === 0) this.#start();
    const [from, end] = this.#publishList(list, this.#threads);
    const words = this.#words;
    const at = execute(words, from, end, this.#functionOf, 0, false, true, PATIENCE);
    if (at < end) return this.#goOn(words, at, end);
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
    // First nobody is called to any list: a thread that comes late for the last one either is counted below, or sees this and goes.
    Atomics.store(this.#words, control + EPOCH, this.#turn << 16);
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
  async #goOn(words: Int32Array, from: number, end: number): Promise<void> {
    for (let at = from; at < end;) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#throwIfLost();
      at = execute(words, at, end, this.#functionOf, 0, false, true, PATIENCE);
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
