import type { WasmFunction } from "../execute.ts";
import { Bytes } from "./encoding.ts";
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
    const file = new Bytes();
    const section = (id: number, write: (to: Bytes) => void): void => {
      file.byte(id);
      file.sized(write);
    };
    /** A list with one part. */
    const one = (to: Bytes, write: (to: Bytes) => void): void => {
      to.unsigned(1);
      write(to);
    };
    file.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(1, (to) => one(to, () => f.writeType(to)));
    section(2, (to) =>
      one(to, () => {
        to.text("convlens");
        to.text("memory");
        to.byte(2);
        to.bytes(this.#isShared ? [3, 0] : [0, 0]);
        if (this.#isShared) to.unsigned(LARGEST_SHARED);
      }),
    );
    section(3, (to) => one(to, () => to.unsigned(0)));
    section(7, (to) =>
      one(to, () => {
        to.text("run");
        to.bytes([0, 0]);
      }),
    );
    section(10, (to) => one(to, () => to.sized((to) => f.write(to))));
    section(0, (to) => {
      to.text("name");
      to.byte(1);
      to.sized((to) =>
        one(to, () => {
          to.unsigned(0);
          to.text(f.name);
        }),
      );
      to.byte(2);
      to.sized((to) =>
        one(to, () => {
          to.unsigned(0);
          to.list(f.names, (name, i) => {
            to.unsigned(i);
            to.text(name);
          });
        }),
      );
    });
    return file.all.slice();
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
