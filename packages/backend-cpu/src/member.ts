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
  /**
   * Where the place of the directory stands: for every function the place of its module, and the module's serial number. A module
   * begins with its length in bytes, how many functions it has, and their numbers.
   */
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
    /** Of the module that each function is from. */
    const serials: number[] = [];
    // A method keeps its name, so that no bundler hands it to a function of its own to keep it.
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
          // Some numbers may serve functions of later modules.
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
