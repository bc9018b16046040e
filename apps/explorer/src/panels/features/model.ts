import type { LayerMaps } from "../../compute/takeApart.ts";
import { whole, type StateOf } from "../../fields.ts";

/** Fields of the panel's state. */
export const featuresFields = {
  /** The layer, from 1. */
  layer: whole(5, 1, 64),
  /** The feature, from 1: a map, or a number if there are no maps. */
  map: whole(1, 1, 4096),
  /** Steps of the optimization. */
  steps: whole(160, 16, 9999),
  /** Seed of the initial noise. */
  seed: whole(1, 1, 99),
};
type FeaturesState = StateOf<typeof featuresFields>;

/** A feature of a net. */
export interface Feature {
  readonly layer: LayerMaps;
  /** Index of the layer. */
  readonly index: number;
  readonly channel: number;
}

/** The feature of a state; the nearest one if the net does not have it. */
export function featureOf({ layer, map }: FeaturesState, layers: readonly LayerMaps[]): Feature {
  const index = Math.min(layer, layers.length) - 1;
  const found = layers[index]!;
  return { layer: found, index, channel: Math.min(map, found.shape.at(-1)!) - 1 };
}

/** The program that the panel shows. */
export const codeOf = ({ layer: { name }, channel }: Feature, { steps, seed }: FeaturesState): string =>
  [
    `const [patches] = (await topPatches(model, digits, { layer: "${name}", count: 9 })).slice(${channel});`,
    `for await (const { step, values } of visualize(model, [28, 28, 1], { layer: "${name}", channel: ${channel} }, { steps: ${steps}, seed: ${seed} }))`,
    `  show(step, values); // break ends it`,
  ].join("\n");
