import type { Body, FunctionWriter, Machine } from "./assembler/function.ts";
import { moduleOf, writeFunction } from "./assembler/module.ts";

/** From so many bytes on a function has a module of its own: what engines make of it better is used no sooner than the rest. */
const LONG = 4000;

/** What {@link Functions} are written for. */
export interface FunctionsOptions {
  readonly isShared: boolean;
  readonly machine: Machine;
  /** Is given modules as they are made, and the numbers of their functions. */
  readonly publish: (module: Uint8Array<ArrayBuffer>, numbers: readonly number[]) => void;
}

/**
 * Functions that are written at once, and compiled when the first of them is called, with all others that have been written by
 * then: a module for each would take longer than its function.
 */
export class Functions {
  readonly #options: FunctionsOptions;
  readonly #written = new Map<number, FunctionWriter>();
  /** Numbers of functions that were removed: used again, so that tables by number stay as short as there are functions. */
  readonly #free: number[] = [];
  #length = 0;

  constructor(options: FunctionsOptions) {
    this.#options = options;
  }

  /** Writes one, and gives its number. */
  add(name: string, parameters: readonly string[], body: Body): number {
    const written = writeFunction(name, parameters, body, this.#options);
    const number = this.#free.pop() ?? this.#length++;
    this.#written.set(number, written);
    return number;
  }

  /** Gives its number to another: nobody calls it any more. */
  remove(number: number): void {
    this.#written.delete(number);
    this.#free.push(number);
  }

  /** Makes modules of what has been written. */
  compile(): void {
    if (this.#written.size === 0) return;
    const { isShared, publish } = this.#options;
    const short: number[] = [];
    const modules = [short];
    for (const [number, { size, inner }] of this.#written)
      if (size < LONG && inner.length === 0) short.push(number);
      else modules.push([number]);
    for (const numbers of modules) {
      const module = moduleOf(
        numbers.map((number) => this.#written.get(number)!),
        isShared,
      );
      publish(module, numbers);
    }
    this.#written.clear();
  }
}
