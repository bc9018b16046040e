import type { Body, FunctionWriter, Machine } from "./assembler/function.ts";
import { moduleOf, writeFunction } from "./assembler/module.ts";
import type { ModuleBytes } from "./executor.ts";

/**
 * Bytes from which a function gets a module of its own: an engine uses the optimized code of a function only when the whole
 * module is optimized.
 */
const LONG = 4000;

/** Options of {@link FunctionCompiler}. */
export interface FunctionCompilerOptions {
  readonly isShared: boolean;
  readonly machine: Machine;
  /** Receives each compiled module, and the numbers of its functions. */
  readonly publish: (module: ModuleBytes, numbers: readonly number[]) => void;
}

/**
 * Writes functions at once, and compiles them when the first of them is called, together with all others that have been written
 * by then: a module for each function would take longer than its function.
 */
export class FunctionCompiler {
  readonly #options: FunctionCompilerOptions;
  readonly #written = new Map<number, FunctionWriter>();
  /** Numbers of removed functions. They are reused, so that tables by number do not grow. */
  readonly #free: number[] = [];
  #length = 0;

  constructor(options: FunctionCompilerOptions) {
    this.#options = options;
  }

  /** Writes a function and returns its number. */
  add(name: string, arity: number, body: Body): number {
    const written = writeFunction(name, arity, body, this.#options.machine);
    const number = this.#free.pop() ?? this.#length++;
    this.#written.set(number, written);
    return number;
  }

  /** Removes a function that is not called any more. Its number may be reused. */
  remove(number: number): void {
    this.#written.delete(number);
    this.#free.push(number);
  }

  /** Compiles all functions written so far. */
  compile(): void {
    if (this.#written.size === 0) return;
    const { isShared, publish } = this.#options;
    const short: number[] = [];
    const modules = [short];
    for (const [number, { size, inner }] of this.#written)
      if (size < LONG && inner.length === 0) short.push(number);
      else modules.push([number]);
    for (const numbers of modules) {
      const functions = numbers.map((number) => this.#written.get(number)!);
      publish(moduleOf(functions, { isShared }), numbers);
    }
    this.#written.clear();
  }
}
