import { valueIn, type Argument, type Count } from "../callList.ts";
import type { Address } from "../heap.ts";
import type { CompiledFunction } from "../runtime.ts";

/** Prepares calls for `count` items, `each` at a time, and one call for the rest. */
export function splitCalls(
  count: number,
  each: number,
  codeOf: (items: number) => CompiledFunction,
): (...args: Argument[]) => void {
  const [calls, rest] = [Math.floor(count / each), count % each];
  const main = calls > 0 ? codeOf(each) : undefined;
  const last = rest > 0 ? codeOf(rest) : undefined;
  return (...args) => {
    main?.callMany(calls, ...args);
    last?.call(...args.map((each) => valueIn<Address | Count>(each, calls)));
  };
}
