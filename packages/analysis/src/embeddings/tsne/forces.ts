import { sumOf } from "../../numbers.ts";
import type { Affinities } from "./affinities.ts";
import { QuadTree } from "./quadTree.ts";

/** Returns the gradient of the divergence for each number of a map, and the divergence. Attraction may be exaggerated. */
export function forcesOn(
  map: Float64Array,
  affinities: readonly Affinities[],
  theta: number,
  exaggeration: number,
): { readonly forces: Float64Array; readonly divergence: number } {
  const points = affinities.map((_, i): readonly [x: number, y: number] => [map[2 * i]!, map[2 * i + 1]!]);
  const tree = new QuadTree(points);
  const repulsions = points.map(([x, y]) => tree.repulsion(x, y, theta));
  // Positive, however far apart the points are.
  const total = Math.max(sumOf(repulsions.map((each) => each.total)), Number.MIN_VALUE);
  let divergence = 0;
  const forces = points.flatMap(([x, y], i) => {
    const [{ neighbors, weights }, repulsion] = [affinities[i]!, repulsions[i]!];
    let [forceX, forceY] = [0, 0];
    for (let k = 0; k < neighbors.length; k++) {
      const [otherX, otherY] = points[neighbors[k]!]!;
      const [dx, dy] = [x - otherX, y - otherY];
      const q = 1 / (1 + dx * dx + dy * dy);
      const p = weights[k]!;
      forceX += exaggeration * p * q * dx;
      forceY += exaggeration * p * q * dy;
      // p ln(p / (q / Z)), with the limit 0 at p = 0. As a sum of logarithms, since the quotient may overflow.
      if (p > 0) divergence += p * (Math.log(p) + Math.log(total) - Math.log(q));
    }
    // dC/dy = 4 Σ (p − q/Z) q (yᵢ − yⱼ)
    return [4 * (forceX - repulsion.x / total), 4 * (forceY - repulsion.y / total)];
  });
  return { forces: Float64Array.from(forces), divergence };
}
