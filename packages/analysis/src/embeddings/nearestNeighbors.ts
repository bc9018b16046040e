import { anyOption, checkOptions, checkValue, oneOf, ShapeError, wholeFrom } from "@convlens/backend";
import { magnitudeOf } from "../numbers.ts";
import { checkMatrix } from "./checkMatrix.ts";
import type { Matrix } from "./codes.ts";
import { rowsOf, type Vector } from "./linearAlgebra.ts";

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

/** Normalizes a row. Zeros become a unit vector along one of two additional axes, whose cosine with other rows is 0. */
function unitOf(row: Vector, own: 0 | 1): Float64Array {
  const unit = new Float64Array(row.length + 2);
  // Divided by the largest number first, whose square may overflow or underflow.
  const largest = magnitudeOf(row);
  if (largest === 0) return unit.fill(1, row.length + own, row.length + own + 1);
  const scaled = Float64Array.from(row, (x) => x / largest);
  const length = Math.sqrt(scaled.reduce((sum, x) => sum + x ** 2, 0));
  unit.set(scaled.map((x) => x / length));
  return unit;
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
  checkValue("nearestNeighbors", "count, the number of neighbours,", count, wholeFrom(1, most));
  const vectorsOf = (matrix: Matrix, own: 0 | 1): Vector[] =>
    metric === "cosine" ? rowsOf(matrix).map((row) => unitOf(row, own)) : rowsOf(matrix);
  const [from, to] = [vectorsOf(asked, 0), vectorsOf(points, 1)];
  const indices = new Uint32Array(asked.rows * count);
  const distances = new Float64Array(asked.rows * count).fill(Infinity);
  for (const [r, x] of from.entries()) {
    const nearest = indices.subarray(r * count, (r + 1) * count);
    const squares = distances.subarray(r * count, (r + 1) * count);
    let worst = Infinity;
    for (const [p, y] of to.entries()) {
      if (of === undefined && p === r) continue;
      const square = squareDistance(x, y, worst);
      if (square >= worst) continue;
      // Inserts it among the nearest so far.
      const at = squares.findIndex((each) => each > square);
      squares.copyWithin(at + 1, at).set([square], at);
      nearest.copyWithin(at + 1, at).set([p], at);
      worst = squares.at(-1)!;
    }
  }
  // For unit vectors |a − b|² = 2 − 2 cos.
  const measured = distances.map((square) => (metric === "cosine" ? square / 2 : Math.sqrt(square)));
  return { rows: asked.rows, count, indices, distances: measured };
}

/** Returns |x − y|², or a partial sum once it exceeds `limit`. */
function squareDistance(x: Vector, y: Vector, limit: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const d = x[i]! - y[i]!;
    sum += d * d;
    if ((i & 31) === 31 && sum > limit) return sum;
  }
  return sum;
}
