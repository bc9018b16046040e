import type { execute, WasmFunction } from "./execute.ts";

/**
 * A request to the remote worker. Addresses and lengths are in bytes; `reach` is the number of bytes that the memory must have
 * first.
 */
export type Request =
  /** Adds the functions of a module, which lists call by these numbers. */
  | { readonly kind: "functions"; readonly module: Uint8Array<ArrayBuffer>; readonly numbers: readonly number[] }
  /** Drops a function that no list calls any more. */
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

/** An answer of the remote worker: one when it starts, then one for each run and each read, in the order of the requests. */
export type Answer =
  | { readonly kind: "done"; readonly bytes: ArrayBuffer | undefined }
  /** The memory could not grow from `size` to `reach` bytes. */
  | { readonly kind: "full"; readonly size: number; readonly reach: number }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * The program of a worker that owns the memory and computes alone, one request after the other. An error in a request that has no
 * answer is reported in the next answer. The worker receives this function as text, so it must not refer to anything outside of
 * it, nor name functions inside of it: some bundlers would call a helper of theirs.
 */
export function remoteWorker(
  work: typeof execute,
  receive: (take: (request: Request) => void) => void,
  send: (answer: Answer, transfer?: ArrayBuffer[]) => void,
): void {
  const page = 65536;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const functions: (WasmFunction | undefined)[] = [];
  let failure: Answer | undefined;
  // A method keeps its name, so bundlers need no helper to preserve it.
  const own = {
    functionOf(this: void, index: number): WasmFunction {
      return functions[index]!;
    },
    /** Grows the memory to at least `reach` bytes; doubles it if possible, so that growing is rare. Returns whether it succeeded. */
    grow(this: void, reach: number): boolean {
      const size = memory.buffer.byteLength / page;
      const least = Math.ceil(reach / page) - size;
      if (least <= 0) return true;
      for (const pages of [Math.max(least, Math.min(size, page - size)), least])
        try {
          memory.grow(pages);
          return true;
        } catch {
          // The smaller size may still be available.
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
          work({ words: request.list, from: 0, end: request.list.length, functionOf: own.functionOf, isAlone: true });
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
      if (!isAboutFunctions && !own.grow(request.reach))
        failure ??= { kind: "full", size: memory.buffer.byteLength, reach: request.reach };
      // Functions are needed by later runs, whatever failed before.
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
