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
import { evaluate, tensor } from "@convlens/tensor";
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

/** A map over the image. */
export interface ExplainAnswer {
  /** Row-major, a number for each pixel. */
  readonly values: Float32Array;
  /** Similarity to the map of the trained net: 1 for the same. */
  readonly similarity: number;
  /** Paths of the layers with parameters, in order. */
  readonly layers: readonly string[];
}

/** Paths of the layers with parameters, in order. */
const trainedLayers = (net: Net): string[] =>
  simpleLayers(net, net.inputShape)
    .filter(({ layer }) => parameters(layer).size > 0)
    .map(({ name }) => name);

/** Copies of a net with shuffled weights in the last layers, and the version of the net. */
interface ShuffledNets {
  readonly copies: readonly Layer[];
  readonly version: number;
}
const shuffledNets = new WeakMap<Layer, Promise<ShuffledNets>>();

/** Shuffles the weights of the last k + 1 layers of the k-th copy. */
async function shuffle(copies: readonly Layer[], layers: readonly string[]): Promise<void> {
  const random = new Random(1);
  for (const [k, copy] of copies.entries())
    for (const [path, variable] of parameters(copy)) {
      if (!layers.slice(-(k + 1)).some((layer) => path.startsWith(`${layer}.`))) continue;
      const [values] = await evaluate(variable);
      const order = random.split(path).permutation(variable.size);
      variable.write(Float64Array.from(order, (from) => values[from]!));
    }
}

/** A net and its copies, each with one more shuffled layer. They are created once, and filled again when weights change. */
async function netsOf(net: Net, layers: readonly string[]): Promise<readonly Layer[]> {
  const before = await shuffledNets.get(net.model);
  if (before?.version === net.info.version) return [net.model, ...before.copies];
  const copies = before?.copies ?? layers.map(() => net.copy());
  if (before !== undefined) for (const copy of copies) setWeights(copy, net.weights);
  const ready = shuffle(copies, layers).then(() => ({ copies, version: net.info.version }));
  shuffledNets.set(net.model, ready);
  await ready;
  return [net.model, ...copies];
}

/** Similarity of two maps, each scaled to 1, where one of them is not 0. */
function similarityOf(before: Heatmap, after: Heatmap): number {
  const [a, b] = [before, after].map(({ height, width, values }) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    return { height, width, values: values.map((value) => value / largest) };
  });
  return structuralSimilarity(a!, b!, { range: 2, onlyShown: true });
}

/** Explains an answer, and compares the explanation with that of the trained net. */
export async function explanation(
  net: Net,
  { pixels, method, target, forgotten }: ExplainRequest,
): Promise<ExplainAnswer> {
  const layers = trainedLayers(net);
  const x = tensor(pixels, [1, ...net.inputShape]);
  const mapOf = async (model: Layer): Promise<Heatmap> => heatmap(await explain(model, x, { method, target }));
  const nets = await netsOf(net, layers);
  const trained = await mapOf(nets[0]!);
  const now = forgotten === 0 ? trained : await mapOf(nets[Math.min(forgotten, layers.length)]!);
  return { values: Float32Array.from(now.values), similarity: similarityOf(trained, now), layers };
}
