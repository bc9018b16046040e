import { visualize } from "@convlens/analysis";
import type { Net } from "./net.ts";

/** A feature to optimize an image for. */
export interface PaintRequest {
  /** The layer's path, and one of its channels. */
  readonly layer: string;
  readonly channel: number;
  readonly steps: number;
  readonly seed: number;
}

/** An image during the optimization. */
export interface Painted {
  readonly step: number;
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  /** Activation of the feature. */
  readonly excitement: number;
}

/** Steps between two images, and fewest milliseconds between them. */
const EVERY = 4;
const PAUSE = 30;

/** Optimizes an image for a feature, and yields it now and then. */
export async function* painting(
  { model, inputShape }: Net,
  { layer, channel, steps, seed }: PaintRequest,
  signal: AbortSignal,
): AsyncGenerator<Painted, void, void> {
  const options = { steps, every: EVERY, seed, signal };
  let last = -Infinity;
  for await (const { step, values, measures } of visualize(model, inputShape, { layer, channel }, options)) {
    if (step < steps && performance.now() - last < PAUSE) continue;
    last = performance.now();
    yield { step, pixels: Float32Array.from(values), excitement: measures[0]! };
  }
}
