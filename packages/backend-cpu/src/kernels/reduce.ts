import { sizeOf, type Axes, type Kernel, type OneAxis, type Shape } from "@convlens/backend";
import {
  calculate,
  andNot4,
  calculate4,
  compare4,
  differMask4,
  each4,
  lane,
  load4,
  loadOne,
  number,
  or4,
  select4,
  zero4,
  type Expression,
  type Local,
} from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { Code, Team } from "../team.ts";
import { runLoops, tasksOf } from "./loops.ts";

/** A tensor as [outer, folded, inner], where the folded axes are neighbours. */
interface Fold {
  readonly outer: number;
  readonly folded: number;
  readonly inner: number;
}

/** One fold after the other, the last axes first: each over neighbouring axes. Axes of one element change nothing. */
export function foldsOf(shape: Shape, axes: readonly number[]): Fold[] {
  const left = [...shape];
  const folds: Fold[] = [];
  const isFolded = (axis: number): boolean => axes.includes(axis) || shape[axis] === 1;
  for (let last = shape.length - 1; last >= 0; last--) {
    if (!isFolded(last)) continue;
    let first = last;
    while (first > 0 && isFolded(first - 1)) first--;
    const folded = sizeOf(shape.slice(first, last + 1));
    if (folded > 1) folds.push({ outer: sizeOf(left.slice(0, first)), folded, inner: sizeOf(left.slice(last + 1)) });
    left.fill(1, first, last + 1);
    last = first;
  }
  return folds.length > 0 ? folds : [{ outer: sizeOf(shape), folded: 1, inner: 1 }];
}

type Vector = Expression<"v128">;
/** How two parts become one, and what a part begins with. */
interface Reduction {
  readonly start: Vector;
  readonly join: (a: Vector, b: Vector) => Vector;
}
const reductions: Readonly<Record<"sum" | "max", Reduction>> = {
  sum: { start: zero4, join: (a, b) => calculate4("add", a, b) },
  max: { start: each4(number(-Infinity)), join: (a, b) => calculate4("max", a, b) },
};

/** So many numbers are folded into a part before it is joined to the rest: a long sum in float32 would lose its last digits. */
const PART = 128;

/** Writes: the folds of `count` vectors each `step` bytes apart, some side by side; moves the address behind the last ones. */
function writeFold(
  f: FunctionWriter,
  { start, join }: Reduction,
  count: number,
  x: Local<"i32">,
  step: number,
  loads: readonly (() => Vector)[],
): Local<"v128">[] {
  const totals = loads.map(() => f.keep("total", start));
  const parts = loads.map(() => f.local("v128", "part"));
  const fold = (length: number): void => {
    parts.forEach((part) => f.set(part, start));
    f.times(length, () => {
      parts.forEach((part, i) => f.set(part, join(part, loads[i]!())));
      f.advance(x, step);
    });
    totals.forEach((total, i) => f.set(total, join(total, parts[i]!)));
  };
  f.times(Math.floor(count / PART), () => fold(PART));
  if (count % PART > 0) fold(count % PART);
  return totals;
}

/** Columns that are folded side by side: two cache lines. */
const COLUMNS = 32;

function codeOf(team: Team, name: "sum" | "max", fold: Fold): Code {
  const kind = reductions[name];
  const { outer, folded, inner } = fold;
  const write = (f: FunctionWriter, x?: Local<"i32">, y?: Local<"i32">): void => {
    const row = 4 * inner;
    /** Neighbours side by side in the lanes, then the lanes together. */
    const neighbours = (): void => {
      const [total] = writeFold(f, kind, Math.floor(folded / 4), x!, 16, [() => load4(x!)]);
      const [rest] = writeFold(f, kind, folded % 4, x!, 4, [() => loadOne(x!)]);
      const join = name === "sum" ? "add" : "max";
      const pairs = [0, 2].map((i) => calculate(join, lane(total!, i as 0), lane(total!, (i + 1) as 1)));
      f.store(y!, calculate(join, calculate(join, ...pairs), lane(rest!, 0)));
      f.advance(y!, 4);
    };
    const columns = (numbers: number): void => {
      const vectors = Math.floor(numbers / 4);
      const at = [
        ...Array.from({ length: vectors }, (_, i) => ({ offset: 16 * i, isOne: false })),
        ...Array.from({ length: numbers % 4 }, (_, i) => ({ offset: 16 * vectors + 4 * i, isOne: true })),
      ];
      const loads = at.map(
        ({ offset, isOne }) =>
          () =>
            (isOne ? loadOne : load4)(x!, offset),
      );
      const totals = writeFold(f, kind, folded, x!, row, loads);
      totals.forEach((total, i) => {
        const { offset, isOne } = at[i]!;
        if (isOne) f.storeOne(y!, total, offset);
        else f.store4(y!, total, offset);
      });
      f.advance(x!, 4 * numbers - folded * row);
      f.advance(y!, 4 * numbers);
    };
    f.times(outer, () => {
      if (inner === 1) return neighbours();
      f.times(Math.floor(inner / COLUMNS), () => columns(COLUMNS));
      if (inner % COLUMNS > 0) columns(inner % COLUMNS);
      f.advance(x!, folded * row - row);
    });
  };
  return team.code(`${name} ${JSON.stringify(fold)}`, ["x", "y"], write, 4 * outer * folded * inner);
}

