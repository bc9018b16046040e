import { tap, type Tap } from "@convlens/analysis";
import { batchOf } from "@convlens/datasets";
import {
  build,
  parameters,
  readSafetensors,
  setWeights,
  writeSafetensors,
  type Sequential,
  type StoredTensor,
} from "@convlens/layers";
import { readCheckpoint } from "@convlens/training";
import { backendOf, forgetBackend } from "./backends.ts";
import { fingerprint } from "./fingerprint.ts";
import { allDigits } from "./data.ts";
import { learningData, type LearningData } from "./learningData.ts";
import { learningNet, type Changes, type LearningRecipe } from "./learningNet.ts";
import { LearningRun, type LearningProgress } from "./learningRun.ts";
import type { NetParts } from "./net.ts";
import type { Processor } from "./processor.ts";

/** One of the two nets that can be trained side by side. */
export type NetName = "first" | "second";

/** A net of chapter 6 after a step. */
export interface LearnedStep {
  readonly net: NetName;
  readonly step: number;
}

/** A net to train. */
interface StartRequest {
  readonly net: NetName;
  readonly data: LearningData;
  readonly recipe: LearningRecipe;
  /** A safetensors file: weights, or a checkpoint of `fit`. It determines the number of filters. */
  readonly file?: Uint8Array | undefined;
}

/** A slice of training. */
interface AdvanceRequest {
  readonly net: NetName;
  readonly changes: Changes;
  readonly until: number;
  readonly milliseconds: number;
}

/** A step and an example to inspect. */
interface LookRequest extends LearnedStep {
  /** Index of the test example. */
  readonly example: number;
}

/** Activation maps of a layer for an example. */
export interface LookedMaps {
  readonly name: string;
  /** `[height, width, channels]` */
  readonly shape: readonly [number, number, number];
  readonly values: Float32Array;
}

/** A net at a step, and its activations for an example. */
export interface LookAnswer {
  readonly step: number;
  /** Hash of all weights: equal for equal nets. */
  readonly fingerprint: string;
  /** Filters of the first layer, `[5, 5, 1, filters]`. */
  readonly filters: Float32Array;
  /** `[28, 28]` */
  readonly input: Float32Array;
  readonly label: number;
  readonly maps: readonly LookedMaps[];
  /** Logits. */
  readonly scores: Float32Array;
}

/** A net in training, and a copy of its model for inspection. */
interface Learner {
  readonly run: LearningRun;
  readonly make: () => Sequential;
  readonly model: Sequential;
  readonly look: Tap;
}

const learners = new Map<NetName, Learner>();
let processor: Processor = "all";

function learnerOf(net: NetName): Learner {
  const found = learners.get(net);
  if (found === undefined) throw new Error("There is no net yet; chapter 6 creates one.");
  return found;
}

/** A net at a step, for inspection. */
export function learnedParts({ net, step }: LearnedStep): NetParts {
  const { run, make } = learnerOf(net);
  const found = run.history.at(step);
  const { classes, shapes } = run.data.train;
  const origin = `trained in chapter 6${net === "second" ? " beside the first one" : ""} and is shown at step ${found.step}`;
  return { origin, make, inputShape: shapes.input, classes, weights: found.kept.weights };
}

/** Makes a net that is ready for training. Answers with its classes and the numbers of examples, filters and parameters. */
async function startLearning({ net, data, recipe, file }: StartRequest) {
  const weights = file && weightsIn(file);
  const filters = weights === undefined ? recipe.filters : filtersIn(weights, recipe.filters);
  const examples = await learningData(data, allDigits);
  const { classes, shapes } = examples.train;
  const backend = await backendOf(processor);
  const isOwn = data.kind === "own";
  const run = await LearningRun.begin({ ...recipe, filters }, examples, { backend, isOwn, weights });
  const make = (): Sequential => learningNet(filters, classes.length);
  const model = build(make(), shapes.input);
  const before = learners.get(net);
  before?.look.dispose();
  before?.run.dispose();
  learners.set(net, { run, make, model, look: tap(model, ["layers.1", "layers.4"]) });
  const count = [...parameters(model).values()].reduce((sum, { size }) => sum + size, 0);
  return { classes, examples: examples.train.size, tests: examples.test.size, filters, parameters: count };
}

