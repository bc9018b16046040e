import type { LayerMaps } from "../../compute/takeApart.ts";
import { whole, type StateOf } from "../../fields.ts";

/** What the panel's state is made of. */
export const featuresFields = {
  /** The layer, from 1, among those whose numbers have a place or are classes. */
  layer: whole(5, 1, 64),
  /** The feature: a map, or a number where there are no maps. */
  map: whole(1, 1, 4096),
  /** Steps of painting. */
  steps: whole(160, 16, 9999),
  /** What painting begins with. */
  seed: whole(1, 1, 99),
};
/** The panel's state. */
export type FeaturesState = StateOf<typeof featuresFields>;

/** A feature of a net. */
export interface Feature {
  readonly layer: LayerMaps;
  /** Its place among the layers. */
  readonly index: number;
  readonly channel: number;
}

/** The feature that a state means: the nearest that there is. */
export function featureOf({ layer, map }: FeaturesState, layers: readonly LayerMaps[]): Feature {
  const index = Math.min(layer, layers.length) - 1;
  const found = layers[index]!;
  return { layer: found, index, channel: Math.min(map, found.shape.at(-1)!) - 1 };
}

/** The same as the lines of a program. */
export const codeOf = ({ layer: { name }, channel }: Feature, { steps, seed }: FeaturesState): string =>
  [
    `const [patches] = (await topPatches(model, digits, { layer: "${name}", count: 9 })).slice(${channel});`,
    `for await (const { step, values } of visualize(model, [28, 28, 1], { layer: "${name}", channel: ${channel} }, { steps: ${steps}, seed: ${seed} }))`,
    `  show(step, values); // break ends it`,
  ].join("\n");
