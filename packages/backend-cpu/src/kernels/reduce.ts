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
import { ModuleWriter } from "../assembler/module.ts";
import type { Block, Heap } from "../heap.ts";

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

/** Writes: total ← the fold of `count` vectors, each `step` bytes further. Leaves the address behind the last one. */
function writeFold(
  f: FunctionWriter,
  { start, join }: Reduction,
  count: number,
  step: number,
  next: () => Vector,
  advance: (bytes: number) => void,
): Expression<"v128"> {
  const [total, part] = [f.local("v128", "total"), f.local("v128", "part")];
  f.set(total, start);
  const fold = (length: number): void => {
    f.set(part, start);
    f.times(length, () => {
      f.set(part, join(part, next()));
      advance(step);
    });
    f.set(total, join(total, part));
  };
  f.times(Math.floor(count / PART), () => fold(PART));
  if (count % PART > 0) fold(count % PART);
  return total;
}

function write(name: "sum" | "max", { outer, folded, inner }: Fold): ModuleWriter {
  const reduction = reductions[name];
  const module = new ModuleWriter();
  module.function("run", ["x", "y"], (f, x, y) => {
    const row = 4 * inner;
    f.times(outer, () => {
      if (inner === 1) {
        // Neighbours side by side in the lanes, then the lanes together.
        const vectors = Math.floor(folded / 4);
        const total = f.local("v128", "lanes");
        f.set(
          total,
          writeFold(
            f,
            reduction,
            vectors,
            16,
            () => load4(x!),
            (bytes) => f.advance(x!, bytes),
          ),
        );
        const rest = f.local("v128", "rest");
        f.set(
          rest,
          writeFold(
            f,
            reduction,
            folded % 4,
            4,
            () => loadOne(x!),
            (bytes) => f.advance(x!, bytes),
          ),
        );
        const join = name === "sum" ? "add" : "max";
        const pairs = calculate(
          join,
          calculate(join, lane(total, 0), lane(total, 1)),
          calculate(join, lane(total, 2), lane(total, 3)),
        );
        f.store(y!, calculate(join, pairs, lane(rest, 0)));
        f.advance(y!, 4);
        return;
      }
      const column = (next: () => Vector, store: (v: Vector) => void, bytes: number): void => {
        store(writeFold(f, reduction, folded, row, next, (step) => f.advance(x!, step)));
        f.advance(x!, bytes - folded * row);
        f.advance(y!, bytes);
      };
      f.times(Math.floor(inner / 4), () =>
        column(
          () => load4(x!),
          (v) => f.store4(y!, v),
          16,
        ),
      );
      f.times(inner % 4, () =>
        column(
          () => loadOne(x!),
          (v) => f.storeOne(y!, v),
          4,
        ),
      );
      f.advance(x!, folded * row - row);
    });
  });
  return module;
}

const reduction =
  (heap: Heap, name: "sum" | "max"): Kernel<Block, Axes> =>
  ({ inputs: [shape], output, attributes: { axes } }) => {
    const start = name === "sum" ? 0 : -Infinity;
    if (sizeOf(shape!) === 0) return (_, y) => heap.clear(y.start, sizeOf(output), start);
    const folds = foldsOf(shape!, axes);
    const runs = folds.map(
      (fold) => heap.functions(`${name} ${JSON.stringify(fold)}`, () => write(name, fold))["run"]!,
    );
    // Every result but the last lies in the scratch, behind the one before it.
    const lengths = folds.slice(0, -1).map(({ outer, inner }) => Math.ceil((outer * inner) / 4) * 4);
    return ([x], y) => {
      const scratch = heap.scratch(lengths.reduce((sum, length) => sum + length, 0));
      let [from, next] = [x!.start, scratch];
      runs.forEach((run, i) => {
        const to = i === runs.length - 1 ? y.start : next;
        run(from, to);
        from = to;
        next += 4 * (lengths[i] ?? 0);
      });
    };
  };

/** The place of the first maximum; a NaN is one. */
const argmax =
  (heap: Heap): Kernel<Block, OneAxis> =>
  ({ inputs: [shape], attributes: { axis } }) => {
    const [length, inner] = [shape![axis]!, sizeOf(shape!.slice(axis + 1))];
    const outer = sizeOf(shape!.slice(0, axis));
    const functions = heap.functions(`argmax ${JSON.stringify([outer, length, inner])}`, () => {
      const module = new ModuleWriter();
      module.function("run", ["x", "y"], (f, x, y) => {
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
      return module;
    });
    return ([x], y) => functions["run"]!(x!.start, y.start);
  };

/** Many numbers in, one out. */
export const reduceKernels = (
  heap: Heap,
): {
  readonly sum: Kernel<Block, Axes>;
  readonly max: Kernel<Block, Axes>;
  readonly argmax: Kernel<Block, OneAxis>;
} => ({
  sum: reduction(heap, "sum"),
  max: reduction(heap, "max"),
  argmax: argmax(heap),
});
