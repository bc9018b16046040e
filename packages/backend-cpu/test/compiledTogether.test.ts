import { expect, it } from "vitest";
import { number } from "../src/assembler/expression.ts";
import { plainMachine } from "../src/assembler/function.ts";
import { Functions } from "../src/functions.ts";

it("Functions are compiled together, long ones alone, and keep their numbers", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const view = new Float32Array(memory.buffer);
  const modules: (readonly number[])[] = [];
  const publish = (_: Uint8Array, numbers: readonly number[]): unknown => modules.push(numbers);
  const functions = new Functions({ memory, isShared: false, machine: plainMachine, publish });
  /** Writes its value to an address, once or so often that it is long. */
  const add = (value: number, times: number): number =>
    functions.add("put", ["to"], (f, to) => {
      for (let i = 0; i < times; i++) f.store(to!, number(value));
    });
  const check = (index: number): void => {
    functions.at(index)(8);
    expect(view[2]).toBe(100 + index);
  };
  for (let i = 0; i < 12; i++) expect(add(100 + i, i === 5 ? 1000 : 1)).toBe(i);
  expect(modules).toEqual([]);
  check(7);
  expect(modules).toEqual([[0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11], [5]]);
  expect(add(112, 1)).toBe(12);
  for (let i = 0; i <= 12; i++) check(i);
  functions.compile();
  expect(modules.slice(2)).toEqual([[12]]);
});
