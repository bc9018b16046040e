/** A point of a quadrature on [0, 1]. */
export interface QuadraturePoint {
  readonly node: number;
  readonly weight: number;
}

/** Gauss–Legendre quadrature on [0, 1]. Its nodes are the roots of the Legendre polynomial, found by Newton's method. */
export function gaussLegendre(count: number): QuadraturePoint[] {
  return Array.from({ length: count }, (_, i) => {
    let z = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let round = 0; round < 100; round++) {
      // (k + 1) P(k+1) = (2k + 1) z P(k) − k P(k−1)
      let [before, value] = [1, z];
      for (let k = 1; k < count; k++) [before, value] = [value, ((2 * k + 1) * z * value - k * before) / (k + 1)];
      slope = (count * (z * value - before)) / (z * z - 1);
      const move = value / slope;
      z -= move;
      if (Math.abs(move) < 1e-15) break;
    }
    return { node: (1 - z) / 2, weight: 1 / ((1 - z * z) * slope * slope) };
  });
}
