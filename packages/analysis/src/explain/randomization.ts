import { Random } from "@convlens/backend";
import { parameters, type Layer } from "@convlens/layers";
import { evaluate, type Tensor, type Variable } from "@convlens/tensor";
import { explain, type ExplainOptions } from "./explain.ts";
import { heatmap, normalizedMap, type Heatmap } from "./heatmap.ts";
import { structuralSimilarity } from "./similarity.ts";
import { recordModel } from "../recordModel.ts";

/** The similarity of an explanation after some layers were randomized. */
export interface Randomized {
  /** Path of the layer that was shuffled last, after all later layers. */
  readonly path: string;
  /**
   * Mean structural similarity to the explanation of the trained model, over pixels that are not 0 in both. Examples whose
   * original map is all 0 are left out; NaN if that is all of them.
   */
  readonly similarity: number;
}

/** Returns each layer that has parameters of its own, in the order of calls. */
function learned(model: Layer, x: Tensor): { readonly path: string; readonly own: Variable[] }[] {
  const taken = new Set<Variable>();
  return recordModel(model, x).layers.flatMap(({ path, layer }) => {
    const own = [...parameters(layer).values()].filter((variable) => !taken.has(variable));
    for (const variable of own) taken.add(variable);
    return own.length === 0 ? [] : [{ path, own }];
  });
}

const similarityOf = (a: Heatmap, b: Heatmap): number => {
  let [total, examples] = [0, 0];
  for (let n = 0; n < a.count; n++) {
    const [before, after] = [normalizedMap(a, n), normalizedMap(b, n)];
    if (before.values.every((value) => value === 0)) continue;
    total += structuralSimilarity(before, after, { range: 2, onlyShown: true });
    examples++;
  }
  return total / examples;
};

/**
 * Tests whether an explanation depends on what the model has learned (Adebayo et al. 2018): the parameters of each layer, from the
 * last to the first, are shuffled, and the explanation of the same class is compared with the original. A map that depends on the
 * weights falls to a similarity under about 0.5; one that stays similar shows the image rather than the model. Single examples
 * vary widely, so take the mean of several. The parameters are restored afterwards.
 *
 * @returns The results from the last layer to the first; in the last entry all layers are shuffled.
 *
 * @example
 * ```ts
 * const sanity = await randomizationTest(model, images, { method: "gradient" });
 * sanity.at(-1)!.similarity < 0.5; // for a map that depends on the weights
 * ```
 */
export async function randomizationTest(
  model: Layer,
  x: Tensor,
  options: ExplainOptions & { readonly seed?: number },
): Promise<Randomized[]> {
  // The seed is also that of SmoothGrad's noise.
  const original = await explain(model, x, options);
  const target = options.target ?? original.classes!;
  const heat = heatmap(original);
  const layers = learned(model, x).reverse();
  const all = layers.flatMap(({ own }) => own);
  const before = await evaluate(...all);
  const random = new Random(options.seed ?? 0);
  const found: Randomized[] = [];
  try {
    for (const { path, own } of layers) {
      for (const variable of own) {
        const values = before[all.indexOf(variable)]!;
        const order = random.split(variable.name).permutation(values.length);
        variable.write(Float64Array.from(order, (from) => values[from]!));
      }
      const now = heatmap(await explain(model, x, { ...options, target }));
      found.push({ path, similarity: similarityOf(heat, now) });
    }
  } finally {
    all.forEach((variable, i) => variable.write(before[i]!));
  }
  return found;
}
