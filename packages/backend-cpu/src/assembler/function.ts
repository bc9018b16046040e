import { bytes, list, unsigned } from "./encoding.ts";
import { at, double2, highOf, int, lowOf, number, plus, type Local, type Pointer } from "./expression.ts";
import * as op from "./instructions.ts";
import {
  asVector,
  f32x4,
  i32,
  type Expression,
  type Float,
  type Int,
  type Vector,
  type WasmType,
} from "./instructions.ts";

const types: Readonly<Record<WasmType, string>> = { i32: "\x7f", f32: "\x7d", v128: "\x7b" };
const EMPTY_BLOCK = "\x40";

/** What generated code depends on besides its parameters. */
export interface Machine {
  /** Whether products are added without rounding them first: faster on some machines, with other bits. */
  readonly isFused: boolean;
  /**
   * Rows and columns of a matrix product whose sums stay in registers, and number of terms in one turn of its loop. With 16 columns
   * the engine packs two vectors into one.
   */
  readonly tile: { readonly rows: number; readonly columns: 8 | 16; readonly unroll: number };
}

/** A machine without special features. */
export const plainMachine: Machine = { isFused: false, tile: { rows: 4, columns: 8, unroll: 1 } };

/** Whether the engine packs two vectors into one. */
export const isPacked = ({ tile }: Machine): boolean => tile.columns > plainMachine.tile.columns;

/** Writes the body of a function. */
export type Body = (f: FunctionWriter, ...args: Pointer[]) => void;

/** Writes a function. Its parameters are addresses and counts, and it has no result. */
export class FunctionWriter {
  readonly name: string;
  readonly parameters: readonly Local<"i32">[];
  readonly machine: Machine;
  /** Functions that this one calls. */
  readonly inner: FunctionWriter[] = [];
  /** Variables other than the parameters. */
  readonly locals: Local<WasmType>[] = [];
  readonly #constants = new Map<string, Local<WasmType>>();
  readonly #numbers = new Map<number | string, Local<"v128">>();
  /** Instructions that compute constants, and those after them. */
  #first = "";
  #rest = "";

  /**
   * @param name - Shown by profilers and debuggers.
   * @param arity - Number of parameters.
   */
  constructor(name: string, arity: number, machine: Machine = plainMachine) {
    this.name = name;
    this.machine = machine;
    this.parameters = Array.from({ length: arity }, (_, index) => variable("i32", unsigned(index)));
  }

  /** Declares a variable. */
  local<T extends WasmType>(type: T): Local<T> {
    const local = variable(type, unsigned(this.parameters.length + this.locals.length));
    this.locals.push(local);
    return local;
  }

  /** variable ← value */
  set<T extends WasmType>(local: Local<T>, value: Expression<T>): void {
    if (value.high === undefined) {
      local.high = undefined;
      this.#rest += setting(local, value);
      return;
    }
    // Both halves are computed before either is set, since each may depend on the variable.
    local.twin ??= this.local(local.type);
    local.high = local.twin.bytes;
    this.#rest += value.high + value.bytes + op.local_set + local.index + op.local_set + local.twin.index;
  }

