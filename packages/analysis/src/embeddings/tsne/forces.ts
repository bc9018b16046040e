import type { Affinities } from "./affinities.ts";
import { QuadTree } from "./quadTree.ts";

/** Returns the gradient of the divergence for each number of a map, and the divergence. Attraction may be exaggerated. */
export function forcesOn(
  points: Float64Array,
  { starts, neighbors, weights }: Affinities,
  theta: number,
  exaggeration: number,
): { readonly forces: Float64Array; readonly divergence: number } {
  const count = points.length / 2;
  const tree = new QuadTree(points);
  const [repulsion, attraction, force] = [
    new Float64Array(2 * count),
    new Float64Array(2 * count),
    new Float64Array(2),
  ];
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += tree.repulsion(points[2 * i]!, points[2 * i + 1]!, theta, force);
    repulsion.set(force, 2 * i);
  }
  // Positive, however far apart the points are.
  total = Math.max(total, Number.MIN_VALUE);
  let divergence = 0;
  for (let i = 0; i < count; i++)
    for (let k = starts[i]!; k < starts[i + 1]!; k++) {
      const j = neighbors[k]!;
      const [dx, dy] = [points[2 * i]! - points[2 * j]!, points[2 * i + 1]! - points[2 * j + 1]!];
      const q = 1 / (1 + dx * dx + dy * dy);
      const p = weights[k]!;
      attraction[2 * i]! += exaggeration * p * q * dx;
      attraction[2 * i + 1]! += exaggeration * p * q * dy;
      // p ln(p / (q / Z)), with the limit 0 at p = 0. As a sum of logarithms, since the quotient may overflow.
      if (p > 0) divergence += p * (Math.log(p) + Math.log(total) - Math.log(q));
    }
  // dC/dy = 4 Σ (p − q/Z) q (yᵢ − yⱼ)
  return { forces: attraction.map((a, i) => 4 * (a - repulsion[i]! / total)), divergence };
}
