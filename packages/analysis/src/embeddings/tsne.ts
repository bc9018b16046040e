import {
  anyOption,
  checkOptions,
  numberAbove,
  numberFrom,
  seedOption,
  wholeFrom,
  turn,
  ValueError,
} from "@convlens/backend";
import type { Matrix } from "./codes.ts";
import { nearestNeighbors } from "./nearestNeighbors.ts";
import { principalComponents } from "./principalComponents.ts";
import { affinitiesOf } from "./tsne/affinities.ts";
import { divergenceOf, forcesOn } from "./tsne/forces.ts";

/** Options of {@link tsne}. */
export interface TsneOptions {
  /** Perplexity: the effective number of neighbours. Default: 30, or a quarter of the points if that is less. */
  readonly perplexity?: number;
  /** Number of steps. Default: 750. */
  readonly steps?: number;
  /** Number of steps between results; the start and the end are always yielded. Default: 25. */
  readonly every?: number;
  /** Accuracy of the Barnes–Hut approximation: cells with side / distance below it count as one point; 0 is exact. Default: 0.5. */
  readonly theta?: number;
  /** Learning rate. Default: points / 48, at least 50. */
  readonly learningRate?: number;
  /** Seed of the principal components that the map starts from. Default: 0. */
  readonly seed?: number;
  /** Aborts between two steps. */
  readonly signal?: AbortSignal;
}

/** A result of t-SNE. */
export interface TsneMap {
  /** Number of steps done. */
  readonly step: number;
  /** x and y of each point. */
  readonly points: Matrix & { readonly values: Float64Array };
  /** The Kullback–Leibler divergence that is minimized. */
  readonly divergence: number;
}

const EXAGGERATION = 12;
/** Number of steps with exaggerated attraction, in which clusters form. */
const EXAGGERATED = 250;

/**
 * Maps points to the plane so that neighbours stay neighbours (t-SNE, van der Maaten and Hinton 2008; with the Barnes–Hut
 * approximation, 2014). Distances between clusters, and their sizes, mean little.
 *
 * Yields the start, intermediate results and the end; `break` stops it. The result is deterministic.
 *
 * @example
 * ```ts
 * const codes = await codesOf(model, data, { layer: "layers.0" });
 * for await (const { step, points, divergence } of tsne(codes, { steps: 100, perplexity: 8 }))
 *   console.log(step, divergence, points.values.length); // 64 points, two numbers each
 * ```
 */
export async function* tsne(codes: Matrix, options: TsneOptions = {}): AsyncGenerator<TsneMap, void, void> {
  checkOptions("tsne", options, {
    perplexity: anyOption,
    steps: wholeFrom(0),
    every: wholeFrom(1),
    theta: numberFrom(0),
    learningRate: numberAbove(0),
    seed: seedOption,
    signal: anyOption,
  });
  const { rows } = codes;
  const { perplexity = Math.min(30, rows / 4), steps = 750, every = 25, theta = 0.5, seed = 0, signal } = options;
  const { learningRate = Math.max(50, rows / EXAGGERATION / 4) } = options;
  if (!(perplexity >= 1 && perplexity < rows - 1))
    throw new ValueError({
      operation: "tsne",
      what: "perplexity",
      expected: `at least 1 and less than ${rows - 1}, the number of neighbours of each of ${rows} points`,
      got: perplexity,
    });
  const count = Math.min(rows - 1, Math.ceil(3 * perplexity));
  const affinities = affinitiesOf(nearestNeighbors(codes, { count }), perplexity);
  const points = startOf(codes, seed);
  const [velocity, gains] = [new Float64Array(2 * rows), new Float64Array(2 * rows).fill(1)];
  for (let step = 0; ; step++) {
    signal?.throwIfAborted();
    const isEarly = step < Math.min(EXAGGERATED, steps / 2);
    const { forces, total } = forcesOn(points, affinities, theta, isEarly ? EXAGGERATION : 1);
    if (step % every === 0 || step === steps)
      yield {
        step,
        points: { rows, columns: 2, values: points.slice() },
        divergence: divergenceOf({ map: points, total }, affinities),
      };
    if (step >= steps) return;
    for (const [i, force] of forces.entries()) {
      const speed = velocity[i]!;
      // The gain grows while the direction stays the same.
      const gain = Math.sign(force) !== Math.sign(speed) ? gains[i]! + 0.2 : Math.max(0.01, gains[i]! * 0.8);
      gains[i] = gain;
      velocity[i] = (isEarly ? 0.5 : 0.8) * speed - learningRate * gain * force;
      points[i]! += velocity[i];
    }
    await turn();
  }
}

/** Returns the first two principal components, scaled to be very small. */
function startOf(codes: Matrix, seed: number): Float64Array {
  if (Math.min(codes.rows - 1, codes.columns) < 2)
    throw new ValueError({ operation: "tsne", expected: "points of at least 2 numbers", got: codes.columns });
  const { scores, variances } = principalComponents(codes, { count: 2, seed });
  const deviation = Math.sqrt(Math.max(...variances)) || 1;
  return scores.values.map((score) => (1e-4 * score) / deviation);
}
