import { valueIn, type Argument, type Count } from "../callList.ts";
import type { Address } from "../heap.ts";
import type { CompiledFunction } from "../runtime.ts";

/** Prepares `calls` calls of one function, and one call of another for the rest. */
export const callsAndRest =
  (calls: number, main: CompiledFunction | undefined, rest: CompiledFunction | undefined) =>
  (...args: Argument[]): void => {
    main?.callMany(calls, ...args);
    rest?.call(...args.map((each) => valueIn<Address | Count>(each, calls)));
  };

/** Prepares calls for `count` items, `each` at a time, and one call for the rest. */
export function splitCalls(
  count: number,
  each: number,
  codeOf: (items: number) => CompiledFunction,
): (...args: Argument[]) => void {
  const [calls, rest] = [Math.floor(count / each), count % each];
  return callsAndRest(calls, calls > 0 ? codeOf(each) : undefined, rest > 0 ? codeOf(rest) : undefined);
}
