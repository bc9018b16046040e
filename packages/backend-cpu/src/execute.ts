/** A function of a module: takes addresses, and leaves its result in the memory. */
export type WasmFunction = (...addresses: number[]) => void;

/** {@link execute} passes on at most so many arguments. */
export const MOST_ARGUMENTS = 12;

/**
 * Does a thread's part of a list of steps, and returns where it stands: `end`, or a step that others do not finish. A step is a
 * function that is called some times, each call by whoever is free; none begins before all calls of the one before it are
 * finished. Nobody waits for a thread that has taken nothing: it may come late, or not at all. The words of a step: function,
 * calls, arguments, calls taken, calls finished, and for each argument where it begins, and by how much it differs from call to
 * call and from thread to thread.
 *
 * Threads are given this function as text: it must not use anything from outside of it.
 *
 * @param isAlone - Whether no other thread sees the list.
 * @param leads - Whether the last step is waited for, too.
 * @param patience - For so many milliseconds.
 */
export function execute(
  words: Int32Array,
  from: number,
  end: number,
  functionOf: (index: number) => WasmFunction,
  thread: number,
  isAlone: boolean,
  leads: boolean,
  patience: number,
): number {
  const a = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let at = from; at < end;) {
    const calls = words[at + 1]!;
    const next = at + 5 + 3 * words[at + 2]!;
    let call = isAlone ? 0 : Atomics.add(words, at + 3, 1);
    if (call < calls) {
      const run = functionOf(words[at]!);
      while (call < calls) {
        for (let k = 0, word = at + 5; word < next; k++, word += 3)
          a[k] = words[word]! + call * words[word + 1]! + thread * words[word + 2]!;
        run(a[0]!, a[1]!, a[2]!, a[3]!, a[4]!, a[5]!, a[6]!, a[7]!, a[8]!, a[9]!, a[10]!, a[11]!);
        if (isAlone) call++;
        else {
          Atomics.add(words, at + 4, 1);
          call = Atomics.add(words, at + 3, 1);
        }
      }
    }
    if (!isAlone && (leads || next < end)) {
      let since = 0;
      for (let looks = 1; Atomics.load(words, at + 4) < calls; looks++) {
        if (looks % 1024 !== 0) continue;
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
