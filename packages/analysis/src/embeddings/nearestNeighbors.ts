import { checkOptions, anyOption, oneOf, ShapeError, ValueError } from "@convlens/backend";
import { checkMatrix } from "./checkMatrix.ts";
import type { Matrix } from "./codes.ts";

/** Options of {@link nearestNeighbors}. */
export interface NearestNeighborsOptions {
  /** Number of neighbours of each point. */
  readonly count: number;
  /** Query points. Default: the points themselves, each without itself. */
  readonly of?: Matrix;
  /** Metric; `"cosine"` is 1 − the cosine of the angle, and 1 for a point of zeros. Default: `"euclidean"`. */
  readonly metric?: "euclidean" | "cosine";
}

/** The nearest neighbours of each query point. */
export interface NearestNeighbors {
  readonly rows: number;
  readonly count: number;
  /** `[rows, count]`: indices of points, the nearest first; of equal distances the first. */
  readonly indices: Uint32Array;
  /** `[rows, count]` */
  readonly distances: Float64Array;
}

/**
 * Normalizes rows to unit vectors. A row of zeros becomes a unit vector along one of two additional axes, so that its cosine with
 * every other row is 0.
 */
function units({ rows, columns, values }: Matrix, own: 0 | 1): Matrix {
  const wide = columns + 2;
  const made = new Float64Array(rows * wide);
  for (let r = 0; r < rows; r++) {
    const row = Float64Array.from(values.subarray(r * columns, (r + 1) * columns));
    // Divided by the largest number first, whose square may overflow or underflow.
    const largest = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (largest === 0) made[r * wide + columns + own] = 1;
    else {
      const length = Math.sqrt(row.reduce((sum, x) => sum + (x / largest) ** 2, 0));
      row.forEach((x, c) => (made[r * wide + c] = x / largest / length));
    }
  }
  return { rows, columns: wide, values: made };
}

/**
 * Finds the nearest neighbours of points by exhaustive search.
 *
 * @example
 * ```ts
 * const codes = await codesOf(model, data, { layer: "layers.1" });
 * const { indices } = nearestNeighbors(codes, { count: 3 });
 * indices.subarray(0, 3); // the three nearest neighbours of the first example
 * ```
 */
export function nearestNeighbors(points: Matrix, options: NearestNeighborsOptions): NearestNeighbors {
  checkOptions("nearestNeighbors", options, { count: anyOption, of: anyOption, metric: oneOf("euclidean", "cosine") });
  const { count, of, metric = "euclidean" } = options;
  const asked = of ?? points;
  checkMatrix("nearestNeighbors", points);
  checkMatrix("nearestNeighbors", asked);
  if (asked.columns !== points.columns)
    throw new ShapeError({
      operation: "nearestNeighbors",
      what: "the points to look up",
      expected: `of ${points.columns} numbers each, like the others`,
      got: asked.columns,
    });
  const most = of === undefined ? points.rows - 1 : points.rows;
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw new ValueError({
      operation: "nearestNeighbors",
      what: "count",
      expected: `a whole number from 1 to ${most}, the number of neighbours of each point`,
      got: count,
    });
  const [from, to] = metric === "cosine" ? [units(asked, 0), units(points, 1)] : [asked, points];
  const indices = new Uint32Array(from.rows * count);
  const distances = new Float64Array(from.rows * count).fill(Infinity);
  for (let r = 0; r < from.rows; r++) {
    const begin = r * count;
    for (let p = 0; p < to.rows; p++) {
      if (of === undefined && p === r) continue;
      const worst = distances[begin + count - 1]!;
      const square = squareDistance(from, r, to, p, worst);
      if (square >= worst) continue;
      // Inserts it among the nearest so far.
      let at = count - 1;
      for (; at > 0 && distances[begin + at - 1]! > square; at--) {
        distances[begin + at] = distances[begin + at - 1]!;
        indices[begin + at] = indices[begin + at - 1]!;
      }
      distances[begin + at] = square;
      indices[begin + at] = p;
    }
  }
  // For unit vectors |a − b|² = 2 − 2 cos.
  const measured = distances.map((square) => (metric === "cosine" ? square / 2 : Math.sqrt(square)));
  return { rows: from.rows, count, indices, distances: measured };
}

/** Returns |a − b|², or a partial sum once it exceeds `limit`. */
function squareDistance(a: Matrix, i: number, b: Matrix, j: number, limit: number): number {
  const { columns } = a;
  const [x, y] = [a.values, b.values];
  const [from, to] = [i * columns, j * columns];
  let sum = 0;
  for (let c = 0; c < columns; c++) {
    const d = x[from + c]! - y[to + c]!;
    sum += d * d;
    if ((c & 31) === 31 && sum > limit) return sum;
  }
  return sum;
}
