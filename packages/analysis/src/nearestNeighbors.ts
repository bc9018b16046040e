import { ShapeError, ValueError } from "@convlens/backend";
import type { Matrix } from "./codes.ts";

/** What {@link nearestNeighbors} may be told. */
export interface NearestNeighborsOptions {
  /** How many of each. */
  readonly count: number;
  /** Points whose neighbours are looked for. Default: the points themselves, each without itself. */
  readonly of?: Matrix;
  /** How distance is measured; `"cosine"` is 1 − the cosine of the angle. Default: `"euclidean"`. */
  readonly metric?: "euclidean" | "cosine";
}

/** The points nearest to each of others. */
export interface NearestNeighbors {
  readonly rows: number;
  readonly count: number;
  /** `[rows, count]`: which points, the nearest first; of equally near ones the first. */
  readonly indices: Uint32Array;
  /** `[rows, count]` */
  readonly distances: Float64Array;
}

/** Rows as unit vectors; what is 0 stays. */
function units({ rows, columns, values }: Matrix): Matrix {
  const made = Float64Array.from(values);
  for (let r = 0; r < rows; r++) {
    const row = made.subarray(r * columns, (r + 1) * columns);
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    if (length > 0) row.forEach((x, c) => (row[c] = x / length));
  }
  return { rows, columns, values: made };
}

/**
 * The nearest neighbours of points, found by looking at all: which examples a layer takes for alike.
 *
 * @example
 * ```ts
 * const codes = await codesOf(model, data, { layer: "layers.1" });
 * const { indices } = nearestNeighbors(codes, { count: 3 });
 * indices.subarray(0, 3); // the three examples that are most like the first
 * ```
 */
export function nearestNeighbors(
  points: Matrix,
  { count, of, metric = "euclidean" }: NearestNeighborsOptions,
): NearestNeighbors {
  const asked = of ?? points;
  if (asked.columns !== points.columns)
    throw new ShapeError(
      `nearestNeighbors: points of ${points.columns} numbers have no distance to points of ${asked.columns}`,
      { operation: "nearestNeighbors", axis: "columns", expected: points.columns, got: asked.columns },
    );
  const most = of === undefined ? points.rows - 1 : points.rows;
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw new ValueError(`nearestNeighbors: each point has 1 to ${most} neighbours, asked for ${count}`, {
      operation: "nearestNeighbors",
      expected: `1 to ${most}`,
      got: count,
    });
  const [from, to] = metric === "cosine" ? [units(asked), units(points)] : [asked, points];
  const indices = new Uint32Array(from.rows * count);
  const distances = new Float64Array(from.rows * count).fill(Infinity);
  for (let r = 0; r < from.rows; r++) {
    const begin = r * count;
    for (let p = 0; p < to.rows; p++) {
      if (of === undefined && p === r) continue;
      const worst = distances[begin + count - 1]!;
      const square = squareDistance(from, r, to, p, worst);
      if (square >= worst) continue;
      // Into its place among the nearest so far.
      let at = count - 1;
      for (; at > 0 && distances[begin + at - 1]! > square; at--) {
        distances[begin + at] = distances[begin + at - 1]!;
        indices[begin + at] = indices[begin + at - 1]!;
      }
      distances[begin + at] = square;
      indices[begin + at] = p;
    }
  }
  // Of unit vectors |a − b|² = 2 − 2 cos.
  const measured = distances.map((square) => (metric === "cosine" ? square / 2 : Math.sqrt(square)));
  return { rows: from.rows, count, indices, distances: measured };
}

/** |a − b|², or something larger than `limit` once it is sure to be. */
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
