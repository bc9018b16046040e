import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import {
  augment,
  orientedEdges,
  shapes,
  shift,
  split,
  tones,
  type Augmentation,
  type TrainAndTest,
} from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import { Conv1d, Dense, fromPattern, GlobalMaxPool, MaxPool1d, Relu, sequential, type Layer } from "@convlens/layers";
import { convNetJsCifar, convNetJsMnist, lenet5 } from "@convlens/layers/models";
import { adam, adamW, sgd, type Optimizer } from "@convlens/training";

import { choice, CommandLineError } from "./options.ts";

/** Data that the command line knows by name. */
export interface NamedData {
  readonly load: () => Promise<TrainAndTest>;
  /** What its examples may be changed by without changing their class. */
  readonly augment?: Augmentation;
  /** The model for it, if none is asked for. */
  readonly model: string;
}

/** Data sets by name. */
export const data: Readonly<Record<string, NamedData>> = {
  mnist: { load: () => mnist(), augment: augment(shift(1)), model: "lenet" },
  shapes: { load: async () => split(shapes({ size: 2500 }), 5), model: "lenet" },
  edges: { load: async () => split(orientedEdges({ size: 2500 }), 5), model: "small" },
  tones: { load: async () => split(tones({ size: 2500 }), 5), model: "signal" },
};

/** Models by name, for so many classes. */
export const models: Readonly<Record<string, (classes: number) => Layer>> = {
  lenet: (classes) => lenet5({ classes }),
  convnetjs: (classes) => convNetJsMnist({ classes }),
  "convnetjs-cifar": (classes) => convNetJsCifar({ classes }),
  small: (classes) => fromPattern("INPUT -> [CONV -> RELU -> POOL]*2 -> FC", { classes, filters: (n) => 8 * (n + 1) }),
  signal: (classes) =>
    sequential([
      new Conv1d({ filters: 8, kernelSize: 9, padding: "same" }),
      new Relu(),
      new MaxPool1d({ size: 4 }),
      new Conv1d({ filters: 16, kernelSize: 5, padding: "same" }),
      new Relu(),
      new GlobalMaxPool(),
      new Dense({ units: classes }),
    ]),
};

/** Optimizers by name. */
export const optimizers: Readonly<Record<string, () => Optimizer>> = {
  adam: () => adam(),
  adamw: () => adamW(),
  sgd: () => sgd({ momentum: 0.9, nesterov: true }),
};

/** A file, not a name: with a folder, or an ending. */
const isFile = (name: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(name);

/** What a model is kept as: files with their whole path, so that a run can be taken up from anywhere. */
export const modelId = (name: string): string => (isFile(name) ? resolve(name) : name);

/** Makes a model for so many classes: one of {@link models}, or what a module of the user's exports as `model`. */
export async function modelNamed(name: string): Promise<(classes: number) => Layer> {
  if (!isFile(name)) return choice("model", name, models);
  let module: { readonly model?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(name)).href)) as typeof module;
  } catch (error) {
    throw new CommandLineError(`--model: ${name} cannot be loaded: ${(error as Error).message}`);
  }
  const { model } = module;
  if (typeof model !== "function")
    throw new CommandLineError(
      `--model: ${name} exports no function "model"; expected export const model = (classes) => sequential([…])`,
    );
  return model as (classes: number) => Layer;
}

/** Backends by name. */
export const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  cpu,
  reference: async () => reference(),
};
