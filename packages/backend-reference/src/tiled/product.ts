import type { Values } from "@convlens/backend";

/** A matrix in an array: its first element, and the steps from one row and from one column to the next. */
export interface Matrix {
  readonly values: Values;
  readonly start: number;
  readonly row: number;
  readonly column: number;
}

/**
 * y[i, j] += Σ a[i, l] · b[l, j] for i < m, j < n, l < k. Sums are computed in float64, in the order of l.
 *
 * It computes tiles of sixteen sums, so that each element that is read serves four products, which is several times as fast.
 */
export function addProduct(m: number, n: number, k: number, a: Matrix, b: Matrix, y: Matrix): void {
  let i = 0;
  for (; i + 4 <= m; i += 4) {
    let j = 0;
    for (; j + 4 <= n; j += 4) addTile(i, j, k, a, b, y);
    for (; j < n; j++) addColumn(i, j, k, a, b, y);
  }
  for (; i < m; i++) for (let j = 0; j < n; j++) y.values[y.start + i * y.row + j * y.column]! += dot(i, j, k, a, b);
}

function dot(i: number, j: number, k: number, a: Matrix, b: Matrix): number {
  const [x, w, stepX, stepW] = [a.values, b.values, a.column, b.row];
  let p = a.start + i * a.row;
  let q = b.start + j * b.column;
  let total = 0;
  for (let l = 0; l < k; l++, p += stepX, q += stepW) total += x[p]! * w[q]!;
  return total;
}

function addTile(i: number, j: number, k: number, a: Matrix, b: Matrix, y: Matrix): void {
  const x = a.values;
  const w = b.values;
  const rowX = a.row;
  const columnW = b.column;
  const stepX = a.column;
  const stepW = b.row;
  let p = a.start + i * rowX;
  let q = b.start + j * columnW;
  let [y00, y01, y02, y03] = [0, 0, 0, 0];
  let [y10, y11, y12, y13] = [0, 0, 0, 0];
  let [y20, y21, y22, y23] = [0, 0, 0, 0];
  let [y30, y31, y32, y33] = [0, 0, 0, 0];
  for (let l = 0; l < k; l++, p += stepX, q += stepW) {
    const w0 = w[q]!;
    const w1 = w[q + columnW]!;
    const w2 = w[q + 2 * columnW]!;
    const w3 = w[q + 3 * columnW]!;
    const x0 = x[p]!;
    y00 += x0 * w0;
    y01 += x0 * w1;
    y02 += x0 * w2;
    y03 += x0 * w3;
    const x1 = x[p + rowX]!;
    y10 += x1 * w0;
    y11 += x1 * w1;
    y12 += x1 * w2;
    y13 += x1 * w3;
    const x2 = x[p + 2 * rowX]!;
    y20 += x2 * w0;
    y21 += x2 * w1;
    y22 += x2 * w2;
    y23 += x2 * w3;
    const x3 = x[p + 3 * rowX]!;
    y30 += x3 * w0;
    y31 += x3 * w1;
    y32 += x3 * w2;
    y33 += x3 * w3;
  }
  const to = y.start + i * y.row + j * y.column;
  addFour(y.values, to, y.column, y00, y01, y02, y03);
  addFour(y.values, to + y.row, y.column, y10, y11, y12, y13);
  addFour(y.values, to + 2 * y.row, y.column, y20, y21, y22, y23);
  addFour(y.values, to + 3 * y.row, y.column, y30, y31, y32, y33);
}

/** Adds four sums to elements that are `step` apart. */
function addFour(t: Values, to: number, step: number, a: number, b: number, c: number, d: number): void {
  t[to]! += a;
  t[to + step]! += b;
  t[to + 2 * step]! += c;
  t[to + 3 * step]! += d;
}

/** Adds four sums, where fewer than four columns are left. */
function addColumn(i: number, j: number, k: number, a: Matrix, b: Matrix, y: Matrix): void {
  const x = a.values;
  const w = b.values;
  const rowX = a.row;
  const stepX = a.column;
  const stepW = b.row;
  let p = a.start + i * rowX;
  let q = b.start + j * b.column;
  let [y0, y1, y2, y3] = [0, 0, 0, 0];
  for (let l = 0; l < k; l++, p += stepX, q += stepW) {
    const w0 = w[q]!;
    y0 += x[p]! * w0;
    y1 += x[p + rowX]! * w0;
    y2 += x[p + 2 * rowX]! * w0;
    y3 += x[p + 3 * rowX]! * w0;
  }
  addFour(y.values, y.start + i * y.row + j * y.column, y.row, y0, y1, y2, y3);
}
