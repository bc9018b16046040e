import { Bytes, sized, text, unsigned, vector } from "./encoding.ts";
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
    const functions = this.#functions;
    const to = new Bytes();
    const section = (id: number, content: readonly number[]): void => to.push(id, ...sized(content));
    const each = <T>(make: (f: FunctionWriter, i: number) => T): T[] => functions.map(make);
    const limits = this.#isShared ? [3, 0, ...unsigned(LARGEST_SHARED)] : [0, 0];
    to.push(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    section(1, vector(each((f) => f.signature)));
    section(2, vector([[...text("convlens"), ...text("memory"), 2, ...limits]]));
    section(3, vector(each((_, i) => unsigned(i))));
    section(7, vector(each((f, i) => [...text(f.name), 0x00, ...unsigned(i)])));
    this.#writeCode(to);
    section(0, [
      ...text("name"),
      ...[1, ...sized(vector(each((f, i) => [...unsigned(i), ...text(f.name)])))],
      ...[2, ...sized(vector(each((f, i) => [...unsigned(i), ...vector(namesOf(f))])))],
    ]);
    return to.all.slice();
  }

  /** The bodies of the functions, which may be long. */
  #writeCode(to: Bytes): void {
    const content = new Bytes();
    content.push(...unsigned(this.#functions.length));
    for (const { code } of this.#functions) {
      content.push(...unsigned(code.length));
      content.add(code);
    }
    to.push(10, ...unsigned(content.all.length));
    to.add(content.all);
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

  /** Compiled, over a memory. */
  instantiate(memory: WebAssembly.Memory): Readonly<Record<string, WasmFunction>> {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(this.bytes), { convlens: { memory } });
    return instance.exports as Record<string, WasmFunction>;
  }
}

const namesOf = (f: FunctionWriter): number[][] => f.names.map((name, i) => [...unsigned(i), ...text(name)]);
