import type { NearestNeighbors } from "../nearestNeighbors.ts";

/** Affinities of a point to others. Those of all points are symmetric and sum to 1. */
export interface Affinities {
  readonly neighbors: Uint32Array;
  readonly weights: Float64Array;
}

/** Returns the weights of a point's neighbours under a Gaussian whose width gives the wanted perplexity. */
function gaussian(squares: Float64Array, perplexity: number): Float64Array {
  const wanted = Math.log(perplexity);
  const nearest = Math.min(...squares);
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

/** Returns the affinities of each point from its nearest neighbours: (p(j|i) + p(i|j)) / 2n. */
export function affinitiesOf({ rows, count, indices, distances }: NearestNeighbors, perplexity: number): Affinities[] {
  const found = Array.from({ length: rows }, () => new Map<number, number>());
  const add = (own: Map<number, number>, j: number, half: number): unknown => own.set(j, (own.get(j) ?? 0) + half);
  for (const [i, own] of found.entries()) {
    const neighbors = indices.subarray(i * count, (i + 1) * count);
    const squares = distances.subarray(i * count, (i + 1) * count).map((d) => d * d);
    gaussian(squares, perplexity).forEach((weight, k) => {
      const [j, half] = [neighbors[k]!, weight / (2 * rows)];
      add(own, j, half);
      add(found[j]!, i, half);
    });
  }
  return found.map((own) => ({
    neighbors: Uint32Array.from(own.keys()),
    weights: Float64Array.from(own.values()),
  }));
}
