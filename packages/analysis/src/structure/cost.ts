import {
  anyOption,
  booleanOption,
  checkOptions,
  checkValue,
  functionOption,
  planMemory,
  sizeOf,
  wholeFrom,
  type Backend,
  type Program,
  type Shape,
} from "@convlens/backend";
import { multiplyAddsOf, parameters, type Layer } from "@convlens/layers";
import { broadcastTo, currentBackend, programOf, sorted, tensorsIn, type Tensor, type Tensors } from "@convlens/tensor";
import {
  adam,
  crossEntropy,
  learningParameters,
  recordStep,
  sgd,
  type FitOptions,
  type Optimizer,
} from "@convlens/training";
import { shapeOption } from "../optionChecks.ts";
import { sumOf } from "../numbers.ts";
import {
  headOf,
  numbersOf,
  recordModel,
  type LayerOutput,
  type RecordedLayer,
  type RecordedModel,
} from "../recordModel.ts";

/** The cost of one layer for one example. */
export interface LayerCost extends LayerOutput {
  /** Number of parameters; those of a layer used twice count once. */
  readonly parameters: number;
  /** Number of multiply-adds. */
  readonly multiplyAdds: number;
  /** Number of output values; 0 if they are those of the input in another shape. */
  readonly activations: number;
  /** Number of values kept in memory until the backward pass reads them. */
  readonly kept: number;
}

/** The memory of a program, in bytes. */
export interface MemoryCost {
  /** Parameters, running statistics and optimizer state. */
  readonly variables: number;
  /** Constants. */
  readonly constants: number;
  /** Intermediate values; their memory is reused as soon as they are no longer needed. */
  readonly values: number;
  /** Intermediate values without reuse of memory. */
  readonly valuesUnplanned: number;
  /** Sum of variables, constants and values. */
  readonly total: number;
}

/** The cost of a model. */
export interface Cost {
  readonly layers: readonly LayerCost[];
  /** Number of parameters. */
  readonly parameters: number;
  /** Number of multiply-adds for one example: of a prediction, and of a training step. */
  readonly multiplyAdds: { readonly forward: number; readonly training: number };
  /** Number of activations for one example, including the input. */
  readonly activations: number;
  /** Number of values of one example that are kept for the backward pass, including the input if it is needed. */
  readonly kept: number;
  /** Optimizer state in bytes. */
  readonly optimizer: number;
  /** Memory of a prediction for a batch. */
  readonly inference: MemoryCost;
  /** Memory of a training step with a batch. */
  readonly training: MemoryCost;
}

/** An optimizer by name: `sgd()`, `sgd({ momentum: 0.9 })` or `adam()`. */
export type OptimizerName = "sgd" | "momentum" | "adam";

/** Options of {@link cost}. Those of the training step are options of `fit`. */
export interface CostOptions extends Pick<FitOptions, "loss" | "clip" | "groups" | "diagnostics"> {
  /** Batch size. Default: 1. */
  readonly batch?: number;
  /** Shape of one target of `loss`. Default: that of a label, `[]`. */
  readonly targetShape?: Shape;
  /** An optimizer or its name. Default: `"sgd"`. */
  readonly optimizer?: OptimizerName | Optimizer;
  /** Backend for which memory is planned. Default: that of `useBackend`, or else one without composite kernels. */
  readonly backend?: Pick<Backend, "supports" | "precision">;
}

const optimizers: { readonly [Name in OptimizerName]: () => Optimizer } = {
  sgd,
  momentum: () => sgd({ momentum: 0.9 }),
  adam,
};

const plainBackend = { supports: () => false, precision: "float32" } as const;

function chosenBackend(): Pick<Backend, "supports" | "precision"> {
  try {
    return currentBackend();
  } catch {
    return plainBackend;
  }
}

function memoryOf(program: Program, bytes: number): MemoryCost {
  const sum = (shapes: readonly Shape[]): number => bytes * sumOf(shapes.map(sizeOf));
  const { peak, sum: unplanned } = planMemory(program);
  const [variables, constants] = [sum(program.variables), sum(program.constants.map(({ shape }) => shape))];
  return {
    variables,
    constants,
    values: bytes * peak,
    valuesUnplanned: bytes * unplanned,
    total: variables + constants + bytes * peak,
  };
}

/** Returns the tensors of the forward pass that the backward pass to `ends` reads. */
function keptFor({ tensors, variables, input }: RecordedModel, ends: readonly Tensor[]): ReadonlySet<Tensor> {
  const forward = new Set(tensors);
  const backward = sorted(ends, (t) => (forward.has(t) ? [] : t.inputs)).filter((t) => !forward.has(t));
  const read = backward.flatMap((t) => t.inputs.filter((x) => forward.has(x))).map(numbersOf);
  return new Set(read.filter((t) => (t.operation !== undefined || t === input) && !variables.has(t)));
}

