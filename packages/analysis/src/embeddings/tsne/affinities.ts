import type { NearestNeighbors } from "../nearestNeighbors.ts";

/** A sparse matrix of affinities: the neighbours of point i are at `starts[i]` up to `starts[i + 1]`. */
export interface Affinities {
  readonly starts: Uint32Array;
  readonly neighbors: Uint32Array;
  /** Symmetric; the sum is 1. */
  readonly weights: Float64Array;
}

/** Returns the weights of a point's neighbours under a Gaussian whose width gives the wanted perplexity. */
function gaussian(squares: Float64Array, perplexity: number): Float64Array {
  const wanted = Math.log(perplexity);
  const nearest = squares[0]!;
  let [low, high, precision] = [0, Infinity, 1];
  const weights = new Float64Array(squares.length);
  for (let round = 0; round < 200; round++) {
    let [sum, moment] = [0, 0];
    squares.forEach((square, k) => {
      const weight = Math.exp(-precision * (square - nearest));
      weights[k] = weight;
      sum += weight;
      moment += weight * (square - nearest);
    });
    // H = ln Σ w + precision · Σ w d² / Σ w
    const entropy = Math.log(sum) + (precision * moment) / sum;
    weights.forEach((weight, k) => (weights[k] = weight / sum));
    if (Math.abs(entropy - wanted) < 1e-6) break;
    if (entropy > wanted) [low, precision] = [precision, high === Infinity ? precision * 2 : (precision + high) / 2];
    else [high, precision] = [precision, (precision + low) / 2];
  }
  return weights;
}

/** Returns the affinities of points from their nearest neighbours: (p(j|i) + p(i|j)) / 2n. */
export function affinitiesOf({ rows, count, indices, distances }: NearestNeighbors, perplexity: number): Affinities {
  const found = Array.from({ length: rows }, () => new Map<number, number>());
  for (let i = 0; i < rows; i++) {
    const squares = distances.subarray(i * count, (i + 1) * count).map((d) => d * d);
    gaussian(squares, perplexity).forEach((weight, k) => {
      const j = indices[i * count + k]!;
      const half = weight / (2 * rows);
      found[i]!.set(j, (found[i]!.get(j) ?? 0) + half);
      found[j]!.set(i, (found[j]!.get(i) ?? 0) + half);
    });
  }
  const starts = new Uint32Array(rows + 1);
  found.forEach((own, i) => (starts[i + 1] = starts[i]! + own.size));
  const neighbors = new Uint32Array(starts[rows]!);
  const weights = new Float64Array(starts[rows]!);
  found.forEach((own, i) => {
    let at = starts[i]!;
    for (const [j, weight] of own) {
      neighbors[at] = j;
      weights[at++] = weight;
    }
  });
  return { starts, neighbors, weights };
}
