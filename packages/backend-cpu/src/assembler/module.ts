import { Bytes } from "./encoding.ts";
import { FunctionWriter, plainMachine, type Machine } from "./function.ts";
import type { Local } from "./expression.ts";
import type { WasmFunction } from "../execute.ts";

/** Pages that a shared memory may grow to: all there are. */
export const LARGEST_SHARED = 65536;

/** A module being written: functions over one imported memory. The same calls give the same bytes. */
export class ModuleWriter {
  readonly #functions: FunctionWriter[] = [];
  readonly #isShared: boolean;
  readonly #machine: Machine;

  constructor({ isShared = false, machine = plainMachine }: { isShared?: boolean; machine?: Machine } = {}) {
    this.#isShared = isShared;
    this.#machine = machine;
  }

  /** Writes a function. */
  function(
    name: string,
    parameters: readonly string[],
    body: (f: FunctionWriter, ...parameters: Local<"i32">[]) => void,
  ): void {
    const writer = new FunctionWriter(name, parameters, this.#machine);
    this.#functions.push(writer);
    body(writer, ...writer.parameters);
  }

  /** The module as a file. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const to = new Bytes();
    const section = (id: number, write: (to: Bytes) => void): void => {
      to.byte(id);
      to.sized(write);
    };
    const functions = this.#functions;
    to.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(1, (to) => to.list(functions, (f) => f.writeType(to)));
    section(2, (to) => {
      to.unsigned(1);
      to.text("convlens");
      to.text("memory");
      to.byte(2);
      to.bytes(this.#isShared ? [3, 0] : [0, 0]);
      if (this.#isShared) to.unsigned(LARGEST_SHARED);
    });
    section(3, (to) => to.list(functions, (_, i) => to.unsigned(i)));
    section(7, (to) =>
      to.list(functions, (f, i) => {
        to.text(f.name);
        to.byte(0);
        to.unsigned(i);
      }),
    );
    section(10, (to) => to.list(functions, (f) => to.sized((to) => f.write(to))));
    section(0, (to) => this.#writeNames(to));
    return to.all.slice();
  }

  /** Names of functions and of what is in them. */
  #writeNames(to: Bytes): void {
    to.text("name");
    to.byte(1);
    to.sized((to) =>
      to.list(this.#functions, (f, i) => {
        to.unsigned(i);
        to.text(f.name);
      }),
    );
    to.byte(2);
    to.sized((to) =>
      to.list(this.#functions, (f, i) => {
        to.unsigned(i);
        to.list(f.names, (name, k) => {
          to.unsigned(k);
          to.text(name);
        });
      }),
    );
  }

  /** The module as a person reads it. */
  get text(): string {
    const limits = this.#isShared ? `0 ${LARGEST_SHARED} shared` : "0";
    return [
      "(module",
      `  (import "convlens" "memory" (memory ${limits}))`,
      ...this.#functions.map((f) => f.text),
      ")",
    ].join("\n");
  }
}

/** The functions of a module, compiled over a memory. */
export function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
): Readonly<Record<string, WasmFunction>> {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { convlens: { memory } });
  return instance.exports as Record<string, WasmFunction>;
}
