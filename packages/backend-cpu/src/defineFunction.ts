import type { FunctionWriter } from "./assembler/function.ts";
import type { Pointer } from "./assembler/expression.ts";

/**
 * A function whose code is generated for a record of parameters: plain data, as JSON has it. The code depends on these and on the
 * machine only, so they are its key in the cache of compiled functions. Functions are therefore defined at the top level of a
 * module, where their bodies have nothing else to refer to.
 */
export interface FunctionDefinition<P> {
  /** Shown by profilers. No two definitions have the same name. */
  readonly name: string;
  /** Writes the body. The arguments of the function are addresses and counts. */
  readonly write: (f: FunctionWriter, parameters: P, ...args: Pointer[]) => void;
  /** Number of arguments. Default: as many as `write` declares. */
  readonly arity?: (parameters: P) => number;
  /** About how many elements or products a call computes: other threads are woken only for many. Default: 0. */
  readonly work?: (parameters: P) => number;
}

/** Defines a function. */
export const defineFunction = <P>(definition: FunctionDefinition<P>): FunctionDefinition<P> => definition;

/** Number of arguments of a function. */
export const arityOf = <P>({ write, arity }: FunctionDefinition<P>, parameters: P): number =>
  arity?.(parameters) ?? write.length - 2;

/** Words that kernels read from the memory, computed from a record of parameters, which is their key in a cache. */
export interface TableDefinition<P> {
  /** No two definitions have the same name. */
  readonly name: string;
  readonly words: (parameters: P) => Int32Array;
}

/** The key of a definition with some parameters. */
export const keyOf = <P>({ name }: { readonly name: string }, parameters: P): string =>
  `${name} ${JSON.stringify(parameters, exactly)}`;

/** JSON has no −0, infinity or NaN, and would leave functions out. */
function exactly(key: string, value: unknown): unknown {
  if (typeof value === "function" || ArrayBuffer.isView(value))
    throw new Error(`the parameter ${key} is not plain data`);
  const isExact = typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0));
  return isExact ? value : `number ${Object.is(value, -0) ? "−0" : value}`;
}
