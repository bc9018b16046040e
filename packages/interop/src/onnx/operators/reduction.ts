import {
  absolute,
  argmax,
  concat,
  cumsum,
  flip,
  log,
  logSumExp,
  max,
  mean,
  min,
  multiply,
  negate,
  reshape,
  slice,
  sqrt,
  square,
  subtract,
  sum,
  type Tensor,
} from "@convlens/tensor";
import { upTo } from "../axes.ts";
import type { ElementType } from "../elementTypes.ts";
import type { Operator } from "../node.ts";
import { batchOf, computed, Constant, Live, onlyOn, tensorIn } from "../value.ts";

type Reduce = (x: Tensor, axes: readonly number[]) => Tensor;

/** An operator that takes all numbers along some axes together. */
const reduction = (reduce: Reduce, fold: (numbers: readonly number[]) => number): Operator => ({
  since: [1, 11, 13, 18],
  record(call) {
    const x = call.input(0);
    const given = call.axes(x.rank, 1) ?? [];
    if (given.length === 0 && call.flag("noop_with_empty_axes")) return x;
    const axes = given.length === 0 ? upTo(x.rank) : given;
    const keep = call.flag("keepdims", true);
    return x instanceof Constant ? foldAxes(x, axes, keep, fold) : reduceAxes(x, axes, keep, reduce);
  },
});

function foldAxes(
  x: Constant,
  axes: readonly number[],
  keep: boolean,
  fold: (numbers: readonly number[]) => number,
): Constant {
  const groups = new Map<number, number[]>();
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  x.numbers.forEach((value, index) => {
    let rest = index;
    let at = 0;
    let step = 1;
    for (let axis = x.rank - 1; axis >= 0; axis--) {
      const place = rest % x.shape[axis]!;
      rest = Math.floor(rest / x.shape[axis]!);
      if (axes.includes(axis)) continue;
      at += place * step;
      step *= x.shape[axis]!;
    }
    const group = groups.get(at) ?? [];
    group.push(value);
    groups.set(at, group);
  });
  const shape = keep ? kept : kept.filter((_, axis) => !axes.includes(axis));
  return computed(x.type, shape, (to) => {
    for (let i = 0; i < to.length; i++) to[i] = fold(groups.get(i) ?? []);
  });
}

/** Reduces axes of the file, and keeps the layout of the others. */
export function reduceAxes(
  x: Live,
  axes: readonly number[],
  keep: boolean,
  reduce: Reduce,
  type: ElementType = x.type,
): Live {
  const y = reduce(
    x.tensor,
    axes.map((axis) => x.axis(axis)),
  );
  const batch = onlyOn(x.batch, (axis) => !axes.includes(axis));
  if (keep) return new Live(y, x.layout, type, batch);
  const left = upTo(x.rank).filter((axis) => !axes.includes(axis));
  const layout = x.layout.filter((axis) => !axes.includes(axis));
  const shape = layout.map((axis) => x.shape[axis]!);
  return new Live(
    reshape(y, shape),
    layout.map((axis) => left.indexOf(axis)),
    type,
    typeof batch === "number" ? left.indexOf(batch) : batch,
  );
}

const keepAxes = { keepAxes: true } as const;
const add2 = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Product of all numbers along axes, by halves: a · b of the first and the second half. */
function productOf(x: Tensor, axes: readonly number[]): Tensor {
  return axes.reduce((y, axis) => {
    let rest = y;
    while (rest.shape[axis]! > 1) {
      const half = Math.floor(rest.shape[axis]! / 2);
      const part = (begin: number, size: number): Tensor =>
        slice(
          rest,
          rest.shape.map((_, i) => (i === axis ? begin : 0)),
          rest.shape.map((s, i) => (i === axis ? size : s)),
        );
      const odd = rest.shape[axis]! % 2 === 1 ? part(2 * half, 1) : undefined;
      const joined: Tensor = multiply(part(0, half), part(half, half));
      rest = odd === undefined ? joined : half === 1 ? multiply(joined, odd) : multiplyFirst(joined, odd, axis);
    }
    return rest;
  }, x);
}

