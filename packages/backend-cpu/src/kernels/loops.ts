import type { Shape } from "@convlens/backend";
import { load4, loadOne, splat, type Expression, type Local } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Code, Team } from "../team.ts";

/** An operation on four numbers of each input at a time. */
export type Pointwise = (f: FunctionWriter, ...x: Expression<"v128">[]) => Expression<"v128">;

/** The number itself: what all movement is made of. */
export const copied: Pointwise = (_, x) => x!;

/** One loop: how often, and how many bytes each input and, last, the output move. */
export interface Loop {
  readonly count: number;
  readonly steps: readonly number[];
}

/**
 * The axes of a shape as loops, neighbours joined wherever all go on in even steps.
 *
 * @param steps - Of each input and of the output, the step along each axis, in numbers.
 */
export function loopsOf(shape: Shape, steps: readonly (readonly number[])[]): Loop[] {
  const loops: Loop[] = [];
  shape.forEach((count, axis) => {
    if (count === 1) return;
    const own: Loop = { count, steps: steps.map((each) => 4 * each[axis]!) };
    const outer = loops.at(-1);
    if (outer?.steps.every((step, i) => step === own.steps[i]! * count))
      loops.splice(-1, 1, { count: outer.count * count, steps: own.steps });
    else loops.push(own);
  });
  return loops.length === 0 ? [{ count: 1, steps: steps.map(() => 0) }] : loops;
}

/** So many numbers are worth a call of their own. */
export const TASK = 16384;

/** Calls that do `count` equal things, some at a time: as many as make a task of `size` numbers each, and what is left over. */
export function tasksOf(
  team: Team,
  count: number,
  size: number,
): { readonly each: number; readonly calls: number; readonly rest: number } {
  if (team.threads === 1 || count * size < 2 * TASK) return { each: count, calls: 1, rest: 0 };
  const each = Math.min(count, Math.max(1, Math.round(TASK / size)));
  return { each, calls: Math.floor(count / each), rest: count % each };
}

/** `(…inputs, output)`: an operation in loops; four numbers at a time where they lie side by side. */
export function runLoops(
  team: Team,
  name: string,
  pointwise: Pointwise,
  loops: readonly Loop[],
): (...addresses: number[]) => void {
  const [outer, ...inner] = loops as [Loop, ...Loop[]];
  const { each, calls, rest } = tasksOf(
    team,
    outer.count,
    inner.reduce((size, { count }) => size * count, 1),
  );
  const steps = outer.steps.map((step) => each * step);
  const code = codeOf(team, name, pointwise, [{ ...outer, count: each }, ...inner]);
  if (calls === 1 && rest === 0) return code.call;
  const last = rest === 0 ? undefined : codeOf(team, name, pointwise, [{ ...outer, count: rest }, ...inner]);
  return (...addresses) => {
    code.each(calls, ...addresses.map((address, i) => [address, steps[i]!] as const));
    last?.call(...addresses.map((address, i) => address + calls * steps[i]!));
  };
}

function codeOf(team: Team, name: string, pointwise: Pointwise, loops: readonly Loop[]): Code {
  const inputs = loops[0]!.steps.slice(1).map((_, i) => `x${i}`);
  const work = 4 * loops.reduce((size, { count }) => size * count, 1);
  const write = (f: FunctionWriter, ...addresses: Local<"i32">[]): void => {
    const to = addresses.at(-1)!;
    const from = addresses.slice(0, -1);
    const loop = (depth: number): void => {
      const { count, steps } = loops[depth]!;
      const inner = loops[depth + 1];
      if (inner !== undefined) {
        f.times(count, () => {
          loop(depth + 1);
          addresses.forEach((address, i) => f.advance(address, steps[i]! - inner.count * inner.steps[i]!));
        });
        return;
      }
      const move = (numbers: number): void =>
        addresses.forEach((address, i) => f.advance(address, numbers * steps[i]!));
      const isTogether = steps.at(-1) === 4 && steps.every((step) => step === 0 || step === 4);
      const vectors = isTogether ? Math.floor(count / 4) : 0;
      f.times(vectors, () => {
        const x = from.map((address, i) => f.keep("x", steps[i] === 0 ? splat(address) : load4(address)));
        f.store4(to, pointwise(f, ...x));
        move(4);
      });
      f.times(count - 4 * vectors, () => {
        const x = from.map((address) => f.keep("x", loadOne(address)));
        f.storeOne(to, pointwise(f, ...x));
        move(1);
      });
    };
    loop(0);
  };
  return team.code(`${name} ${JSON.stringify(loops)}`, [...inputs, "y"], write, work);
}
