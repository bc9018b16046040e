import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrayOf, float, signed, unsigned } from "../src/assembler/encoding.ts";
import { load, load4, number, plus, select4, splat, zero4 } from "../src/assembler/expression.ts";
import { f32, f32x4 } from "../src/assembler/instructions.ts";
import type { Body } from "../src/assembler/function.ts";
import { instantiate, moduleOf, writeFunction } from "../src/assembler/module.ts";
import { functions } from "../src/kernels/functions.ts";
import { furtherFunctions } from "../src/kernels/furtherFunctions.ts";
import { writeProduct, type ProductShape } from "../src/kernels/product.ts";
import { textOf } from "./readable.ts";

/** Reads a number as WebAssembly does. */
function decode(encoded: string, isSigned: boolean): number {
  const bytes = arrayOf(encoded);
  let value = 0n;
  bytes.forEach((byte, i) => (value |= BigInt(byte & 0x7f) << BigInt(7 * i)));
  const negative = isSigned && (bytes.at(-1)! & 0x40) !== 0;
  return Number(negative ? value - (1n << BigInt(7 * bytes.length)) : value);
}

describe("the encoding of numbers", () => {
  it("can be decoded", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => void expect(decode(unsigned(n), false)).toBe(n)),
    );
    fc.assert(fc.property(fc.integer(), (n) => void expect(decode(signed(n), true)).toBe(n)));
    const written = [unsigned(0), unsigned(127), unsigned(128), signed(-1), signed(64), float(1)];
    expect(written.map((each) => [...arrayOf(each)])).toEqual([
      [0],
      [127],
      [0x80, 1],
      [0x7f],
      [0xc0, 0],
      [0, 0, 0x80, 0x3f],
    ]);
  });
});

/** Runs code over a new memory that begins with `numbers`, and returns the numbers at the beginning. */
function runOver(numbers: readonly number[], write: Body, ...args: number[]): Float32Array {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const view = new Float32Array(memory.buffer);
  view.set(numbers);
  instantiate(moduleOf([writeFunction("run", args.length, write)]), memory)[0]!(...args);
  return view.slice(0, numbers.length);
}

describe("code", () => {
  it("runs loops zero, one or many times", () => {
    for (const times of [0, 1, 2, 7]) {
      const [sum] = runOver([0], (f, at) => f.times(times, () => f.store(at, f32.add(load(at), number(1)))), 0);
      expect(sum).toBe(times);
    }
  });

  it("loops until an address is reached", () => {
    const marked = runOver(
      [0, 0, 0, 0],
      (f, at, end) =>
        f.until(at, end, () => {
          f.store(at, number(5));
          f.advance(at, 1);
        }),
      4,
      12,
    );
    expect([...marked]).toEqual([0, 5, 5, 0]);
  });

  it("calls inner functions, each written once", () => {
    const write: Body = (f, at) => {
      const double = (offset: number): void =>
        f.call("double", [plus(at, offset)], (inner, x) => inner.store(x, f32.add(load(x), load(x))));
      double(0);
      double(2);
      f.times(2, () => double(1));
      f.call("zero", [plus(at, 3)], (inner, x) => inner.store(x, number(0)));
    };
    expect([...runOver([1, 2, 3, 4], write, 0)]).toEqual([2, 8, 6, 0]);
    const written = writeFunction("run", 1, write);
    expect(written.inner.map(({ name }) => name)).toEqual(["double", "zero"]);
    expect(textOf(written)).toContain("(call 1 (i32.add (local.get $0) (i32.const 8)))");
  });

  it("computes on one number and on four", () => {
    const result = runOver(
      [1, 2, 3, 4, 0, 0, 0, 0],
      (f, at) => {
        f.store4(at, f.multiplyAdd4(load4(at), splat(at, 1), zero4), 4);
        const isLarge = f32x4.gt(load4(at, 4), f.constant(f32x4.splat(number(7))));
        f.storeOne(at, select4(isLarge, f.constant(f32x4.splat(number(5))), zero4), 0, 3);
      },
      0,
    );
    expect([...result]).toEqual([5, 2, 3, 4, 2, 4, 6, 8]);
  });

  it("is the same for the same input, and valid", () => {
    const shape: ProductShape = {
      rows: 5,
      rowStep: 3,
      resultStep: 10,
      columns: 10,
      terms: [
        { count: 2, step: 6 },
        { count: 3, step: 1 },
      ],
      accumulate: true,
    };
    const write = (): Uint8Array<ArrayBuffer> =>
      moduleOf([writeFunction("product", 4, (f, a, b, c, bias) => writeProduct(f, shape, { a, b, c, bias }))]);
    expect(write()).toEqual(write());
    expect(WebAssembly.validate(write())).toBe(true);
    expect(write().length).toBeLessThan(4096);
  });

  it("prints as text", () => {
    const product = writeFunction("product", 4, (f, a, b, c, bias) =>
      writeProduct(
        f,
        { rows: 2, rowStep: 3, resultStep: 4, columns: 4, terms: [{ count: 3, step: 1 }] },
        { a, b, c, bias },
      ),
    );
    expect(textOf(product)).toMatchSnapshot();
  });

  it.each(Object.entries({ ...functions, ...furtherFunctions }))("of %s prints as text", (_, formula) => {
    const written = writeFunction("formula", 1, (f, at) => f.store4(at, formula(f, load4(at), load4(at, 4))));
    expect(textOf(written).split("\n").at(-3)).toMatch(/^ {4}\(v128\.store \(local\.get \$0\) \(.*\)\)$/);
  });
});