/** Rows of a long fold that are folded first: so that threads can share it, and its end does not depend on how many do. */
const CHUNK = 4096;

/** A fold, by all threads together where it is long. */
function runOf(
  team: Team,
  name: "sum" | "max",
  fold: Fold,
): { readonly run: (from: number, to: number, scratch: number) => void; readonly scratch: number } {
  const { outer, folded, inner } = fold;
  if (outer === 1 && folded >= 2 * CHUNK) {
    const [chunks, rest] = [Math.floor(folded / CHUNK), folded % CHUNK];
    const chunk = codeOf(team, name, { outer, folded: CHUNK, inner });
    const last = rest > 0 ? codeOf(team, name, { outer, folded: rest, inner }) : undefined;
    const parts = chunks + (rest > 0 ? 1 : 0);
    const join = codeOf(team, name, { outer, folded: parts, inner });
    const step = 4 * CHUNK * inner;
    return {
      scratch: Math.ceil((parts * inner) / 4) * 4,
      run: (from, to, scratch) => {
        chunk.each(chunks, [from, step], [scratch, 4 * inner]);
        last?.call(from + chunks * step, scratch + chunks * 4 * inner);
        join.call(scratch, to);
      },
    };
  }
  const { each, calls, rest } = tasksOf(team, outer, folded * inner);
  const main = codeOf(team, name, { outer: each, folded, inner });
  const last = rest > 0 ? codeOf(team, name, { outer: rest, folded, inner }) : undefined;
  const [stepFrom, stepTo] = [4 * each * folded * inner, 4 * each * inner];
  return {
    scratch: 0,
    run: (from, to) => {
      main.each(calls, [from, stepFrom], [to, stepTo]);
      last?.call(from + calls * stepFrom, to + calls * stepTo);
    },
  };
}

const reduction =
  (team: Team, name: "sum" | "max"): Kernel<Block, Axes> =>
  ({ inputs: [shape], output, attributes: { axes } }) => {
    if (sizeOf(shape!) === 0) {
      const value = name === "sum" ? 0 : -Infinity;
      const run = runLoops(team, `all ${value}`, (f) => f.constant(each4(number(value))), [
        { count: sizeOf(output), steps: [4] },
      ]);
      return (_, y) => run(y.start);
    }
    const folds = foldsOf(shape!, axes);
    const runs = folds.map((fold) => runOf(team, name, fold));
    // Every result but the last lies in the scratch, behind the one before it.
    const lengths = folds.slice(0, -1).map(({ outer, inner }) => Math.ceil((outer * inner) / 4) * 4);
    const between = lengths.reduce((sum, length) => sum + length, 0);
    const wanted = between + Math.max(...runs.map(({ scratch }) => scratch));
    return ([x], y) => {
      const scratch = wanted === 0 ? 0 : team.scratch(wanted);
      let [from, next] = [x!.start, scratch];
      runs.forEach(({ run }, i) => {
        const to = i === runs.length - 1 ? y.start : next;
        run(from, to, scratch + 4 * between);
        from = to;
        next += 4 * (lengths[i] ?? 0);
      });
    };
  };

/** The place of the first maximum; a NaN is one. */
const argmax =
  (team: Team): Kernel<Block, OneAxis> =>
  ({ inputs: [shape], attributes: { axis } }) => {
    const [length, inner] = [shape![axis]!, sizeOf(shape!.slice(axis + 1))];
    const outer = sizeOf(shape!.slice(0, axis));
    const code = team.code(`argmax ${JSON.stringify([outer, length, inner])}`, ["x", "y"], (f, x, y) => {
      const [best, place, at, rival] = ["best", "place", "at", "rival"].map((name) => f.local("v128", name)) as [
        Local<"v128">,
        Local<"v128">,
        Local<"v128">,
        Local<"v128">,
      ];
      const one = f.constant(each4(number(1)));
      const column = (load: (x: Local<"i32">) => Vector, store: (v: Vector) => void, numbers: number): void => {
        f.set(best, load(x!));
        f.set(place, zero4);
        f.set(at, one);
        f.times(length - 1, () => {
          f.advance(x!, 4 * inner);
          f.set(rival, load(x!));
          // A NaN that comes after a NaN is not greater, and not the first.
          const isGreater = or4(
            compare4("gt", rival, best),
            andNot4(differMask4(rival, rival), differMask4(best, best)),
          );
          const wins = f.keep("wins", isGreater);
          f.set(best, select4(wins, rival, best));
          f.set(place, select4(wins, at, place));
          f.set(at, calculate4("add", at, one));
        });
        store(place);
        f.advance(x!, 4 * numbers - 4 * inner * (length - 1));
        f.advance(y!, 4 * numbers);
      };
      f.times(outer, () => {
        f.times(Math.floor(inner / 4), () => column(load4, (v) => f.store4(y!, v), 4));
        f.times(inner % 4, () => column(loadOne, (v) => f.storeOne(y!, v), 1));
        f.advance(x!, 4 * inner * (length - 1));
      });
    });
    return ([x], y) => code.call(x!.start, y.start);
  };

/** Many numbers in, one out. */
export const reduceKernels = (
  team: Team,
): {
  readonly sum: Kernel<Block, Axes>;
  readonly max: Kernel<Block, Axes>;
  readonly argmax: Kernel<Block, OneAxis>;
} => ({
  sum: reduction(team, "sum"),
  max: reduction(team, "max"),
  argmax: argmax(team),
});
