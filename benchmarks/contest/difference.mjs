// Compares the results of two contestants.

/** Largest difference of two results, relative to the largest number. */
export function difference(a, b) {
  if (a.length !== b.length) return Infinity;
  let [most, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs(a[i] - b[i]);
    if (!(apart <= most)) most = apart;
    size = Math.max(size, Math.abs(b[i]));
  }
  return Number.isNaN(most) ? Infinity : most / size;
}

/**
 * Largest differences allowed: float32 has 24 bits (6e-8), Winograd's algorithm and long sums lose a few of them, deep networks
 * more, and in training differences grow from step to step.
 */
export const tolerances = { matmul: 1e-5, conv2d: 2e-5, infer: 5e-5, train: 1e-4 };
