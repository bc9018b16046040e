import { checkOptions, anyOption, seedOption, Random, ValueError } from "@convlens/backend";
import { checkMatrix } from "./checkMatrix.ts";
import type { Matrix } from "./codes.ts";
import { eigenOf, orthonormalized } from "./linearAlgebra.ts";

/** Options of {@link principalComponents}. */
export interface PrincipalComponentsOptions {
  /** Number of components. Default: 2. */
  readonly count?: number;
  /** Seed of the initial basis. Default: 0. */
  readonly seed?: number;
}

/** The principal components of points. */
export interface PrincipalComponents {
  /** Mean of the points. */
  readonly mean: Float64Array;
  /** Orthonormal directions in descending order of variance, one in each row. */
  readonly components: Matrix;
  /** Variance along each direction. */
  readonly variances: Float64Array;
  /** Fraction of the total variance along each; 0 if all points are equal. */
  readonly shares: Float64Array;
  /** The projections of the points, one in each row. */
  readonly scores: Matrix & { readonly values: Float64Array };
}

/** Additional directions, which speed up convergence. */
const MORE = 8;
const MOST_ROUNDS = 500;
const PRECISION = 1e-10;

/**
 * Principal component analysis by orthogonal iteration, without the full covariance matrix. The number of the largest magnitude
 * in each component is positive.
 *
 * @throws `ValueError` for more components than points or dimensions allow.
 *
 * @example
 * ```ts
 * const codes = await codesOf(model, data, { layer: "layers.0" });
 * const { scores, shares } = principalComponents(codes, { count: 2 });
 * scores.rows; // 64 points in a plane that has shares[0] + shares[1] of their variance
 * ```
 */
export function principalComponents(points: Matrix, options: PrincipalComponentsOptions = {}): PrincipalComponents {
  checkOptions("principalComponents", options, { count: anyOption, seed: seedOption });
  const { count = 2, seed = 0 } = options;
  const { rows, columns } = points;
  const most = Math.min(rows - 1, columns);
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw new ValueError({
      operation: "principalComponents",
      what: "count",
      expected: `from 1 to ${most} for ${rows} points of ${columns} numbers`,
      got: count,
    });
  checkMatrix("principalComponents", points);
  const { mean, centered } = centeredOf(points);
  let total = 0;
  for (const x of centered) total += x * x;
  const width = Math.min(most, count + MORE);
  let basis: Float32Array | Float64Array = new Random(seed).normal(width * columns);
  let values: Float64Array = new Float64Array(width);
  let vectors: Float64Array = new Float64Array(0);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const q = orthonormalized(basis, width, columns);
    // B = Q Xᵀ; the eigenvectors of its Gram matrix rotate the basis (Rayleigh–Ritz).
    const seen = project(centered, rows, columns, q, width);
    const { values: now, turns } = eigenOf(gram(seen, rows, width), width);
    vectors = turned(q, turns, width, columns);
    const change = now.slice(0, count).reduce((most_, value, i) => Math.max(most_, Math.abs(value - values[i]!)), 0);
    values = now;
    if (change <= PRECISION * now[0]!) break;
    basis = back(centered, rows, columns, vectors, width);
  }
  const components = withSigns(vectors.subarray(0, count * columns), count, columns);
  const variances = values.slice(0, count).map((value) => Math.max(0, value) / Math.max(1, rows - 1));
  return {
    mean,
    components: { rows: count, columns, values: components },
    variances,
    shares: values.slice(0, count).map((value) => (total === 0 ? 0 : Math.max(0, value) / total)),
    scores: { rows, columns: count, values: project(centered, rows, columns, components, count) },
  };
}

function centeredOf({ rows, columns, values }: Matrix): {
  readonly mean: Float64Array;
  readonly centered: Float64Array;
} {
  const mean = new Float64Array(columns);
  for (let i = 0; i < values.length; i++) mean[i % columns]! += values[i]! / rows;
  return { mean, centered: Float64Array.from(values, (value, i) => value - mean[i % columns]!) };
}

/** Projects points onto directions: `[rows, width]`. */
function project(
  points: Float64Array,
  rows: number,
  columns: number,
  directions: Float64Array | Float32Array,
  width: number,
): Float64Array {
  const seen = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < width; k++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += points[r * columns + c]! * directions[k * columns + c]!;
      seen[r * width + k] = sum;
    }
  return seen;
}

/** Multiplies directions by Xᵀ X: `[width, columns]`. */
function back(
  points: Float64Array,
  rows: number,
  columns: number,
  directions: Float64Array | Float32Array,
  width: number,
): Float64Array {
  const seen = project(points, rows, columns, directions, width);
  const made = new Float64Array(width * columns);
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < width; k++) {
      const weight = seen[r * width + k]!;
      for (let c = 0; c < columns; c++) made[k * columns + c]! += weight * points[r * columns + c]!;
    }
  return made;
}

/** Returns the Gram matrix of the columns: `[width, width]`. */
function gram(seen: Float64Array, rows: number, width: number): Float64Array {
  const products = new Float64Array(width * width);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++) products[i * width + j]! += seen[r * width + i]! * seen[r * width + j]!;
  return products;
}

/** Rotates the basis: direction k is Σ turns[k, i] · basis[i]. */
function turned(basis: Float64Array, turns: Float64Array, width: number, columns: number): Float64Array {
  const made = new Float64Array(width * columns);
  for (let k = 0; k < width; k++)
    for (let i = 0; i < width; i++)
      for (let c = 0; c < columns; c++) made[k * columns + c]! += turns[k * width + i]! * basis[i * columns + c]!;
  return made;
}

/** Flips directions so that the number of the largest magnitude is positive. */
function withSigns(directions: Float64Array, count: number, columns: number): Float64Array {
  const signed = directions.slice();
  for (let k = 0; k < count; k++) {
    const row = signed.subarray(k * columns, (k + 1) * columns);
    const largest = row.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    if (largest < 0) row.forEach((value, c) => (row[c] = -value));
  }
  return signed;
}
