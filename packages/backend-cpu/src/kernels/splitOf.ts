import type { Argument, Code } from "../team.ts";

/** Calls for `count` things, `each` at a time, and one for what is left over. */
export function splitOf(count: number, each: number, code: (count: number) => Code): (...args: Argument[]) => void {
  const [calls, rest] = [Math.floor(count / each), count % each];
  const main = calls > 0 ? code(each) : undefined;
  const last = rest > 0 ? code(rest) : undefined;
  return (...args) => {
    main?.each(calls, ...args);
    last?.call(...args.map((each) => (typeof each === "number" ? each : each[0] + calls * each[1])));
  };
}
