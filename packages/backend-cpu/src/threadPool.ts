import { BackendError } from "@convlens/backend";
import { instantiate } from "./assembler/module.ts";
import { execute, type WasmFunction } from "./execute.ts";
import type { Executor, ModuleBytes } from "./executor.ts";
import type { Block, Heap } from "./heap.ts";
import { mayWait, startThread, type Thread } from "./platform.ts";
import { poolThread, type PoolThreadSetup } from "./poolThread.ts";

/** Milliseconds without progress after which the waiting thread lets the event loop turn. */
const PATIENCE = 200;
/** Number of losses after which threads are not started again. */
const MOST_LOSSES = 3;

/** Offsets of the words of {@link PoolThreadSetup} in their block. */
const [EPOCH, READY, DIRECTORY, LISTS] = [0, 16, 32, 48];

/** A module that lies in the memory, as {@link PoolThreadSetup.directory} describes. */
interface Published {
  readonly block: Block;
  /** Unique number of the module. */
  readonly serial: number;
  /** Number of its functions that may still be called. */
  living: number;
}

/** A pool of threads over shared memory, started when it is first needed. A thread that may not wait takes no part itself. */
export class ThreadPool implements Executor {
  readonly #heap: Heap;
  readonly #size: number;
  readonly #isPage: boolean = !mayWait();
  /** Functions by number, for this thread if it takes part. */
  readonly #functions: (WasmFunction | undefined)[] = [];
  /** The module of each function. */
  readonly #modules: (Published | undefined)[] = [];
  #serial = 0;
  #directory: Block | undefined;
  /** One more than there are threads. Each thread reads at most one list, so one list is always free. */
  readonly #lists: (Block | undefined)[];
  #control: Block | undefined;
  #threads: Thread<PoolThreadSetup>[] = [];
  #turn = 0;
  #lost: string | undefined;
  /** Number of times that threads had to be replaced. */
  #losses = 0;
  #onReady: (() => void) | undefined;
  #onDone: (() => void) | undefined;
  #onLost: ((reason: string) => void) | undefined;

  /** @param size - Number of threads, including the calling thread if it takes part. */
  constructor(heap: Heap, size: number) {
    this.#heap = heap;
    this.#size = size;
    this.#lists = new Array<undefined>(size + 1).fill(undefined);
  }

  get #words(): Int32Array {
    return new Int32Array(this.#heap.memory.buffer);
  }

  publish(module: ModuleBytes, numbers: readonly number[]): void {
    if (!this.#isPage) instantiate(module, this.#heap.memory).forEach((run, i) => (this.#functions[numbers[i]!] = run));
    const head = [module.length, numbers.length, ...numbers];
    const block = this.#heap.allocate(head.length + Math.ceil(module.length / 4));
    this.#words.set(head, block.start / 4);
    new Uint8Array(this.#heap.memory.buffer).set(module, block.start + 4 * head.length);
    const published: Published = { block, serial: ++this.#serial, living: numbers.length };
    for (const number of numbers) this.#modules[number] = published;
    // An outgrown directory is not freed: another thread may be reading it.
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

  /** Frees a module with its last function. The other threads drop the function when its number is reused. */
  forget(number: number): void {
    const published = this.#modules[number];
    this.#modules[number] = undefined;
    this.#functions[number] = undefined;
    if (published !== undefined && --published.living === 0) this.#heap.free(published.block);
  }

  #start(): void {
    this.#lost = undefined;
    const length = LISTS + 3 * this.#lists.length;
    // A thread that is being ended may still write to earlier lists.
    this.#lists.fill(undefined);
    this.#control = this.#heap.allocate(length);
    const control = this.#control.start / 4;
    const words = this.#words;
    words.fill(0, control, control + length);
    words[control + DIRECTORY] = this.#directory!.start / 4;
    const setup: PoolThreadSetup = {
      memory: this.#heap.memory,
      epoch: control + EPOCH,
      ready: control + READY,
      lists: control + LISTS,
      directory: control + DIRECTORY,
      first: this.#isPage ? 0 : 1,
    };
    this.#threads = Array.from({ length: this.#size - setup.first }, () =>
      startThread(poolThread, {
        onMessage: (message) => (message === "ready" ? this.#onReady?.() : this.#onDone?.()),
        onLost: (reason) => {
          this.#lost ??= reason;
          this.#onLost?.(reason);
        },
      }),
    );
    for (const thread of this.#threads) thread.send(setup);
  }

  run(list: Int32Array, { isLarge }: { readonly isLarge: boolean }): void | Promise<void> {
    if (this.#isPage) return this.#runElsewhere(list, isLarge ? this.#size : 1);
    if (this.#lost !== undefined) this.#replace(this.#lost);
    const isAlone = !isLarge || this.#losses > MOST_LOSSES;
    if (isAlone) return void this.#take(list, { from: 0, end: list.length, isAlone });
    if (this.#threads.length === 0) this.#start();
    const { from, end } = this.#publishList(list, this.#size);
    const words = this.#words;
    const at = this.#take(words, { from, end, isAlone });
    if (at < end) return this.#wait(words, at, end);
  }

  /** Does this thread's part of a list; returns where it stopped. */
  #take(
    words: Int32Array,
    { from, end, isAlone }: { readonly from: number; readonly end: number; readonly isAlone: boolean },
  ): number {
    const functionOf = (index: number): WasmFunction => this.#functions[index]!;
    const patience = isAlone ? Infinity : PATIENCE;
    return execute({ words, from, end, functionOf, isAlone, patience });
  }

  /** Replaces threads that ended while no run was waiting for them: that costs time, but no results. */
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

  /** Copies a list to a place that no thread reads, and wakes this many threads. */
  #publishList(list: Int32Array, threads: number): { readonly from: number; readonly end: number } {
    const control = this.#control!.start / 4;
    const place = (index: number): number => control + LISTS + 3 * index;
    // First the epoch calls no thread to any list. A thread that is late for the last list is either counted as its reader below,
    // or sees the new epoch and does not read it.
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
    return { from, end: from + list.length };
  }

  /** Waits for the other threads, but lets the event loop turn, so that the news of a thread's end can arrive. */
  async #wait(words: Int32Array, from: number, end: number): Promise<void> {
    for (let at = from; at < end;) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#throwIfLost();
      at = this.#take(words, { from: at, end, isAlone: false });
    }
  }

  /** Runs a list on a page, where another thread leads and reports when it is done. */
  async #runElsewhere(list: Int32Array, threads: number): Promise<void> {
    if (this.#lost !== undefined) this.#replace(this.#lost);
    if (this.#threads.length === 0) this.#start();
    await new Promise<void>((resolve) => {
      this.#onLost = () => resolve();
      this.#onReady = () => resolve();
      if (this.#ready > 0 || this.#lost !== undefined) resolve();
    });
    this.#throwIfLost();
    await new Promise<void>((resolve) => {
      this.#onLost = () => resolve();
      this.#onDone = resolve;
      this.#publishList(list, threads);
    });
    this.#throwIfLost();
  }

  #throwIfLost(): void {
    const reason = this.#lost;
    if (reason === undefined) return;
    this.end();
    throw new BackendError({
      operation: "cpu",
      problem: `a thread did not finish its work (${reason}); this run is lost, variables that it was updating may be half updated, and the next run starts new threads`,
      fix: "use threads: 1 if it happens again",
    });
  }

  end(): void {
    for (const thread of this.#threads) thread.end();
    this.#threads = [];
    this.#lost = undefined;
  }
}
