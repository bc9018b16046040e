import type { execute, WasmFunction } from "./execute.ts";

/** What a helping thread is told when it begins. All but the memory and `first` are places in it, in words. */
export interface Beginning {
  readonly memory: WebAssembly.Memory;
  /** Changes when there is a list to do: its last eight bits are the number of threads that take part, the next eight say which list. */
  readonly epoch: number;
  /** Counts those who are ready. */
  readonly ready: number;
  /** For each list how many threads look at it, where it begins, and where it ends. */
  readonly lists: number;
  /** Where the place of the directory stands: for every function address and length of its module, and its number there. */
  readonly directory: number;
  /** The number of the first thread to be ready. */
  readonly first: number;
}

/** What a helping thread says. */
export type Message = "ready" | "done";

/**
 * The life of a helping thread: waits for a list, does its part, and so on. Threads are given this function as text: it must not
 * use anything from outside of it, nor give names to functions inside: some bundlers would call one of theirs.
 */
export function member(
  work: typeof execute,
  receive: (begin: (beginning: Beginning) => void) => void,
  send: (message: Message) => void,
): void {
  receive(({ memory, epoch, ready, lists, directory, first }) => {
    let words = new Int32Array(memory.buffer);
    const functions: WasmFunction[] = [];
    const instances = new Map<number, WebAssembly.Instance>();
    // A method keeps its name, so that no bundler hands it to a function of its own to keep it.
    const code = {
      functionOf(this: void, index: number): WasmFunction {
        const known = functions[index];
        if (known !== undefined) return known;
        const at = words[directory]! + 3 * index;
        const [start, length, number] = words.subarray(at, at + 3) as unknown as [number, number, number];
        let instance = instances.get(start);
        if (instance === undefined) {
          // Words have signs, and addresses have none.
          const bytes = new Uint8Array(memory.buffer, start >>> 0, length).slice();
          instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { convlens: { memory } });
          instances.set(start, instance);
        }
        const run = instance.exports[number] as WasmFunction;
        functions[index] = run;
        return run;
      },
    };
    let seen = Atomics.load(words, epoch);
    const thread = first + Atomics.add(words, ready, 1);
    send("ready");
    for (;;) {
      // Looks for some tens of microseconds, since waking up takes as long, then sleeps.
      const since = performance.now();
      for (let looks = 1; Atomics.load(words, epoch) === seen; looks++)
        if (looks % 256 === 0 && performance.now() - since > 0.1) Atomics.wait(words, epoch, seen);
      seen = Atomics.load(words, epoch);
      if (thread >= (seen & 0xff)) continue;
      // The memory may have grown.
      memory.grow(0);
      words = new Int32Array(memory.buffer);
      // First this thread is counted, then it looks whether the call still holds; who writes a list anew does both the other way
      // round. So one of them sees the other: no list is written anew while somebody looks at it.
      const list = lists + 3 * ((seen >> 8) & 0xff);
      Atomics.add(words, list, 1);
      if (Atomics.load(words, epoch) === seen) {
        const isLeader = thread === 0;
        work(words, words[list + 1]!, words[list + 2]!, code.functionOf, thread, false, isLeader, Infinity);
        if (isLeader) send("done");
      }
      Atomics.sub(words, list, 1);
    }
  });
}