/** Multiplies the first place along an axis. */
function multiplyFirst(x: Tensor, factor: Tensor, axis: number): Tensor {
  const size = x.shape[axis]!;
  const first = slice(
    x,
    x.shape.map(() => 0),
    x.shape.map((s, i) => (i === axis ? 1 : s)),
  );
  const rest = slice(
    x,
    x.shape.map((_, i) => (i === axis ? 1 : 0)),
    x.shape.map((s, i) => (i === axis ? size - 1 : s)),
  );
  return concat([multiply(first, factor), rest], axis);
}

/** The place of the largest or least number along an axis, of several the first or the last. */
const extreme = (sign: 1 | -1): Operator => ({
  since: [1, 11, 12, 13],
  record(call) {
    const value = call.input(0);
    const axis = call.axis(value.rank, 0);
    const x = new Live(tensorIn(value, upTo(value.rank)), upTo(value.rank), value.type, batchOf(value));
    const last = call.flag("select_last_index");
    const size = x.shape[axis]!;
    return reduceAxes(
      x,
      [axis],
      call.flag("keepdims", true),
      (tensor) => {
        const signed = sign === 1 ? tensor : negate(tensor);
        const found = argmax(last ? flip(signed, axis) : signed, axis, keepAxes);
        return last ? subtract(size - 1, found) : found;
      },
      "int64",
    );
  },
});

const cumulative: Operator = {
  since: [11, 14],
  record(call) {
    const value = call.input(0);
    const given = call.knownNumber(1, "the axis") ?? 0;
    const axis = given < 0 ? given + value.rank : given;
    const isReverse = call.flag("reverse");
    const x = tensorIn(value, upTo(value.rank));
    const from = isReverse ? flip(x, axis) : x;
    const sums = cumsum(from, axis);
    const wanted = call.flag("exclusive") ? subtract(sums, from) : sums;
    const batch = onlyOn(batchOf(value), (own) => own !== axis);
    return new Live(isReverse ? flip(wanted, axis) : wanted, upTo(value.rank), value.type, batch);
  },
};

const norm2 = (x: Tensor, axes: readonly number[]): Tensor => sqrt(sum(square(x), axes, keepAxes));

export const reductions: Readonly<Record<string, Operator>> = {
  ReduceSum: reduction((x, axes) => sum(x, axes, keepAxes), add2),
  ReduceMean: reduction(
    (x, axes) => mean(x, axes, keepAxes),
    (n) => add2(n) / n.length,
  ),
  ReduceMax: reduction(
    (x, axes) => max(x, axes, keepAxes),
    (n) => n.reduce((a, b) => Math.max(a, b), -Infinity),
  ),
  ReduceMin: reduction(
    (x, axes) => min(x, axes, keepAxes),
    (n) => n.reduce((a, b) => Math.min(a, b), Infinity),
  ),
  ReduceProd: reduction(productOf, (n) => n.reduce((a, b) => a * b, 1)),
  ReduceL1: reduction(
    (x, axes) => sum(absolute(x), axes, keepAxes),
    (n) => add2(n.map(Math.abs)),
  ),
  ReduceL2: reduction(norm2, (n) => Math.sqrt(add2(n.map((v) => v * v)))),
  ReduceSumSquare: reduction(
    (x, axes) => sum(square(x), axes, keepAxes),
    (n) => add2(n.map((v) => v * v)),
  ),
  ReduceLogSum: reduction(
    (x, axes) => log(sum(x, axes, keepAxes)),
    (n) => Math.log(add2(n)),
  ),
  ReduceLogSumExp: reduction(
    (x, axes) => logSumExp(x, axes, keepAxes),
    (n) => Math.log(add2(n.map(Math.exp))),
  ),
  ArgMax: extreme(1),
  ArgMin: extreme(-1),
  CumSum: cumulative,
};
