import type { execute, WasmFunction } from "./execute.ts";

/** What a keeper can be asked. Addresses and lengths are in bytes; the memory must have `reach` of them first. */
export type Request =
  /** What lists call by these numbers. */
  | { readonly kind: "functions"; readonly module: Uint8Array<ArrayBuffer>; readonly numbers: readonly number[] }
  /** No list calls this function any more. */
  | { readonly kind: "forget"; readonly number: number }
  | { readonly kind: "write"; readonly reach: number; readonly start: number; readonly bytes: ArrayBuffer }
  | {
      readonly kind: "copy";
      readonly reach: number;
      readonly from: number;
      readonly to: number;
      readonly length: number;
    }
  /** Answered when the steps are done. */
  | { readonly kind: "run"; readonly reach: number; readonly list: Int32Array }
  /** Answered with a copy. */
  | { readonly kind: "read"; readonly reach: number; readonly start: number; readonly length: number };

/** What it says: once when it begins, then what came of each run and each read, in the order asked. */
export type Answer =
  | { readonly kind: "done"; readonly bytes: ArrayBuffer | undefined }
  /** The memory could not grow beyond so many bytes. */
  | { readonly kind: "full"; readonly size: number; readonly reach: number }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * The life of a worker that has the memory to itself and computes alone: does what it is asked, one after the other. What goes
 * wrong where nobody waits for an answer is the next answer. Threads are given this function as text: it must not use anything
 * from outside of it, nor give names to functions inside: some bundlers would call one of theirs.
 */
export function keeper(
  work: typeof execute,
  receive: (take: (request: Request) => void) => void,
  send: (answer: Answer, transfer?: ArrayBuffer[]) => void,
): void {
  const page = 65536;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const functions: (WasmFunction | undefined)[] = [];
  let failure: Answer | undefined;
  // A method keeps its name, so that no bundler hands it to a function of its own to keep it.
  const own = {
    functionOf(this: void, index: number): WasmFunction {
      return functions[index]!;
    },
    /** Whether there is as much memory: twice what there was if that can be had, so that growing is rare. */
    has(this: void, reach: number): boolean {
      const size = memory.buffer.byteLength / page;
      const least = Math.ceil(reach / page) - size;
      if (least <= 0) return true;
      for (const pages of [Math.max(least, Math.min(size, page - size)), least])
        try {
          memory.grow(pages);
          return true;
        } catch {
          // Less may be there.
        }
      return false;
    },
    do(this: void, request: Request): ArrayBuffer | undefined {
      switch (request.kind) {
        case "functions": {
          const instance = new WebAssembly.Instance(new WebAssembly.Module(request.module), { convlens: { memory } });
          request.numbers.forEach((number, i) => (functions[number] = instance.exports[i] as WasmFunction));
          return undefined;
        }
        case "forget":
          functions[request.number] = undefined;
          return undefined;
        case "write":
          new Uint8Array(memory.buffer).set(new Uint8Array(request.bytes), request.start);
          return undefined;
        case "copy":
          new Uint8Array(memory.buffer).copyWithin(request.to, request.from, request.from + request.length);
          return undefined;
        case "run":
          work(request.list, 0, request.list.length, own.functionOf, 0, true, true, Infinity);
          return undefined;
        case "read":
          return memory.buffer.slice(request.start, request.start + request.length);
      }
    },
  };
  receive((request) => {
    let bytes: ArrayBuffer | undefined;
    try {
      const isAboutFunctions = request.kind === "functions" || request.kind === "forget";
      if (!isAboutFunctions && !own.has(request.reach))
        failure ??= { kind: "full", size: memory.buffer.byteLength, reach: request.reach };
      // Functions are wanted later, too, whatever went wrong before.
      if (failure === undefined || isAboutFunctions) bytes = own.do(request);
    } catch (error) {
      failure ??= { kind: "failed", reason: String(error) };
    }
    if (request.kind !== "run" && request.kind !== "read") return;
    const answer = failure ?? { kind: "done", bytes };
    failure = undefined;
    send(answer, bytes === undefined ? [] : [bytes]);
  });
  send({ kind: "done", bytes: undefined });
}
