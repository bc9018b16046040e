import type { WasmFunction } from "../execute.ts";
import { arrayOf, bytes, list, sized, unsigned } from "./encoding.ts";
import type { Local } from "./expression.ts";
import { FunctionWriter, plainMachine, type Machine } from "./function.ts";

/** Pages that a shared memory may grow to: all there are. */
export const LARGEST_SHARED = 65536;

/** Writes the body of a function of some addresses. */
export type Body = (f: FunctionWriter, ...parameters: Local<"i32">[]) => void;

/** What a module is written for. */
export interface ModuleOptions {
  /** Whether its memory is shared with other threads. */
  readonly isShared?: boolean;
  readonly machine?: Machine;
  /** Whether it can be shown as text, which takes longer to write. */
  readonly isReadable?: boolean;
}

/** A module of one function, `run`, over one imported memory. The same calls give the same bytes. */
export class Module {
  readonly #function: FunctionWriter;
  readonly #isShared: boolean;

  /** @param name - Shown by profilers and debuggers. */
  constructor(
    name: string,
    parameters: readonly string[],
    body: Body,
    { isShared = false, machine = plainMachine, isReadable = false }: ModuleOptions = {},
  ) {
    this.#function = new FunctionWriter(name, parameters, machine, isReadable);
    this.#isShared = isShared;
    body(this.#function, ...this.#function.parameters);
  }

  /** As a file. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const f = this.#function;
    const section = (id: number, content: string): string => bytes(id) + sized(content);
    const limits = this.#isShared ? bytes(3, 0) + unsigned(LARGEST_SHARED) : bytes(0, 0);
    const names = list(...f.names.map((name, i) => unsigned(i) + sized(name)));
    return arrayOf(
      "\0asm" +
        bytes(1, 0, 0, 0) +
        section(1, list(f.type)) +
        section(2, list(sized("convlens") + sized("memory") + bytes(2) + limits)) +
        section(3, list(bytes(0))) +
        section(7, list(sized("run") + bytes(0, 0))) +
        section(10, list(sized(f.bytes))) +
        // Names of the function and of its variables.
        section(0, sized("name") + section(1, list(bytes(0) + sized(f.name))) + section(2, list(bytes(0) + names))),
    );
  }

  /** As a person reads it, if that was asked for. */
  get text(): string {
    const limits = this.#isShared ? `0 ${LARGEST_SHARED} shared` : "0";
    return `(module\n  (import "convlens" "memory" (memory ${limits}))\n${this.#function.text}\n)`;
  }
}

/** The function of a module, compiled over a memory. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): WasmFunction {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { convlens: { memory } });
  return instance.exports["run"] as WasmFunction;
}
