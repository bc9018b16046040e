/** Orthonormalizes rows by the Gram–Schmidt process, in two passes against rounding errors. */
export function orthonormalized(rows: Float32Array | Float64Array, count: number, columns: number): Float64Array {
  const made = Float64Array.from(rows);
  for (let k = 0; k < count; k++) {
    const own = made.subarray(k * columns, (k + 1) * columns);
    const before = Math.sqrt(own.reduce((sum, x) => sum + x * x, 0));
    for (let pass = 0; pass < 2; pass++)
      for (let i = 0; i < k; i++) {
        const other = made.subarray(i * columns, (i + 1) * columns);
        const along = own.reduce((sum, x, c) => sum + x * other[c]!, 0);
        for (let c = 0; c < columns; c++) own[c]! -= along * other[c]!;
      }
    const length = Math.sqrt(own.reduce((sum, x) => sum + x * x, 0));
    // A row in the span of the others leaves only rounding errors.
    for (let c = 0; c < columns; c++) own[c] = length > 1e-12 * before ? own[c]! / length : 0;
  }
  return made;
}

/** Returns the eigenvalues of a symmetric matrix `[n, n]` in descending order, and eigenvectors as rows (Jacobi rotations). */
export function eigenOf(
  matrix: Float64Array,
  n: number,
): { readonly values: Float64Array; readonly turns: Float64Array } {
  const a = matrix.slice();
  const v = Float64Array.from({ length: n * n }, (_, i) => (Math.floor(i / n) === i % n ? 1 : 0));
  for (let sweep = 0; sweep < 60; sweep++) {
    let [off, all] = [0, 0];
    for (let i = 0; i < n * n; i++) {
      all += a[i]! ** 2;
      if (Math.floor(i / n) !== i % n) off += a[i]! ** 2;
    }
    if (off <= 1e-30 * all) break;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q]!;
        if (apq === 0) continue;
        const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const cos = 1 / Math.sqrt(t * t + 1);
        const sin = t * cos;
        const rotate = (m: Float64Array, i: number, j: number): void => {
          const [x, y] = [m[i]!, m[j]!];
          m[i] = cos * x - sin * y;
          m[j] = sin * x + cos * y;
        };
        for (let k = 0; k < n; k++) rotate(a, k * n + p, k * n + q);
        for (let k = 0; k < n; k++) rotate(a, p * n + k, q * n + k);
        for (let k = 0; k < n; k++) rotate(v, k * n + p, k * n + q);
      }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  return {
    values: Float64Array.from(order, (i) => a[i * n + i]!),
    turns: Float64Array.from({ length: n * n }, (_, i) => v[(i % n) * n + order[Math.floor(i / n)]!]!),
  };
}
