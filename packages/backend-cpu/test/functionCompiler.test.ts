import { expect, it } from "vitest";
import { number } from "../src/assembler/expression.ts";
import { plainMachine } from "../src/assembler/function.ts";
import { instantiate } from "../src/assembler/module.ts";
import type { WasmFunction } from "../src/execute.ts";
import { FunctionCompiler } from "../src/functionCompiler.ts";

it("functions are compiled together, long ones alone, and keep their numbers", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const view = new Float32Array(memory.buffer);
  const modules: (readonly number[])[] = [];
  const compiled: WasmFunction[] = [];
  const publish = (module: Uint8Array<ArrayBuffer>, numbers: readonly number[]): void => {
    modules.push(numbers);
    instantiate(module, memory).forEach((run, i) => (compiled[numbers[i]!] = run));
  };
  const functions = new FunctionCompiler({ isShared: false, machine: plainMachine, publish });
  /** Writes its value to an address once, or repeatedly to make the function long. */
  const add = (value: number, times: number): number =>
    functions.add("put", 1, (f, to) => {
      for (let i = 0; i < times; i++) f.store(to, number(value));
    });
  const check = (index: number): void => {
    compiled[index]!(8);
    expect(view[2]).toBe(100 + index);
  };
  for (let i = 0; i < 12; i++) expect(add(100 + i, i === 5 ? 1000 : 1)).toBe(i);
  expect(modules).toEqual([]);
  functions.compile();
  expect(modules).toEqual([[0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11], [5]]);
  expect(add(112, 1)).toBe(12);
  functions.compile();
  for (let i = 0; i <= 12; i++) check(i);
  functions.compile();
  expect(modules.slice(2)).toEqual([[12]]);
});
