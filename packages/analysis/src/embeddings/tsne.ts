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
import { forcesOn } from "./tsne/forces.ts";

/** What {@link tsne} may be told. */
export interface TsneOptions {
  /** How many neighbours count, about. Default: 30, or a quarter of the points if those are few. */
  readonly perplexity?: number;
  /** Steps in all. Default: 750. */
  readonly steps?: number;
  /** A look after so many steps, the start and the end apart. Default: 25. */
  readonly every?: number;
  /** From how far away a crowd counts as one point: its side over its distance. 0 looks at every pair. Default: 0.5. */
  readonly theta?: number;
  /** Default: a twelfth of a quarter of the number of points, at least 50. */
  readonly rate?: number;
  /** Decides where the search for the principal components begins, from which the map starts. Default: 0. */
  readonly seed?: number;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** A look at a map of points that is being made. */
export interface TsneMap {
  /** Steps done. */
  readonly step: number;
  /** x and y of each point. */
  readonly points: Matrix & { readonly values: Float64Array };
  /** The Kullback-Leibler divergence of the neighbourhoods in the map from those in the original, which is made small. Finite. */
  readonly divergence: number;
}

const EXAGGERATION = 12;
/** For so many steps neighbours attract each other more than they should, so that clusters find together. */
const EXAGGERATED = 250;

/**
 * A map in the plane of points of many dimensions, in which neighbours stay neighbours (t-SNE, van der Maaten 2008; with Barnes
 * and Hut's forces, 2014). Distances between clusters, and their sizes, mean little.
 *
 * To be watched: yields the start, looks on the way, and the end; `break` stops it. The same points give the same map.
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
    rate: numberAbove(0),
    seed: seedOption,
    signal: anyOption,
  });
  const { rows } = codes;
  const { perplexity = Math.min(30, rows / 4), steps = 750, every = 25, theta = 0.5, seed = 0, signal } = options;
  const { rate = Math.max(50, rows / EXAGGERATION / 4) } = options;
  if (!(perplexity >= 1 && perplexity < rows - 1))
    throw new ValueError(
      `tsne: the perplexity must be at least 1 and less than the ${rows - 1} neighbours that each of ${rows} points has, got ${perplexity}`,
      { operation: "tsne", expected: `1 to ${rows - 2}`, got: perplexity },
    );
  const affinities = affinitiesOf(
    nearestNeighbors(codes, { count: Math.min(rows - 1, Math.ceil(3 * perplexity)) }),
    perplexity,
  );
  const points = startOf(codes, seed);
  const [velocity, gains] = [new Float64Array(2 * rows), new Float64Array(2 * rows).fill(1)];
  for (let step = 0; ; step++) {
    signal?.throwIfAborted();
    const isEarly = step < Math.min(EXAGGERATED, steps / 2);
    const { forces, divergence } = forcesOn(points, affinities, theta, isEarly ? EXAGGERATION : 1);
    if (step % every === 0 || step === steps)
      yield { step, points: { rows, columns: 2, values: points.slice() }, divergence };
    if (step >= steps) return;
    for (let i = 0; i < points.length; i++) {
      // A step grows while it goes on in one direction.
      const goesOn = Math.sign(forces[i]!) !== Math.sign(velocity[i]!);
      gains[i] = goesOn ? gains[i]! + 0.2 : Math.max(0.01, gains[i]! * 0.8);
      velocity[i] = (isEarly ? 0.5 : 0.8) * velocity[i]! - rate * gains[i]! * forces[i]!;
      points[i]! += velocity[i]!;
    }
    await turn();
  }
}

/** The first two principal components, very small, so that nothing is decided yet. */
function startOf(codes: Matrix, seed: number): Float64Array {
  if (Math.min(codes.rows - 1, codes.columns) < 2)
    throw new ValueError(`tsne: points of ${codes.columns} numbers are a line already`, {
      operation: "tsne",
      expected: "at least 2 numbers",
      got: codes.columns,
    });
  const { scores, variances } = principalComponents(codes, { count: 2, seed });
  const deviation = Math.sqrt(variances[0]!) || 1;
  return scores.values.map((score) => (1e-4 * score) / deviation);
}
