import type { execute, WasmFunction } from "./execute.ts";

/** First message to a thread of the pool. All fields except `memory` and `first` are indices of words in the memory. */
export interface PoolThreadSetup {
  readonly memory: WebAssembly.Memory;
  /**
   * Changes when there is a list to run. Its lowest eight bits are the number of threads that take part, the next eight are the
   * number of the list.
   */
  readonly epoch: number;
  /** Counts the threads that are ready. */
  readonly ready: number;
  /** For each list: the number of threads that read it, its beginning, and its end. */
  readonly lists: number;
  /**
   * Holds the index of the directory: for each function, the index of its module and the module's serial number. A module begins
   * with its length in bytes, the number of its functions, and their numbers.
   */
  readonly directory: number;
  /** Number of the thread that is ready first. */
  readonly first: number;
}

/** A message from a thread of the pool. */
export type PoolThreadMessage = "ready" | "done";

/**
 * The program of a thread of the pool: waits for a list, does its part of it, and repeats. Threads receive this function as text,
 * so it must not refer to anything outside of it, nor name functions inside of it: some bundlers would call a helper of theirs.
 */
export function poolThread(
  work: typeof execute,
  receive: (start: (setup: PoolThreadSetup) => void) => void,
  send: (message: PoolThreadMessage) => void,
): void {
  receive(({ memory, epoch, ready, lists, directory, first }) => {
    let words = new Int32Array(memory.buffer);
    const functions: WasmFunction[] = [];
    /** Serial number of the module of each function. */
    const serials: number[] = [];
    // A method keeps its name, so bundlers need no helper to preserve it.
    const code = {
      functionOf(this: void, index: number): WasmFunction {
        const entries = words[directory]!;
        const serial = words[entries + 2 * index + 1]!;
        if (serials[index] === serial) return functions[index]!;
        const at = words[entries + 2 * index]!;
        const [length, count] = words.subarray(at, at + 2) as unknown as [number, number];
        const bytes = new Uint8Array(memory.buffer, 4 * (at + 2 + count), length).slice();
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { convlens: { memory } });
        for (let i = 0; i < count; i++) {
          const number = words[at + 2 + i]!;
          // Functions of later modules may have taken over some of the numbers.
          if (words[entries + 2 * number + 1] !== serial) continue;
          functions[number] = exports[i] as WasmFunction;
          serials[number] = serial;
        }
        return functions[index]!;
      },
    };
    let seen = Atomics.load(words, epoch);
    const thread = first + Atomics.add(words, ready, 1);
    send("ready");
    for (;;) {
      // Polls for some tens of microseconds, since waking up takes as long; then sleeps.
      const since = performance.now();
      for (let polls = 1; Atomics.load(words, epoch) === seen; polls++)
        if (polls % 256 === 0 && performance.now() - since > 0.1) Atomics.wait(words, epoch, seen);
      seen = Atomics.load(words, epoch);
      if (thread >= (seen & 0xff)) continue;
      // The memory may have grown.
      memory.grow(0);
      words = new Int32Array(memory.buffer);
      // This thread first counts itself as a reader, then checks that the epoch is still the same. The thread that rewrites a list
      // does both in the reverse order, so at least one of them sees the other: no list is rewritten while a thread reads it.
      const list = lists + 3 * ((seen >> 8) & 0xff);
      Atomics.add(words, list, 1);
      if (Atomics.load(words, epoch) === seen) {
        const isLeader = thread === 0;
        const { functionOf } = code;
        work({ words, from: words[list + 1]!, end: words[list + 2]!, functionOf, thread, isLeader });
        if (isLeader) send("done");
      }
      Atomics.sub(words, list, 1);
    }
  });
}
