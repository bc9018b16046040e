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
  /** The class whose score is explained. */
  readonly target: number;
  /** How many layers have forgotten what they learned, from the last on. */
  readonly forgotten: number;
}

/** A map over the image. */
export interface ExplainAnswer {
  /** Row-major, a number for each pixel. */
  readonly values: Float32Array;
  /** How alike it is to that of the net as it was trained: 1 for the same. */
  readonly similarity: number;
  /** The paths of layers that have parameters, in order: how far forgetting can go. */
  readonly layers: readonly string[];
}

/** The layers of a net that have learned something, in order. */
const learners = (net: Net): string[] =>
  simpleLayers(net, net.inputShape)
    .filter(({ layer }) => parameters(layer).size > 0)
    .map(({ name }) => name);

/** Copies of a net of which the last layers have forgotten; and of which net they are. */
interface Forgetful {
  readonly copies: readonly Layer[];
  readonly version: number;
}
const forgetful = new WeakMap<Layer, Promise<Forgetful>>();

/** Shuffles weights: of the k-th copy those of the last k + 1 layers. */
async function forget(copies: readonly Layer[], layers: readonly string[]): Promise<void> {
  const random = new Random(1);
  for (const [k, copy] of copies.entries())
    for (const [path, variable] of parameters(copy)) {
      if (!layers.slice(-(k + 1)).some((layer) => path.startsWith(`${layer}.`))) continue;
      const [values] = await evaluate(variable);
      const order = random.split(path).permutation(variable.size);
      variable.write(Float64Array.from(order, (from) => values[from]!));
    }
}

/** A net, then its copies, each having forgotten a layer more; made once, and filled anew when its weights have changed. */
async function netsOf(net: Net, layers: readonly string[]): Promise<readonly Layer[]> {
  const before = await forgetful.get(net.model);
  if (before?.version === net.info.version) return [net.model, ...before.copies];
  const copies = before?.copies ?? layers.map(() => net.copy());
  if (before !== undefined) for (const copy of copies) setWeights(copy, net.weights);
  const ready = forget(copies, layers).then(() => ({ copies, version: net.info.version }));
  forgetful.set(net.model, ready);
  await ready;
  return [net.model, ...copies];
}

/** How alike two maps are, each brought to the same scale, where either shows something. */
function alike(before: Heatmap, after: Heatmap): number {
  const [a, b] = [before, after].map(({ height, width, values }) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    return { height, width, values: values.map((value) => value / largest) };
  });
  return structuralSimilarity(a!, b!, { range: 2, onlyShown: true });
}

/** Explains, and says how much the explanation hangs on what the net has learned. */
export async function explanation(
  net: Net,
  { pixels, method, target, forgotten }: ExplainRequest,
): Promise<ExplainAnswer> {
  const layers = learners(net);
  const x = tensor(pixels, [1, ...net.inputShape]);
  const mapOf = async (model: Layer): Promise<Heatmap> => heatmap(await explain(model, x, { method, target }));
  const nets = await netsOf(net, layers);
  const trained = await mapOf(nets[0]!);
  const now = forgotten === 0 ? trained : await mapOf(nets[Math.min(forgotten, layers.length)]!);
  return { values: Float32Array.from(now.values), similarity: alike(trained, now), layers };
}
