import { partsOf } from "../numbers.ts";
import type { Matrix } from "./codes.ts";

/** A row of a matrix. */
export type Vector = Matrix["values"];

/** Returns the rows of a matrix, as views of its values. */
export const rowsOf = ({ rows, values }: Pick<Matrix, "rows" | "values">): Vector[] => partsOf(values, rows);

/** Returns a matrix of rows. */
export function matrixOf(rows: readonly Vector[], columns: number): Matrix & { readonly values: Float64Array } {
  const values = new Float64Array(rows.length * columns);
  rows.forEach((row, r) => values.set(row, r * columns));
  return { rows: rows.length, columns, values };
}

/** Σ xᵢ yᵢ */
function dot(x: Vector, y: Vector): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

/** Adds a multiple of a vector to another one. */
function addMultiple(to: Float64Array, factor: number, x: Vector): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * x[i]!;
}

/** Returns the products of each row of A with each row of B: A · Bᵀ. */
export const projected = (a: readonly Vector[], b: readonly Vector[]): Float64Array[] =>
  a.map((x) => Float64Array.from(b, (y) => dot(x, y)));

/** Returns the sum of rows, each times its weight. */
export function combined(weights: Vector, rows: readonly Vector[]): Float64Array {
  const made = new Float64Array(rows[0]?.length ?? 0);
  rows.forEach((row, i) => addMultiple(made, weights[i]!, row));
  return made;
}

/** Returns Aᵀ · B. */
export function transposedProduct(a: readonly Vector[], b: readonly Vector[]): Float64Array[] {
  const made = Array.from(a[0] ?? [], () => new Float64Array(b[0]?.length ?? 0));
  for (const [r, weights] of a.entries()) for (const [k, row] of made.entries()) addMultiple(row, weights[k]!, b[r]!);
  return made;
}

/** Orthonormalizes rows by the Gram–Schmidt process, in two passes against rounding errors. */
export function orthonormalized(rows: readonly Vector[]): Float64Array[] {
  const made: Float64Array[] = [];
  for (const row of rows) {
    const own = Float64Array.from(row);
    const before = Math.sqrt(dot(own, own));
    for (let pass = 0; pass < 2; pass++) for (const other of made) addMultiple(own, -dot(own, other), other);
    const length = Math.sqrt(dot(own, own));
    // A row in the span of the others leaves only rounding errors.
    made.push(own.map((x) => (length > 1e-12 * before ? x / length : 0)));
  }
  return made;
}

/** An eigenvalue and its unit eigenvector. */
export interface Eigen {
  readonly value: number;
  readonly vector: Float64Array;
}

/** Rotates a pair of numbers. */
type Rotation = (x: Float64Array, i: number, y: Float64Array, j: number) => void;

/** Returns the rotation that makes the off-diagonal entry of [[app, apq], [apq, aqq]] zero. */
function jacobi(app: number, apq: number, aqq: number): Rotation {
  const theta = (aqq - app) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cos = 1 / Math.sqrt(t * t + 1);
  const sin = t * cos;
  return (x, i, y, j) => {
    [x[i], y[j]] = [cos * x[i]! - sin * y[j]!, sin * x[i]! + cos * y[j]!];
  };
}

/** Returns the eigenvalues of a symmetric matrix in descending order, with eigenvectors (Jacobi rotations). */
export function eigenOf(matrix: readonly Float64Array[]): Eigen[] {
  const a = matrix.map((row) => row.slice());
  const pairs = a.map((row, i) => ({ row, vector: new Float64Array(a.length).fill(1, i, i + 1) }));
  for (let sweep = 0; sweep < 60; sweep++) {
    let [off, all] = [0, 0];
    for (const [i, row] of a.entries())
      for (const [j, x] of row.entries()) {
        all += x ** 2;
        if (i !== j) off += x ** 2;
      }
    if (off <= 1e-30 * all) break;
    for (const [p, first] of pairs.entries())
      for (const [q, second] of pairs.entries()) {
        const apq = first.row[q]!;
        if (q <= p || apq === 0) continue;
        const rotate = jacobi(first.row[p]!, apq, second.row[q]!);
        for (const row of a) rotate(row, p, row, q);
        for (const k of a.keys()) rotate(first.row, k, second.row, k);
        for (const k of a.keys()) rotate(first.vector, k, second.vector, k);
      }
  }
  return pairs.map(({ row, vector }, i) => ({ value: row[i]!, vector })).sort((x, y) => y.value - x.value);
}
