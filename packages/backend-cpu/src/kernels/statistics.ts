import { int4, load4, plus, shuffle4, splat, zero4, type Local } from "../assembler/expression.ts";
import { f32x4, f64x2, v128, type Vector } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { writeSweep, type Chunk, type ChunkPlaces } from "./chunks.ts";
import type { Folding } from "./folding.ts";

// Statistics of chunks, and how they are joined. A chunk gives its mean and the deviations from that, and chunks are joined in
// float64. A difference of sums would lose the digits of the variance if the mean is large.

/** √(variance + epsilon) */
export const deviationOf = (f: FunctionWriter, epsilon: number, variance: Vector): Vector =>
  f32x4.sqrt(f32x4.add(variance, f.constant4(epsilon)));

/** Sums over a chunk, of each column or of all numbers. There is a plane for each kind of sum. */
export interface Sums {
  /** Terms of each sum. */
  readonly count: number;
  /** Adds terms to some planes. They may depend on another plane, or on the values for rows. */
  readonly addUp: (
    planes: readonly number[],
    known: number | "spread" | undefined,
    terms: (known: Local<"v128">, ...x: Vector[]) => readonly Vector[],
  ) => void;
  /** Replaces a plane. */
  readonly replace: (plane: number, formula: (v: Vector) => Vector) => void;
}

/** Numbers of a plane: whole vectors for columns. */
export const planeLength = ({ width }: Folding): number => (width === 1 ? 1 : 4 * Math.ceil(width / 4));

/** Sums of each column, in the memory of the results, since there may be many. */
export function columnSums(f: FunctionWriter, chunk: Chunk, planes: number, { whole, spread, to }: ChunkPlaces): Sums {
  const step = planeLength(chunk.folding);
  f.clear(to, planes * step);
  return {
    count: chunk.rows,
    addUp: (into, known, terms) => {
      const sums = into.map((plane) => ({ plane, sum: f.local("v128") }));
      const means = f.local("v128");
      writeSweep(f, chunk, whole, [...spread, to], (offsets) => {
        for (const { plane, sum } of sums) f.set(sum, load4(to, plane * step));
        if (known !== undefined) f.set(means, known === "spread" ? load4(spread[0]!) : load4(to, known * step));
        for (const offset of offsets) {
          const x = whole.map((address) => f.keep(load4(address, offset)));
          terms(means, ...x).forEach((term, i) => {
            const { sum } = sums[i]!;
            f.set(sum, f32x4.add(sum, term));
          });
        }
        for (const { plane, sum } of sums) f.store4(to, sum, plane * step);
      });
    },
    replace: (plane, formula) => {
      const at = f.keep(plus(to, plane * step));
      f.times(step / 4, () => {
        f.store4(at, formula(load4(at)));
        f.advance(at, 4);
      });
    },
  };
}

/** Sums of all numbers, in registers, with the same value in all lanes. */
export function flatSums(
  f: FunctionWriter,
  chunk: Chunk,
  { whole, spread }: ChunkPlaces,
): Sums & { readonly values: readonly Local<"v128">[] } {
  const values: Local<"v128">[] = [];
  return {
    count: chunk.rows,
    values,
    addUp: (into, known, terms) => {
      const means = typeof known === "number" ? values[known]! : f.local("v128");
      if (known === "spread") f.set(means, splat(spread[0]!));
      const sums = into.map((plane) => ({ plane, slots: [0, 1, 2, 3].map(() => f.keep(zero4)) }));
      writeSweep(f, chunk, whole, [], (offsets, lanes) => {
        const isWithin = int4(...[0, 1, 2, 3].map((lane) => (lane < lanes ? -1 : 0)));
        for (const offset of offsets) {
          const x = whole.map((address) => f.keep(load4(address, offset)));
          terms(means, ...x).forEach((term, i) => {
            const sum = sums[i]!.slots[offset / 4]!;
            f.set(sum, f32x4.add(sum, lanes < 4 ? v128.and(term, f.constant(isWithin)) : term));
          });
        }
      });
      sums.forEach(({ plane, slots }) => {
        const total = f.keep(slots.reduce<Vector>(f32x4.add, zero4));
        f.set(total, f32x4.add(total, shuffle4(total, total, 2, 3, 0, 1)));
        f.set(total, f32x4.add(total, shuffle4(total, total, 1, 0, 3, 2)));
        values[plane] = total;
      });
    },
    replace: (plane, formula) => f.set(values[plane]!, formula(values[plane]!)),
  };
}

