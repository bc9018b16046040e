import { UsageError } from "@convlens/backend";
import type { Recipe } from "./assemble.ts";
import { Recording, session } from "./session.ts";
import { sorted } from "./sorted.ts";
import { Tensor } from "./tensor.ts";
import { mapTensors, type Tensors } from "./tree.ts";
import type { Variable } from "./variable.ts";

/** Argument of a compiled function: tensors are fed at each call; booleans and strings select a program. */
export type Parameter = Tensors | boolean | string;
/** Result of a compiled function. */
export type Results = Tensors | void;

/** A recorded function, from which its program is made. */
export interface RecordedFunction extends Recipe {
  readonly result: Results;
}

/** Records a function with arguments that are fed. */
export function recordFunction<P extends readonly Parameter[], R extends Results>(
  fn: (...args: P) => R,
  args: readonly (Parameter | number)[],
): RecordedFunction {
  const recording = new Recording((self) => new Tensor([2], { kind: "feed", recording: self }));
  const feeds: Tensor[] = [];
  const given = mapTensors(args, (argument: Tensor | number | boolean | string) => {
    if (typeof argument === "boolean" || typeof argument === "string") return argument;
    const feed = new Tensor(typeof argument === "number" ? [] : argument.shape, { kind: "feed", recording });
    feeds.push(feed);
    return feed;
  });
  let result: R;
  let outputs: Tensor[];
  const outer = session.compiling;
  session.compiling = recording;
  try {
    result = fn(...(given as P));
    if (result instanceof Promise)
      throw new UsageError({
        operation: "compile",
        problem: "the function must not be async: it describes the computation, which is awaited when it is called",
      });
    outputs = listOf(result).map((t) => (t.source.kind === "variable" ? (t as Variable).current : t));
  } finally {
    session.compiling = outer;
  }

  const { updates } = recording;
  const order = sorted([...outputs, ...updates.values()], (t) => (t.known === undefined ? t.inputs : []));
  for (const t of order) checkBelongs(t, recording);
  const variables = [
    ...new Set([
      ...updates.keys(),
      ...order.flatMap((t) => (t.source.kind === "read" && t.known === undefined ? [t.source.variable] : [])),
    ]),
  ];
  return { result, outputs, updates, variables, feeds: [...feeds, recording.seed!] };
}

function listOf(result: Results): Tensor[] {
  const list: Tensor[] = [];
  if (result !== undefined)
    mapTensors(result, (t: unknown) => {
      if (t instanceof Tensor) return list.push(t);
      throw new UsageError({
        operation: "compile",
        what: "the result of the function",
        expected: "tensors: one, a tuple or record of them, or nothing",
        got: t,
      });
    });
  return list;
}

/** Checks that a tensor that a compiled function uses has the same meaning at each call. */
function checkBelongs(t: Tensor, recording: Recording): void {
  const { source } = t;
  if (t.known !== undefined || (source.kind !== "feed" && source.kind !== "read") || source.recording === recording)
    return;
  throw source.kind === "feed"
    ? new UsageError({
        operation: "compile",
        problem: "this uses an argument of another compiled function",
        fix: "pass it as an argument of this one",
      })
    : new UsageError({
        operation: "compile",
        problem: `this uses a tensor over ${source.variable.toString()} that was recorded outside`,
        fix: "record it inside, pass it as an argument, or await its data() first to make it a constant",
      });
}