/**
 * Returns the cost of a model: parameters, multiply-adds, activations, those kept for the backward pass, optimizer state and the
 * planned peak memory. It is counted on what the model records, so it holds for every kind of model; nothing is computed and no
 * memory is allocated.
 *
 * @param inputShape - Shape of one example.
 * @throws `ValueError` for an unknown option or a wrong value.
 *
 * @example
 * ```ts
 * const { parameters, multiplyAdds, training } = cost(lenet5(), [28, 28, 1], { batch: 64, optimizer: "adam" });
 * parameters; // 61,706
 * multiplyAdds.forward; // 416,520
 * training.total / 2 ** 20; // mebibytes of a training step with 64 images
 * ```
 */
export function cost(model: Layer, inputShape: Shape, options: CostOptions = {}): Cost {
  checkValue("cost", "inputShape", inputShape, shapeOption);
  checkOptions("cost", options, {
    batch: wholeFrom(1),
    optimizer: (value) =>
      typeof (value as Optimizer | null)?.fresh === "function" || Object.hasOwn(optimizers, value as string)
        ? undefined
        : `an optimizer, such as adam(), or one of ${Object.keys(optimizers).join(", ")}`,
    backend: anyOption,
    loss: functionOption,
    targetShape: shapeOption,
    clip: anyOption,
    groups: anyOption,
    diagnostics: booleanOption,
  });
  const {
    batch = 1,
    optimizer = "sgd",
    backend = chosenBackend(),
    loss,
    targetShape = [],
    clip,
    groups = [],
    diagnostics = true,
  } = options;
  const bytes = backend.precision === "float64" ? 8 : 4;
  const x = broadcastTo(0, [batch, ...inputShape]);
  let output: Shape = [];
  const forward = programOf(
    (inputs: Tensor) => {
      const answer = recordModel(model, inputs).output;
      output = answer.shape;
      return answer;
    },
    [x],
    { backend },
  );
  const all = parameters(model);
  const memory = (typeof optimizer === "string" ? optimizers[optimizer]() : optimizer).fresh();
  const grouped = learningParameters(all, groups, memory.learningRate);
  const different = [...new Set(grouped.map(({ learningRate }) => learningRate))];
  const targets = broadcastTo(0, loss === undefined ? output.slice(0, -1) : [batch, ...targetShape]);
  let recorded: RecordedModel | undefined;
  let kept: ReadonlySet<Tensor> = new Set();
  let multiplyAdds = 0;
  const training = programOf(
    (inputs: Tensor, labels: Tensor, ...given: Tensor[]) => {
      const learning = grouped.map(({ learningRate, ...each }) => ({
        ...each,
        learningRate: given[different.indexOf(learningRate)],
      }));
      const plan = {
        loss: loss ?? crossEntropy,
        optimizer: memory,
        learning,
        clip,
        diagnostics,
        unused: "zeros",
      } as const;
      const step = recordStep(model, { inputs, targets: labels }, plan, "whole", (given, mode) => {
        recorded = recordModel(model, given, mode);
        return recorded.output;
      });
      kept = keptFor(recorded!, step.gradients);
      const results = tensorsIn(step.results as unknown as Tensors);
      const products = sorted([...results, ...step.gradients], (t) => t.inputs).map(multiplyAddsOf);
      multiplyAdds = sumOf(products) / batch;
      return results;
    },
    [x, targets, ...different.map(() => broadcastTo(0, []))],
    { backend },
  );
  const { layers, input } = recorded!;
  const costs = layerCosts(layers, kept, batch);
  const total = (pick: (layer: LayerCost) => number): number => sumOf(costs.map(pick));
  const learning = new Map(grouped.map(({ path, parameter }) => [path, parameter]));
  return {
    layers: costs,
    parameters: totalSize(all.values()),
    multiplyAdds: { forward: total((layer) => layer.multiplyAdds), training: multiplyAdds },
    activations: sizeOf(inputShape) + total((layer) => layer.activations),
    kept: (kept.has(input) ? sizeOf(inputShape) : 0) + total((layer) => layer.kept),
    optimizer: bytes * totalSize(memory.state(learning).values()),
    inference: memoryOf(forward, bytes),
    training: memoryOf(training, bytes),
  };
}

const totalSize = (all: Iterable<{ readonly size: number }>): number => sumOf(Array.from(all, ({ size }) => size));

/** Returns the cost of each layer; one that only contains others costs nothing and is left out. */
function layerCosts(layers: readonly RecordedLayer[], kept: ReadonlySet<Tensor>, batch: number): LayerCost[] {
  const counted = new Set<object>();
  return layers.flatMap((call) => {
    const { layer, output, operations, isContainer } = call;
    const own = [...parameters(layer).values()].filter((variable) => !counted.has(variable));
    for (const variable of own) counted.add(variable);
    const row: LayerCost = {
      ...headOf(call),
      parameters: totalSize(own),
      multiplyAdds: sumOf(operations.map(multiplyAddsOf)) / batch,
      activations: operations.includes(numbersOf(output)) ? output.size / batch : 0,
      kept: totalSize(operations.filter((t) => kept.has(t))) / batch,
    };
    return isContainer && row.parameters + row.multiplyAdds + row.activations === 0 ? [] : [row];
  });
}