/** A statistic that gives two numbers for each kept one. */
export interface Statistic {
  /** Number of sums of a chunk. */
  readonly planes: number;
  /** Computes them. */
  readonly find: (f: FunctionWriter, sums: Sums) => void;
  /** The results, if there is only one chunk. */
  readonly finish: (
    f: FunctionWriter,
    given: { readonly count: number; readonly deviation: () => Vector },
    ...planes: Vector[]
  ) => readonly [Vector, Vector];
  /** The results for two neighbours, in float64. `each` visits the sums of all chunks, and the number of their terms. */
  readonly join: (
    f: FunctionWriter,
    each: (visit: (count: number, ...planes: Vector[]) => void) => void,
    given: { readonly count: number; readonly deviation: () => Vector },
  ) => readonly [Vector, Vector];
}

/** Mean and variance. A chunk gives its mean in float32, the sum of the deviations from that, and the sum of their squares. */
const moments: Statistic = {
  planes: 3,
  find: (f, sums) => {
    sums.addUp([0], undefined, (_, x) => [x]);
    sums.replace(0, (total) => f32x4.mul(total, f.constant4(1 / sums.count)));
    sums.addUp([1, 2], 0, (mean, x) => {
      const off = f.keep(f32x4.sub(x, mean));
      return [off, f32x4.mul(off, off)];
    });
  },
  finish: (f, { count }, mean, sum, squares) => {
    const share = f.constant4(1 / count);
    // The sum of deviations from infinity is NaN.
    const known = v128.and(sum, f32x4.eq(sum, sum));
    const variance = f32x4.mul(f32x4.sub(squares, f32x4.mul(f32x4.mul(sum, sum), share)), share);
    return [f32x4.add(mean, f32x4.mul(known, share)), f32x4.pmax(variance, zero4)];
  },
  join: (f, each, { count }) => {
    const total = f.keep(zero4);
    each((n, m, sum) => {
      const known = v128.and(sum, f64x2.eq(sum, sum));
      f.set(total, f64x2.add(total, f64x2.add(f64x2.mul(f.constant2(n), m), known)));
    });
    const mean = f.keep(f64x2.div(total, f.constant2(count)));
    const squares = f.keep(zero4);
    // Σ (x − mean)² = Σ (x − m)² + 2 (m − mean) Σ (x − m) + n (m − mean)²
    each((n, m, sum, square) => {
      const off = f.keep(f64x2.sub(m, mean));
      const slope = f64x2.add(f64x2.add(sum, sum), f64x2.mul(f.constant2(n), off));
      f.set(squares, f64x2.add(squares, f64x2.add(square, f64x2.mul(off, slope))));
    });
    return [mean, f64x2.max(f64x2.div(squares, f.constant2(count)), f.constant2(0))];
  },
};

/** Σ dy, and Σ dy · (x − mean), which is divided by the standard deviation at the end. */
const normalizeSums: Statistic = {
  planes: 2,
  find: (_, sums) => sums.addUp([0, 1], "spread", (mean, dy, x) => [dy, f32x4.mul(dy, f32x4.sub(x, mean))]),
  finish: (_, { deviation }, sum, product) => [sum, f32x4.div(product, deviation())],
  join: (f, each, { deviation }) => {
    const [sum, product] = [f.keep(zero4), f.keep(zero4)];
    each((_, a, b) => {
      f.set(sum, f64x2.add(sum, a));
      f.set(product, f64x2.add(product, b));
    });
    return [sum, f64x2.div(product, f64x2.promote_low_f32x4(deviation()))];
  },
};

/** Statistics by name. */
export const statistics: Readonly<Record<"moments" | "normalizeSums", Statistic>> = { moments, normalizeSums };
