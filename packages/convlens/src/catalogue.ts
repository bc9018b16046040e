import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Backend, Shape } from "@convlens/backend";
import { cpu, type CpuOptions } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { orientedEdges, shapes, split, tones, type TrainAndTest } from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import {
  Conv1d,
  Dense,
  fromPattern,
  GlobalMaxPool,
  isLayer,
  MaxPool1d,
  ReLU,
  sequential,
  type Layer,
} from "@convlens/layers";
import {
  alexNet,
  autoencoder,
  convNetJsCifar,
  convNetJsMnist,
  lenet5,
  mobileNetV2,
  resnet18,
  resnet50,
  squeezeNet,
  unet,
  vgg16,
} from "@convlens/layers/models";
import { adam, adamW, sgd, type LearningRateOption, type Optimizer } from "@convlens/training";
import { messageOf } from "./fileErrors.ts";
import { choice, CommandLineError } from "./options.ts";

/** A data set of the command line. */
export interface NamedData {
  readonly load: () => Promise<TrainAndTest>;
  /** The default of `--augment`: changes that keep the class of an example. Default: none. */
  readonly augment?: string;
  /** The default model for it. */
  readonly model: string;
}

/** A function that calls another one once and returns its result each time. */
function once<R>(of: () => R): () => R {
  let result: { readonly value: R } | undefined;
  return () => (result ??= { value: of() }).value;
}

/** Data sets by name; each is generated or read once. */
export const data: Readonly<Record<string, NamedData>> = {
  mnist: { load: once(() => mnist()), augment: "shift", model: "lenet" },
  shapes: { load: once(async () => split(shapes({ size: 2500 }), { test: 0.2 })), model: "lenet" },
  edges: { load: once(async () => split(orientedEdges({ size: 2500 }), { test: 0.2 })), model: "small" },
  tones: { load: once(async () => split(tones({ size: 2500 }), { test: 0.2 })), model: "signal" },
};

/** Models by name. */
export const models: Readonly<Record<string, MakeModel>> = {
  lenet: (classes) => lenet5({ classes }),
  convnetjs: (classes) => convNetJsMnist({ classes }),
  "convnetjs-cifar": (classes) => convNetJsCifar({ classes }),
  small: (classes) => fromPattern("INPUT -> [CONV -> RELU -> POOL]*2 -> FC", { classes, filters: (n) => 8 * (n + 1) }),
  signal: (classes) =>
    sequential([
      new Conv1d({ filters: 8, kernelSize: 9, padding: "same" }),
      new ReLU(),
      new MaxPool1d({ kernelSize: 4 }),
      new Conv1d({ filters: 16, kernelSize: 5, padding: "same" }),
      new ReLU(),
      new GlobalMaxPool(),
      new Dense({ units: classes }),
    ]),
  autoencoder: (_, input) => autoencoder({ shape: input }),
  unet: (classes) => unet({ classes, filters: 16, depth: 3 }),
};

/** Large models by name, for images of 224 × 224 pixels. */
export const largeModels: Readonly<Record<string, MakeModel>> = {
  alexnet: (classes) => alexNet({ classes }),
  vgg16: (classes) => vgg16({ classes }),
  resnet18: (classes) => resnet18({ classes }),
  resnet50: (classes) => resnet50({ classes }),
  mobilenetv2: (classes) => mobileNetV2({ classes }),
  squeezenet: (classes) => squeezeNet({ classes }),
};

/** All models by name. */
export const allModels: Readonly<Record<string, MakeModel>> = { ...models, ...largeModels };

/** Optimizers by name. */
export const optimizers: Readonly<Record<string, (options?: LearningRateOption) => Optimizer>> = {
  adam,
  adamw: adamW,
  sgd: (options) => sgd({ ...options, momentum: 0.9, nesterov: true }),
};

/** Makes a model for a number of classes and the shape of one input. */
export type MakeModel = (classes: number, input: Shape) => Layer;

/** Whether a model is a module rather than one of {@link allModels}: a path with a folder or an extension. */
export const isModule = (name: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(name);

/** Returns the name under which a run stores its model: for a module its absolute path, so that the run can be resumed anywhere. */
export const modelId = (name: string): string => (isModule(name) ? resolve(name) : name);

/**
 * Finds a model: one of {@link allModels}, or the export `model` of a module, which is run.
 *
 * @throws `CommandLineError` for an unknown name or a module without a model. The returned function throws one if the
 * module's `model` throws or does not return a layer.
 */
export async function modelNamed(name: string): Promise<MakeModel> {
  if (!isModule(name)) return choice("model", name, allModels);
  let module: { readonly model?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(name)).href)) as typeof module;
  } catch (error) {
    throw new CommandLineError(`--model: ${name} cannot be loaded: ${messageOf(error)}`);
  }
  const { model } = module;
  if (typeof model !== "function")
    throw new CommandLineError(
      `--model: ${name} exports no function "model"; expected export const model = (classes, input) => sequential([…])`,
    );
  return (classes, input) => {
    const called = `--model: model(${classes}) of ${name}`;
    let made: unknown;
    try {
      made = (model as (classes: number, input: Shape) => unknown)(classes, input);
    } catch (error) {
      throw new CommandLineError(`${called} failed: ${messageOf(error)}`);
    }
    if (isLayer(made)) return made as Layer;
    if (made instanceof Promise) {
      // An unhandled rejection would end the process.
      made.catch(() => undefined);
      throw new CommandLineError(`${called} returned a promise; return the layer itself, and load before, at the top`);
    }
    const kind = made === null ? "null" : Array.isArray(made) ? "an array" : `a value of type ${typeof made}`;
    throw new CommandLineError(`${called} returned ${kind}; return a layer, such as sequential([…])`);
  };
}

/** Backends by name. */
export const backends: Readonly<Record<string, (options: Pick<CpuOptions, "wide">) => Promise<Backend>>> = {
  cpu,
  reference: async ({ wide }) => {
    if (wide) throw new CommandLineError("--wide is for --backend cpu; leave it out");
    return reference();
  },
};
