import { bytes, list, unsigned } from "./encoding.ts";
import {
  add,
  at,
  below,
  calculate4,
  each4,
  int,
  number,
  relaxedMultiplyAdd4,
  type Expression,
  type Local,
  type WasmType,
} from "./expression.ts";

const codes: Readonly<Record<WasmType, string>> = { i32: "\x7f", f32: "\x7d", v128: "\x7b" };
const EMPTY_BLOCK = "\x40";
const END = "\x0b";

/** What the machine at hand has, and what may be used of it. */
export interface Machine {
  /** Whether a product may be added without being rounded before: faster on some machines, and other bits. */
  readonly isFused: boolean;
  /** Rows of a product whose sums are kept in registers, and how many terms follow each other without a jump. */
  readonly tile: { readonly rows: number; readonly unroll: number };
}

/** What every machine can do. */
export const plainMachine: Machine = { isFused: false, tile: { rows: 4, unroll: 1 } };

/** Writes the body of a function of some addresses. */
export type Body = (f: FunctionWriter, ...parameters: Local<"i32">[]) => void;

/** What a function is written for. */
export interface WriterOptions {
  readonly machine?: Machine;
}

/** Writes one function: parameters are addresses and counts, there is no result. */
export class FunctionWriter {
  readonly name: string;
  readonly parameters: readonly Local<"i32">[];
  readonly machine: Machine;
  /** Functions that this one calls. */
  readonly inner: FunctionWriter[] = [];
  /** Variables beside the parameters. */
  readonly locals: Local<WasmType>[] = [];
  readonly #constants = new Map<string, Local<WasmType>>();
  readonly #numbers = new Map<number | string, Local<"v128">>();
  /** Instructions before all others, and these. */
  #first = "";
  #rest = "";

  /** @param name - Shown by profilers and debuggers. */
  constructor(name: string, parameters: readonly string[], { machine = plainMachine }: WriterOptions = {}) {
    this.name = name;
    this.machine = machine;
    this.parameters = parameters.map((parameter, index) => variable("i32", parameter, unsigned(index)));
  }

  /** A variable; its name is for people, and need not be the only one. */
  local<T extends WasmType>(type: T, name: string): Local<T> {
    const local = variable(type, name, unsigned(this.parameters.length + this.locals.length));
    this.locals.push(local);
    return local;
  }

  /** variable ← value */
  set<T extends WasmType>(local: Local<T>, value: Expression<T>): void {
    this.#rest += setting(local, value);
  }

  /** A new variable with this value, for what is used more than once. */
  keep<T extends WasmType>(name: string, value: Expression<T>): Local<T> {
    const local = this.local(value.type, name);
    this.set(local, value);
    return local;
  }

  /** The same before the first instruction, so that no loop makes it again; it must not depend on anything. */
  constant<T extends WasmType>(value: Expression<T>): Local<T> {
    let local = this.#constants.get(value.bytes) as Local<T> | undefined;
    if (local === undefined) {
      local = this.local(value.type, "constant");
      this.#constants.set(value.bytes, local);
      this.#first += setting(local, value);
    }
    return local;
  }

  /** A number four times, before the first instruction. */
  constant4(x: number): Local<"v128"> {
    // A map does not tell −0 from 0.
    const key = Object.is(x, -0) ? "-0" : x;
    let local = this.#numbers.get(key);
    if (local === undefined) this.#numbers.set(key, (local = this.constant(each4(number(x)))));
    return local;
  }

  /** Moves an address on by some bytes. */
  advance(local: Local<"i32">, bytes: number): void {
    if (bytes !== 0) this.set(local, add(local, int(bytes)));
  }

  /** a · b + c: rounded twice, so that every machine gives the same bits, unless it may be once. */
  multiplyAdd4(a: Expression<"v128">, b: Expression<"v128">, c: Expression<"v128">): Expression<"v128"> {
    return this.machine.isFused ? relaxedMultiplyAdd4(a, b, c) : calculate4("add", c, calculate4("mul", a, b));
  }

  /** The number at an address ← value */
  store(address: Expression<"i32">, value: Expression<"f32">, offset = 0): void {
    this.#rest += address.bytes + value.bytes + "\x38" + at(offset);
  }

  /** Four numbers from an address on ← value */
  store4(address: Expression<"i32">, value: Expression<"v128">, offset = 0): void {
    this.#rest += address.bytes + value.bytes + "\xfd\x0b" + at(offset);
  }

  /** The number at an address ← one of four, the first unless told. */
  storeOne(address: Expression<"i32">, value: Expression<"v128">, offset = 0, lane = 0): void {
    this.#rest += address.bytes + value.bytes + "\xfd\x5a" + at(offset) + unsigned(lane);
  }

  /** So many zero bytes from an address on. */
  fill(address: Expression<"i32">, bytes: Expression<"i32">): void {
    this.#rest += address.bytes + int(0).bytes + bytes.bytes + "\xfc\x0b\x00";
  }

  /** Repeats the body `count` times: not at all, once, or in a loop; at least once, if that is known only when the code runs. */
  times(count: number | Expression<"i32">, body: () => void): void {
    if (count === 1) return body();
    if (typeof count === "number" && count <= 0) return;
    const left = this.keep("left", typeof count === "number" ? int(count) : count);
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

  /** Does the body if a condition holds, which is so where it is not 0. */
  when(condition: Expression<"i32">, body: () => void): void {
    this.#block(condition.bytes + "\x04", body);
  }

  /** Calls a function of its own, which is written here: engines improve each function by itself, and a short one sooner. */
  call(name: string, values: readonly Expression<"i32">[], body: Body): void {
    const parameters = values.map((_, i) => `p${i}`);
    const written = new FunctionWriter(name, parameters, { machine: this.machine });
    body(written, ...written.parameters);
    const { bytes } = written;
    let index = this.inner.findIndex((known) => known.bytes === bytes);
    if (index < 0) index = this.inner.push(written) - 1;
    // The number of the function that calls is 0.
    this.#rest += values.map(({ bytes }) => bytes).join("") + "\x10" + unsigned(1 + index);
  }

  /** Repeats the body as long as what it returns is not 0. */
  #loop(body: () => Expression<"i32">): void {
    this.#block("\x03", () => {
      const { bytes } = body();
      this.#rest += bytes + "\x0d\x00";
    });
  }

  #block(begin: string, body: () => void): void {
    this.#rest += begin + EMPTY_BLOCK;
    body();
    this.#rest += END;
  }

  /** Bytes of the instructions so far. */
  get size(): number {
    return this.#rest.length;
  }

  /** The locals by their types, then the instructions. */
  get bytes(): string {
    return list(...this.locals.map(({ type }) => `\x01${codes[type]}`)) + this.#first + this.#rest + END;
  }

  /** The type of the function. */
  get type(): string {
    return bytes(0x60) + list(...this.parameters.map(() => codes.i32)) + list();
  }
}

const variable = <T extends WasmType>(type: T, name: string, index: string): Local<T> => ({
  type,
  name,
  index,
  bytes: "\x20" + index,
});

/** The instruction local ← value. */
const setting = <T extends WasmType>({ index }: Local<T>, value: Expression<T>): string => value.bytes + "\x21" + index;
