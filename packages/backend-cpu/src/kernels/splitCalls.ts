import type { Argument } from "../callList.ts";
import type { CompiledFunction } from "../runtime.ts";

/** Calls for `count` things, `each` at a time, and one for what is left over. */
export function splitCalls(
  count: number,
  each: number,
  code: (count: number) => CompiledFunction,
): (...args: Argument[]) => void {
  const [calls, rest] = [Math.floor(count / each), count % each];
  const main = calls > 0 ? code(each) : undefined;
  const last = rest > 0 ? code(rest) : undefined;
  return (...args) => {
    main?.callMany(calls, ...args);
    last?.call(...args.map((each) => (typeof each === "number" ? each : each[0] + calls * each[1])));
  };
}