/** Moves all nets to another processor, at their present steps. Answers with the name of its backend. */
async function learnOn({ processor: wanted }: { readonly processor: Processor }): Promise<string> {
  const backend = await backendOf(wanted);
  const runs = [...learners.values()].map(({ run }) => run);
  try {
    for (const run of runs) await run.moveTo(backend);
  } catch (error) {
    // Either all nets move or none.
    const from = await backendOf(processor);
    for (const run of runs) await run.moveTo(from);
    throw error;
  }
  processor = wanted;
  return backend.name;
}

async function advanceLearning({ net, changes, until, milliseconds }: AdvanceRequest): Promise<LearningProgress> {
  try {
    return await learnerOf(net).run.advance(changes, until, milliseconds);
  } catch (cause) {
    if (processor !== "graphics") throw cause;
    // A driver that restarts loses its memory.
    forgetBackend(processor);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `The graphics processor failed. The net is still there at its last step: choose another processor to go on. (${reason})`,
      { cause },
    );
  }
}

/** The weights in a file of either kind. */
function weightsIn(file: Uint8Array): ReadonlyMap<string, StoredTensor> {
  const { tensors, metadata } = readSafetensors(file);
  return metadata["kind"] === undefined ? tensors : readCheckpoint(file).model;
}

/** Most filters of a file. */
const MOST_FILTERS = 256;

/** Number of filters of the first convolution, checked before a net of that size is created. */
function filtersIn(weights: ReadonlyMap<string, StoredTensor>, missing: number): number {
  const shape = weights.get("layers.0.filters")?.shape;
  const filters = shape === undefined ? missing : (shape[3] ?? 0);
  if (filters < 1 || filters > MOST_FILTERS)
    throw new Error(
      `A net of this page has 1 to ${MOST_FILTERS} filters of shape [5, 5, 1, filters] in its first convolution, and this file has [${shape!.join(", ")}]`,
    );
  return filters;
}

async function lookAtLearning({ example, net, step: wanted }: LookRequest): Promise<LookAnswer> {
  const { look, run, model } = learnerOf(net);
  const { step, kept } = run.history.at(wanted);
  const { test } = run.data;
  // One model for all steps, so that its compiled functions are reused. Jobs run one after the other.
  setWeights(model, kept.weights);
  const index = example % test.size;
  const { inputs } = batchOf(test, [index]);
  const { output, layers } = await look(inputs);
  const maps = [...layers.values()].map(({ name, shape, values }) => ({
    name,
    shape: shape.slice(1) as unknown as LookedMaps["shape"],
    values: Float32Array.from(values),
  }));
  return {
    step,
    fingerprint: fingerprint(kept.weights),
    filters: Float32Array.from(kept.weights.get("layers.0.filters")!.values),
    input: Float32Array.from(inputs.knownValues),
    label: test.labels[index]!,
    maps,
    scores: Float32Array.from(output.knownValues),
  };
}

/** A net that is ready for training. */
export type StartAnswer = Awaited<ReturnType<typeof startLearning>>;

/** Jobs of the learning panel. */
export const learningJobs = {
  ...{ startLearning, learnOn, advanceLearning, lookAtLearning },
  /** Discards the steps after a step. Answers with the nearest step that is kept. */
  goBack: ({ net, step }: LearnedStep): Promise<number> => learnerOf(net).run.goBack(step),
  /** The weights of a step as a safetensors file. */
  saveLearned: async ({ net, step }: LearnedStep): Promise<Uint8Array> =>
    writeSafetensors(learnerOf(net).run.history.at(step).kept.weights),
};
