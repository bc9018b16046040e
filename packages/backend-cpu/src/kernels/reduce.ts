import { sizeOf, type Axes, type Kernel, type Shape } from "@convlens/backend";
import {
  calculate,
  calculate4,
  each4,
  lane,
  load4,
  loadOne,
  number,
  zero4,
  type Expression,
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

/** The shape as such three numbers; `undefined` if the axes to fold are apart. */
export function foldOf(shape: Shape, axes: readonly number[]): Fold | undefined {
  const long = axes.filter((axis) => shape[axis] !== 1);
  if (long.length === 0) return { outer: sizeOf(shape), folded: 1, inner: 1 };
  const [first, last] = [long[0]!, long.at(-1)!];
  for (let axis = first; axis <= last; axis++) if (!long.includes(axis) && shape[axis] !== 1) return undefined;
  return {
    outer: sizeOf(shape.slice(0, first)),
    folded: sizeOf(shape.slice(first, last + 1)),
    inner: sizeOf(shape.slice(last + 1)),
  };
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

/** Kernels of reductions over neighbouring axes; those over axes apart are the reference's. */
export function reduceKernels(
  heap: Heap,
  apart: (name: "sum" | "max") => Kernel<Block, Axes>,
): Record<"sum" | "max", Kernel<Block, Axes>> {
  const kernel =
    (name: "sum" | "max"): Kernel<Block, Axes> =>
    (call) => {
      const [shape] = call.inputs as [Shape];
      const fold = foldOf(shape, call.attributes.axes);
      if (fold === undefined || sizeOf(shape) === 0) return apart(name)(call);
      const run = heap.functions(`${name} ${JSON.stringify(fold)}`, () => write(name, fold))["run"]!;
      return ([x], y) => run(x!.start, y.start);
    };
  return { sum: kernel("sum"), max: kernel("max") };
}
