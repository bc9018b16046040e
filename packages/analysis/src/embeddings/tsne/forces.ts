import { sumOf } from "../../numbers.ts";
import type { Affinities } from "./affinities.ts";
import { QuadTree } from "./quadTree.ts";

/** A map `[x₀, y₀, x₁, …]` and the sum Z = Σ q over all pairs of its points, q = 1 / (1 + distance²). */
interface Normalized {
  readonly map: Float64Array;
  readonly total: number;
}

/** Returns the gradient of the divergence for each number of a map, and Z. Attraction may be exaggerated. */
export function forcesOn(
  map: Float64Array,
  affinities: readonly Affinities[],
  theta: number,
  exaggeration: number,
): { readonly forces: Float64Array; readonly total: number } {
  const tree = new QuadTree(map);
  const repulsions = affinities.map((_, i) => tree.repulsion(map[2 * i]!, map[2 * i + 1]!, theta));
  // Positive, however far apart the points are.
  const total = Math.max(sumOf(repulsions.map((each) => each.total)), Number.MIN_VALUE);
  const forces = new Float64Array(map.length);
  for (const [i, { neighbors, weights }] of affinities.entries()) {
    const [x, y, repulsion] = [map[2 * i]!, map[2 * i + 1]!, repulsions[i]!];
    let [forceX, forceY] = [0, 0];
    for (let k = 0; k < neighbors.length; k++) {
      const other = 2 * neighbors[k]!;
      const [dx, dy] = [x - map[other]!, y - map[other + 1]!];
      const pull = exaggeration * weights[k]! * (1 / (1 + dx * dx + dy * dy));
      forceX += pull * dx;
      forceY += pull * dy;
    }
    // dC/dy = 4 Σ (p − q/Z) q (yᵢ − yⱼ)
    forces[2 * i] = 4 * (forceX - repulsion.x / total);
    forces[2 * i + 1] = 4 * (forceY - repulsion.y / total);
  }
  return { forces, total };
}

/** Returns the divergence Σ p ln(p / (q / Z)) of a map from its affinities. */
export function divergenceOf({ map, total }: Normalized, affinities: readonly Affinities[]): number {
  let divergence = 0;
  for (const [i, { neighbors, weights }] of affinities.entries())
    for (const [k, neighbor] of neighbors.entries()) {
      const [dx, dy] = [map[2 * i]! - map[2 * neighbor]!, map[2 * i + 1]! - map[2 * neighbor + 1]!];
      const p = weights[k]!;
      // With the limit 0 at p = 0. As a sum of logarithms, since the quotient may overflow: −ln q = ln(1 + distance²).
      if (p > 0) divergence += p * (Math.log(p) + Math.log(total) + Math.log(1 + dx * dx + dy * dy));
    }
  return divergence;
}
