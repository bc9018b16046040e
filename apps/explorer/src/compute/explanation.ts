import {
  explain,
  explanationMethodNames,
  explanationMethods,
  heatmap,
  structuralSimilarity,
  type ExplanationMethodName,
  type Heatmap,
} from "@convlens/analysis";
import { Random } from "@convlens/backend";
import { parameters, setWeights, type Layer } from "@convlens/layers";
import { tensor } from "@convlens/tensor";
import type { Net } from "./net.ts";
import { simpleLayers } from "./takeApart.ts";

/** What the page shows of an explanation method. */
export interface MethodInfo {
  readonly name: ExplanationMethodName;
  readonly title: string;
  /** What its map shows, in one sentence. */
  readonly summary: string;
}

/** Lists the explanation methods. The page asks the worker, so that it need not load them itself. */
export const listMethods = (): readonly MethodInfo[] =>
  explanationMethodNames.map((name) => {
    const { title, summary } = explanationMethods[name];
    return { name, title, summary };
  });

/** Why a net answers as it does, by one method. */
export interface ExplainRequest {
  readonly net: number | undefined;
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  readonly method: ExplanationMethodName;
  /** The class whose logit is explained. */
  readonly target: number;
  /** Number of layers whose weights are shuffled, from the last on. */
  readonly forgotten: number;
}

/** Paths of the layers with parameters, in order. */
const trainedLayers = (net: Net): string[] =>
  simpleLayers(net, net.inputShape)
    .filter(({ layer }) => parameters(layer).size > 0)
    .map(({ name }) => name);

const copies = new WeakMap<Layer, Layer>();

/** A copy of a net whose weights in some layers are shuffled. All calls for a model share one copy, because jobs do not overlap. */
function shuffled(net: Net, layers: readonly string[]): Layer {
  const copy = copies.get(net.model) ?? net.copy();
  copies.set(net.model, copy);
  setWeights(copy, net.weights);
  const random = new Random(1);
  for (const [path, { values }] of net.weights) {
    if (!layers.some((layer) => path.startsWith(`${layer}.`))) continue;
    const order = random.split(path).permutation(values.length);
    parameters(copy)
      .get(path)
      ?.write(Float64Array.from(order, (from) => values[from]!));
  }
  return copy;
}

/** Similarity of two maps, each scaled to 1, where one of them is not 0. */
function similarityOf(before: Heatmap, after: Heatmap): number {
  const scaled = ({ height, width, values }: Heatmap) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    return { height, width, values: values.map((value) => value / largest) };
  };
  return structuralSimilarity(scaled(before), scaled(after), { range: 2, onlyShown: true });
}

/** Explains an answer by a number for each pixel, row-major, and compares that with the explanation of the trained net. */
export async function explanation(net: Net, { pixels, method, target, forgotten }: ExplainRequest) {
  const layers = trainedLayers(net);
  const x = tensor(pixels, [1, ...net.inputShape]);
  const mapOf = async (model: Layer): Promise<Heatmap> => heatmap(await explain(model, x, { method, target }));
  const trained = await mapOf(net.model);
  const now = forgotten === 0 ? trained : await mapOf(shuffled(net, layers.slice(-forgotten)));
  return { values: Float32Array.from(now.values), similarity: similarityOf(trained, now), layers };
}