  /** Declares a variable with this value, for values that are used more than once. */
  keep<T extends WasmType>(value: Expression<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  /** Computes a value before the first instruction, outside of all loops. It must not depend on any variable. */
  constant<T extends WasmType>(value: Expression<T>): Local<T> {
    let local = this.#constants.get(value.bytes) as Local<T> | undefined;
    if (local === undefined) {
      local = this.local(value.type);
      this.#constants.set(value.bytes, local);
      this.#first += setting(local, value);
    }
    return local;
  }

  /** Four times the same number, computed before the first instruction. */
  constant4(x: number): Local<"v128"> {
    // A map treats −0 and 0 as the same key.
    const key = Object.is(x, -0) ? "-0" : x;
    let local = this.#numbers.get(key);
    if (local === undefined) this.#numbers.set(key, (local = this.constant(f32x4.splat(number(x)))));
    return local;
  }

  /** Two float64 of this value, computed before the first instruction. */
  constant2(x: number): Local<"v128"> {
    return this.constant(double2(x));
  }

  /** Moves an address by `count` numbers. */
  advance(address: Pointer, count: number): void {
    if (count !== 0) this.set(address, plus(address, count));
  }

  /** a · b + c. It is rounded twice, so that every machine gives the same bits, unless the machine is fused. */
  multiplyAdd4(a: Vector, b: Vector, c: Vector): Vector {
    return this.machine.isFused ? f32x4.relaxed_madd(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
  }

  /** The number at an address ← value */
  store(address: Int, value: Float, offset = 0): void {
    this.#rest += address.bytes + value.bytes + op.f32_store + at(offset);
  }

  /** Four numbers from an address on ← value, or eight if it has two halves */
  store4(address: Int, value: Vector, offset = 0): void {
    if (value.high !== undefined) {
      // Engines pack neighbouring stores, the higher first, between which nothing is read.
      const both = this.keep(value);
      this.store4(address, highOf(both), offset + 4);
      this.store4(address, lowOf(both), offset);
      return;
    }
    this.#rest += address.bytes + value.bytes + op.v128_store + at(offset);
  }

  /** The number at an address ← lane of a vector */
  storeOne(address: Int, value: Vector, offset = 0, lane = 0): void {
    this.#rest += address.bytes + value.bytes + op.v128_store32_lane + at(offset) + unsigned(lane);
  }

  /** The first `lanes` numbers from an address on ← those of a vector */
  storeLanes(address: Int, value: Vector, offset: number, lanes: number): void {
    if (lanes === 8) return this.store4(address, asVector(value.bytes, highOf(value).bytes), offset);
    if (lanes === 4) return this.store4(address, value, offset);
    const numbers = this.keep(value);
    for (let lane = 0; lane < lanes; lane++) this.storeOne(address, numbers, offset + lane, lane);
  }

  /** Writes `count` zeros from an address on. */
  clear(address: Int, count: number): void {
    this.clearBytes(address, int(4 * count));
  }

  /** Writes zero bytes from an address on. */
  clearBytes(address: Int, bytes: Int): void {
    this.#rest += address.bytes + int(0).bytes + bytes.bytes + op.memory_fill + "\x00";
  }

  /** Repeats the body `count` times. A count that is an expression must be at least 1. */
  times(count: number | Int, body: () => void): void {
    if (count === 1) return body();
    if (typeof count === "number" && count <= 0) return;
    const left = this.keep(typeof count === "number" ? int(count) : count);
    this.#loop(() => {
      body();
      this.set(left, i32.add(left, int(-1)));
      return left;
    });
  }

  /** Repeats the body for `count` items, `each` at a time, and once more for the rest. */
  inParts(count: number, each: number, body: (items: number) => void): void {
    this.times(Math.floor(count / each), () => body(each));
    if (count % each > 0) body(count % each);
  }

  /** Repeats the body for `count` numbers, four at a time, or eight where the engine packs two vectors into one. */
  inLanes(count: number, body: (lanes: number) => void): void {
    const eights = this.#eightsOf(count);
    this.times(eights, () => body(8));
    this.inParts(count - 8 * eights, 4, body);
  }

  /** The parts in which {@link inLanes} takes numbers. */
  lanesOf(count: number): number[] {
    const eights = this.#eightsOf(count);
    return Array.from({ length: Math.ceil(count / 4) - eights }, (_, i) => (i < eights ? 8 : 4));
  }

  #eightsOf(count: number): number {
    return isPacked(this.machine) ? Math.floor(count / 8) : 0;
  }

  /** Repeats the body, which must advance `address`, until that reaches `end`; at least once. */
  until(address: Local<"i32">, end: Int, body: () => void): void {
    this.#loop(() => {
      body();
      return i32.lt_u(address, end);
    });
  }

  /** Runs the body if the condition is not 0. */
  when(condition: Int, body: () => void): void {
    this.#block(condition.bytes + op.if_, body);
  }

  /** Calls a function whose body is written here: engines optimize each function by itself, and short ones sooner. */
  call(name: string, values: readonly Int[], body: Body): void {
    const written = new FunctionWriter(name, values.length, this.machine);
    body(written, ...written.parameters);
    const { bytes } = written;
    let index = this.inner.findIndex((known) => known.bytes === bytes);
    if (index < 0) index = this.inner.push(written) - 1;
    // The calling function has number 0.
    this.#rest += values.map(({ bytes }) => bytes).join("") + op.call + unsigned(1 + index);
  }

  /** Repeats the body as long as it returns a value other than 0. */
  #loop(body: () => Int): void {
    this.#block(op.loop, () => {
      const { bytes } = body();
      this.#rest += bytes + op.br_if + "\x00";
    });
  }

  #block(begin: string, body: () => void): void {
    this.#rest += begin + EMPTY_BLOCK;
    body();
    this.#rest += op.end;
  }

  /** Number of bytes of the instructions so far, without constants. */
  get size(): number {
    return this.#rest.length;
  }

  /** The code of the function: the types of its locals, then its instructions. */
  get bytes(): string {
    return list(...this.locals.map(({ type }) => `\x01${types[type]}`)) + this.#first + this.#rest + op.end;
  }

  /** The type of the function, encoded. */
  get type(): string {
    return bytes(0x60) + list(...this.parameters.map(() => types.i32)) + list();
  }
}

const variable = <T extends WasmType>(type: T, index: string): Local<T> => ({
  type,
  index,
  bytes: op.local_get + index,
});

/** The instruction local ← value. */
const setting = <T extends WasmType>({ index }: Local<T>, value: Expression<T>): string =>
  value.bytes + op.local_set + index;
