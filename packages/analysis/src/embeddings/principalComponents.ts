import { anyOption, checkOptions, checkValue, Random, seedOption, ValueError, wholeFrom } from "@convlens/backend";
import { checkMatrix } from "./checkMatrix.ts";
import type { Matrix } from "./codes.ts";
import {
  combined,
  eigenOf,
  matrixOf,
  orthonormalized,
  projected,
  rowsOf,
  transposedProduct,
  type Eigen,
  type Vector,
} from "./linearAlgebra.ts";

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
  if (rows < 2) throw new ValueError({ operation: "principalComponents", expected: "at least two points", got: rows });
  const most = Math.min(rows - 1, columns);
  checkValue("principalComponents", `count for ${rows} points of ${columns} numbers`, count, wholeFrom(1, most));
  checkMatrix("principalComponents", points);
  const { mean, centered } = centeredOf(points);
  let total = 0;
  for (const row of centered) for (const x of row) total += x * x;
  const found = largestEigen(centered, columns, count, Math.min(most, count + MORE), seed);
  const components = found.map(({ vector }) => withSign(vector));
  const values = Float64Array.from(found, ({ value }) => Math.max(0, value));
  return {
    mean,
    components: matrixOf(components, columns),
    variances: values.map((value) => value / Math.max(1, rows - 1)),
    shares: values.map((value) => (total === 0 ? 0 : value / total)),
    scores: matrixOf(projected(centered, components), count),
  };
}

/** Returns the `count` largest eigenvalues of XᵀX, by orthogonal iteration of `width` directions. */
function largestEigen(x: readonly Vector[], columns: number, count: number, width: number, seed: number): Eigen[] {
  let basis = rowsOf({ rows: width, values: new Random(seed).normal(width * columns) });
  let found: Eigen[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const q = orthonormalized(basis);
    // B = Q Xᵀ; the eigenvectors of its Gram matrix rotate the basis (Rayleigh–Ritz).
    const seen = projected(x, q);
    const now = eigenOf(transposedProduct(seen, seen));
    const vectors = now.map(({ vector }) => combined(vector, q));
    const changes = now.slice(0, count).map(({ value }, i) => Math.abs(value - (found[i]?.value ?? 0)));
    found = now.map(({ value }, i) => ({ value, vector: vectors[i]! }));
    if (Math.max(...changes) <= PRECISION * now[0]!.value) break;
    basis = transposedProduct(projected(x, vectors), x);
  }
  return found.slice(0, count);
}

function centeredOf(points: Matrix): { readonly mean: Float64Array; readonly centered: Float64Array[] } {
  const mean = new Float64Array(points.columns);
  const rows = rowsOf(points);
  for (const row of rows) for (const [c, x] of row.entries()) mean[c]! += x / points.rows;
  return { mean, centered: rows.map((row) => mean.map((middle, c) => row[c]! - middle)) };
}

/** Flips a direction if its number of the largest magnitude is negative. */
function withSign(direction: Float64Array): Float64Array {
  const largest = direction.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return largest < 0 ? direction.map((value) => -value) : direction;
}
