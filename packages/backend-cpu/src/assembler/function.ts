import { unsigned } from "./encoding.ts";
import { add, below, int, type Expression, type Local, type WasmType } from "./expression.ts";

const codes: Readonly<Record<WasmType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
const EMPTY_BLOCK = 0x40;

/** Writes one function: parameters are addresses and counts, there is no result. */
export class FunctionWriter {
  readonly name: string;
  readonly parameters: readonly Local<"i32">[];
  readonly #locals: Local<WasmType>[] = [];
  readonly #constants = new Map<string, Local<WasmType>>();
  readonly #bytes: number[] = [];
  readonly #lines: string[] = [];
  readonly #first: number[] = [];
  readonly #firstLines: string[] = [];
  #indent = "    ";

  constructor(name: string, parameters: readonly string[]) {
    this.name = name;
    this.parameters = parameters.map((parameter, index) => localOf("i32", parameter, index));
  }

  /** A variable; its name is for people, and need not be the only one. */
  local<T extends WasmType>(type: T, name: string): Local<T> {
    const local = localOf(type, `${name}${this.#locals.length}`, this.parameters.length + this.#locals.length);
    this.#locals.push(local);
    return local;
  }

  /** variable ← value */
  set<T extends WasmType>(local: Local<T>, value: Expression<T>): void {
    const { bytes, line } = setting(local, value);
    this.#write(bytes, line);
  }

  /** A new variable with this value, for what is used more than once. */
  keep<T extends WasmType>(name: string, value: Expression<T>): Local<T> {
    const local = this.local(value.type, name);
    this.set(local, value);
    return local;
  }

  /** The same before the first instruction, so that no loop makes it again; it must not depend on anything. */
  constant<T extends WasmType>(value: Expression<T>): Local<T> {
    let local = this.#constants.get(value.text) as Local<T> | undefined;
    if (local === undefined) {
      local = this.local(value.type, "constant");
      this.#constants.set(value.text, local);
      this.#first.push(...setting(local, value).bytes);
      this.#firstLines.push(`    ${setting(local, value).line}`);
    }
    return local;
  }

  /** Moves an address on by some bytes. */
  advance(local: Local<"i32">, bytes: number): void {
    if (bytes !== 0) this.set(local, add(local, int(bytes)));
  }

  /** The number at an address ← value */
  store(address: Expression<"i32">, value: Expression<"f32">, offset = 0): void {
    const at = offset === 0 ? "" : ` offset=${offset}`;
    this.#write(
      [...address.bytes, ...value.bytes, 0x38, 0x02, ...unsigned(offset)],
      `(f32.store${at} ${address.text} ${value.text})`,
    );
  }

  /** Four numbers from an address on ← value */
  store4(address: Expression<"i32">, value: Expression<"v128">, offset = 0): void {
    const at = offset === 0 ? "" : ` offset=${offset}`;
    this.#write(
      [...address.bytes, ...value.bytes, 0xfd, 0x0b, 0x02, ...unsigned(offset)],
      `(v128.store${at} ${address.text} ${value.text})`,
    );
  }

  /** The number at an address ← one of four, the first unless told. */
  storeOne(address: Expression<"i32">, value: Expression<"v128">, offset = 0, lane = 0): void {
    const at = offset === 0 ? "" : ` offset=${offset}`;
    this.#write(
      [...address.bytes, ...value.bytes, 0xfd, 0x5a, 0x02, ...unsigned(offset), lane],
      `(v128.store32_lane${at} ${lane} ${address.text} ${value.text})`,
    );
  }

  /** So many zero bytes from an address on. */
  fill(address: Expression<"i32">, bytes: Expression<"i32">): void {
    const zero = int(0);
    this.#write(
      [...address.bytes, ...zero.bytes, ...bytes.bytes, 0xfc, 0x0b, 0x00],
      `(memory.fill ${address.text} ${zero.text} ${bytes.text})`,
    );
  }

  /** Repeats the body `count` times, which is known when the code is written: not at all, once, or in a loop. */
  times(count: number, body: () => void): void {
    if (count <= 0) return;
    if (count === 1) return body();
    const left = this.local("i32", "left");
    this.set(left, int(count));
    this.#loop(() => {
      body();
      this.set(left, add(left, int(-1)));
      return left;
    });
  }

  /** Repeats the body, which must move `address` on, until that reaches `end`; at least once. */
  until(address: Local<"i32">, end: Expression<"i32">, body: () => void): void {
    this.#loop(() => {
      body();
      return below(address, end);
    });
  }

  #loop(body: () => Expression<"i32">): void {
    this.#write([0x03, EMPTY_BLOCK], "(loop");
    const indent = this.#indent;
    this.#indent += "  ";
    const again = body();
    this.#write([...again.bytes, 0x0d, 0x00], `(br_if 0 ${again.text})`);
    this.#indent = indent;
    this.#write([0x0b], ")");
  }

  #write(bytes: readonly number[], line: string): void {
    for (const byte of bytes) this.#bytes.push(byte);
    this.#lines.push(`${this.#indent}${line}`);
  }

  /** The locals by their types, then the instructions. */
  get code(): number[] {
    const declared = this.#locals.flatMap(({ type }) => [1, codes[type]]);
    return [...unsigned(this.#locals.length), ...declared, ...this.#first, ...this.#bytes, 0x0b];
  }

  /** The type of the function. */
  get signature(): number[] {
    return [0x60, ...unsigned(this.parameters.length), ...this.parameters.map(() => codes.i32), 0];
  }

  /** As a person reads it. */
  get text(): string {
    const parameters = this.parameters.map((each) => ` (param ${nameOf(each)} i32)`).join("");
    const locals = this.#locals.map((each) => `    (local ${nameOf(each)} ${each.type})`);
    return [
      `  (func $${this.name} (export "${this.name}")${parameters}`,
      ...locals,
      ...this.#firstLines,
      ...this.#lines,
      "  )",
    ].join("\n");
  }

  /** Names of parameters and variables, for debuggers. */
  get names(): readonly string[] {
    return [...this.parameters, ...this.#locals].map((each) => nameOf(each).slice(1));
  }
}

function localOf<T extends WasmType>(type: T, name: string, index: number): Local<T> {
  return { type, index, bytes: [0x20, ...unsigned(index)], text: `(local.get $${name})` };
}
function setting<T extends WasmType>(
  local: Local<T>,
  value: Expression<T>,
): { bytes: readonly number[]; line: string } {
  return {
    bytes: [...value.bytes, 0x21, ...unsigned(local.index)],
    line: `(local.set ${nameOf(local)} ${value.text})`,
  };
}
const nameOf = (local: Local<WasmType>): string => local.text.slice("(local.get ".length, -1);
