import { BYTES, type Address } from "./heap.ts";

/** A count as an argument. */
export type Count = number & { readonly unit: "count" };
export const asCount = (n: number): Count => n as Count;

/** An argument that differs from call to call, or from thread to thread. */
export interface Strided {
  readonly start: number;
  /** Increment per call: bytes of an address, or a count. */
  readonly perCall: number;
  /** Increment per thread. */
  readonly perThread: number;
}
/** An address that moves by some numbers from call to call and from thread to thread. */
export const strided = (start: Address, perCall: number, perThread = 0): Strided => ({
  start,
  perCall: BYTES * perCall,
  perThread: BYTES * perThread,
});
/** A count that begins with 0, and grows from call to call. */
export const counted = (perCall: number): Strided => ({ start: 0, perCall, perThread: 0 });

/** The value of an argument in one call, on the first thread. */
export const valueIn = <T extends number>(argument: T | Strided, call: number): T =>
  (typeof argument === "number" ? argument : argument.start + call * argument.perCall) as T;

/** The arguments of calls. */
export type Argument = Address | Count | Strided;

/** Number of elements or products whose computation is worth waking other threads: some 50 µs of work. */
const LARGE = 1_000_000;

/** Calls of functions that kernels have recorded, in the format of `execute`. */
export class CallList {
  #words = new Int32Array(4096);
  #length = 0;
  /** Work that threads can share. */
  #sharedWork = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Records `calls` calls of a function, each of which computes about `work` elements or products. */
  add(
    index: number,
    { calls, work }: { readonly calls: number; readonly work: number },
    args: readonly Argument[],
  ): void {
    if (calls === 0) return;
    if (calls > 1) this.#sharedWork += calls * work;
    this.#reserve(5 + 3 * args.length);
    this.#push(index);
    this.#push(calls);
    this.#push(args.length);
    // Calls taken, calls finished.
    this.#push(0);
    this.#push(0);
    for (let k = 0; k < args.length; k++) {
      const each = args[k]!;
      const isFixed = typeof each === "number";
      this.#push(isFixed ? each : each.start);
      this.#push(isFixed ? 0 : each.perCall);
      this.#push(isFixed ? 0 : each.perThread);
    }
  }

  #reserve(words: number): void {
    if (this.#length + words <= this.#words.length) return;
    const grown = new Int32Array(2 * this.#words.length);
    grown.set(this.#words);
    this.#words = grown;
  }
  #push(word: number): void {
    this.#words[this.#length++] = word;
  }

  /** Empties the list. Returns its words, which are valid until the next call is added, and whether other threads should help. */
  take(): { readonly list: Int32Array; readonly isLarge: boolean } {
    const taken = { list: this.#words.subarray(0, this.#length), isLarge: this.#sharedWork > LARGE };
    this.clear();
    return taken;
  }

  clear(): void {
    this.#length = 0;
    this.#sharedWork = 0;
  }
}
