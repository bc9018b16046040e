import { visualize } from "@convlens/analysis";
import type { Net } from "./net.ts";

/** What is to be painted. */
export interface PaintRequest {
  /** The layer's path, and one of its channels. */
  readonly layer: string;
  readonly channel: number;
  readonly steps: number;
  readonly seed: number;
}

/** An image as it is being painted. */
export interface Painted {
  readonly step: number;
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  /** How much it excites the feature. */
  readonly excitement: number;
}

/** Steps between two looks, and milliseconds that a page has at least for each. */
const EVERY = 4;
const PAUSE = 30;

/** Paints what a feature looks for, a look at a time. */
export async function* painting(
  netOf: () => Promise<Net>,
  { layer, channel, steps, seed }: PaintRequest,
  signal: AbortSignal,
): AsyncGenerator<Painted, void, void> {
  const { model, inputShape } = await netOf();
  const options = { steps, every: EVERY, seed, signal };
  let last = -Infinity;
  for await (const { step, values, measures } of visualize(model, inputShape, { layer, channel }, options)) {
    if (step < steps && performance.now() - last < PAUSE) continue;
    last = performance.now();
    yield { step, pixels: Float32Array.from(values), excitement: measures[0]! };
  }
}
