/** An exported function of a module: takes addresses and counts, and writes its result to the memory. */
export type WasmFunction = (...args: number[]) => void;

/** Maximum number of arguments that {@link execute} passes on. */
export const MOST_ARGUMENTS = 12;
type Four = [number, number, number, number];
type Arguments = [...Four, ...Four, ...Four];

/** A list of steps, and how one thread takes part in it. */
export interface Execution {
  readonly words: Int32Array;
  /** Index of the first word of the list. */
  readonly from: number;
  /** Index behind the last word. */
  readonly end: number;
  readonly functionOf: (index: number) => WasmFunction;
  /** Number of this thread. Default: 0. */
  readonly thread?: number;
  /** Whether no other thread reads the list. Default: false. */
  readonly isAlone?: boolean;
  /** Whether this thread also waits for the last step. Default: true. */
  readonly isLeader?: boolean;
  /** Milliseconds to wait for the other threads before giving up. Default: Infinity. */
  readonly patience?: number;
}

/**
 * Does one thread's part of a list of steps. Returns where it stopped: `end`, or the index of a step that other threads have not
 * finished in time.
 *
 * A step calls one function a number of times, and each thread that is free takes the next call. No step begins before all calls
 * of the step before it have finished. A thread that has taken no call is not waited for, so a thread that starts late does not
 * delay the others. The words of a step are: function, number of calls, number of arguments, calls taken, calls finished; then,
 * for each argument, its first value, its increment per call, and its increment per thread.
 *
 * Threads receive this function as text, so it must not refer to anything outside of it.
 */
export function execute({
  words,
  from,
  end,
  functionOf,
  thread = 0,
  isAlone = false,
  isLeader = true,
  patience = Infinity,
}: Execution): number {
  const a: Arguments = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let at = from; at < end;) {
    const calls = words[at + 1]!;
    const next = at + 5 + 3 * words[at + 2]!;
    let call = isAlone ? 0 : Atomics.add(words, at + 3, 1);
    if (call < calls) {
      const run = functionOf(words[at]!);
      while (call < calls) {
        for (let k = 0, word = at + 5; word < next; k++, word += 3)
          a[k] = words[word]! + call * words[word + 1]! + thread * words[word + 2]!;
        run(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
        if (isAlone) call++;
        else {
          Atomics.add(words, at + 4, 1);
          call = Atomics.add(words, at + 3, 1);
        }
      }
    }
    if (!isAlone && (isLeader || next < end)) {
      let since = 0;
      for (let polls = 1; Atomics.load(words, at + 4) < calls; polls++) {
        if (polls % 1024 !== 0) continue;
        since ||= performance.now();
        const waited = performance.now() - since;
        if (waited > patience) return at;
        if (waited > 0.2) Atomics.wait(words, at + 4, Atomics.load(words, at + 4), 0.1);
      }
    }
    at = next;
  }
  return end;
}
