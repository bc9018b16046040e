import { Random } from "@convlens/backend";
import { namePaths, parameters, type Layer } from "@convlens/layers";
import { evaluate, type Tensor, type Variable } from "@convlens/tensor";
import { explain, type ExplainOptions } from "./explain.ts";
import { heatmap, normalizedMap, type Heatmap } from "./heatmap.ts";
import { structuralSimilarity } from "./similarity.ts";
import { recordModel } from "../recordModel.ts";

/** How alike an explanation stays when part of the net has forgotten what it learned. */
export interface Randomized {
  /** The layer that was shuffled last; all after it were before. */
  readonly path: string;
  /**
   * Structural similarity to the explanation of the trained net, over the pixels where either shows something, the mean over
   * the examples; those of which the trained net's explanation shows nothing at all are left out. NaN if that is all of them.
   */
  readonly similarity: number;
}

/** Each layer that has parameters of its own, in the order of calls. */
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
 * Whether an explanation depends on what the net has learned (Adebayo et al. 2018): from the last layer to the first the
 * parameters of each are shuffled, and the explanation of the same class is compared with that of the trained net. One that owes
 * its look to the weights loses its likeness, to under about 0.5; one that stays alike shows the image rather than what the net
 * has learned. Single examples scatter widely, so take the mean of several. Afterwards the parameters are what they were.
 *
 * @returns From the last layer to the first; the last entry is a net of which nothing is left.
 *
 * @example
 * ```ts
 * const sanity = await randomizationTest(model, images, { method: "gradient" });
 * sanity.at(-1)!.similarity < 0.5; // of a map that owes its look to the weights
 * ```
 */
export async function randomizationTest(
  model: Layer,
  x: Tensor,
  options: ExplainOptions & { readonly seed?: number },
): Promise<Randomized[]> {
  namePaths(model);
  // One seed decides the noise of SmoothGrad, too.
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
