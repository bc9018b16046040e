import {
  anyOption,
  booleanOption,
  checkOptions,
  functionOption,
  planMemory,
  sizeOf,
  wholeFrom,
  type Backend,
  type Program,
  type Shape,
} from "@convlens/backend";
import { multiplyAddsOf, parameters, type Layer } from "@convlens/layers";
import { broadcastTo, currentBackend, programOf, sorted, type Tensor, type Variable } from "@convlens/tensor";
import {
  adam,
  crossEntropy,
  rateFactors,
  recordTrainStep,
  sgd,
  type FitOptions,
  type Optimizer,
} from "@convlens/training";
import { recordModel, type RecordedLayer, type RecordedModel } from "../recordModel.ts";

/** What one layer costs, for one example. Its `kept` numbers are what the way back reads again. */
export interface LayerCost {
  /** The call of the layer: its path, or `path#2` for the second call. */
  readonly name: string;
  /** The layer's class. */
  readonly type: string;
  /** Of one example. */
  readonly outputShape: Shape;
  /** Numbers that it learns; those of a layer used twice count once. */
  readonly parameters: number;
  /** Products. */
  readonly multiplyAdds: number;
  /** Numbers that it puts out; 0 where they are the numbers that came in, in another shape. */
  readonly activations: number;
  /** Numbers that it makes and that the backward pass needs again, so that they stay until then. */
  readonly kept: number;
}

/** Bytes that a program takes. */
export interface MemoryCost {
  /** Of parameters, running statistics, and whatever the optimizer keeps. */
  readonly variables: number;
  /** Of numbers that never change. */
  readonly constants: number;
  /** Of all values in between: memory is used again as soon as nobody needs what is in it. */
  readonly values: number;
  /** What those would take if no memory were used twice. */
  readonly valuesUnplanned: number;
  /** Variables, constants and values together. */
  readonly total: number;
}

/** What a model costs. */
export interface Cost {
  readonly layers: readonly LayerCost[];
  /** Numbers that are learned. */
  readonly parameters: number;
  /** Products of one example: of the answer, and of a whole step of learning, back and forth. */
  readonly multiplyAdds: { readonly forward: number; readonly training: number };
  /** Numbers that all layers put out for one example, the input among them. */
  readonly activations: number;
  /** Numbers of one example that stay until the backward pass, the input among them where it is needed. */
  readonly kept: number;
  /** Bytes of what the optimizer keeps between steps. */
  readonly optimizer: number;
  /** Bytes of an answer to a batch. */
  readonly inference: MemoryCost;
  /** Bytes of a step of learning from a batch. */
  readonly training: MemoryCost;
}

/** An optimizer by name: `sgd()`, `sgd({ momentum: 0.9 })` or `adam()`. */
export type OptimizerName = "sgd" | "momentum" | "adam";

/** Options of {@link cost}. Those of a step of learning are the ones that `fit` has. */
export interface CostOptions extends Pick<FitOptions, "loss" | "clip" | "groups" | "diagnostics"> {
  /** Examples in a batch. Default: 1. */
  readonly batch?: number;
  /** An optimizer or its name. Default: `"sgd"`. */
  readonly optimizer?: OptimizerName | Optimizer;
  /** For whose programs memory is planned. Default: that of `useBackend`, or one without fast paths. */
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
  const sum = (shapes: readonly Shape[]): number => bytes * shapes.reduce((total, shape) => total + sizeOf(shape), 0);
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

/** The tensor whose memory this one is: a reshape moves nothing. */
function memoryBehind(t: Tensor): Tensor {
  let at = t;
  while (at.operation === "reshape") at = at.inputs[0]!;
  return at;
}

/** The tensors of the forward pass that `ends` are computed from by what was recorded after it. */
function keptFor({ tensors, variables, input }: RecordedModel, ends: readonly Tensor[]): ReadonlySet<Tensor> {
  const forward = new Set(tensors);
  const backward = sorted(ends, (t) => (forward.has(t) ? [] : t.inputs)).filter((t) => !forward.has(t));
  const read = backward.flatMap((t) => t.inputs.filter((x) => forward.has(x))).map(memoryBehind);
  return new Set(read.filter((t) => (t.operation !== undefined || t === input) && !variables.has(t)));
}

/**
 * What a model costs: parameters, products, activations forward and those kept for the way back, the memory of the optimizer,
 * and the peak of a program's memory as it is planned. Counted on what the model records, so that it holds for models of any
 * making; nothing is computed, and no memory taken.
 *
 * @param inputShape - Of one example.
 * @throws `ValueError` for an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * const { parameters, multiplyAdds, training } = cost(lenet5(), [28, 28, 1], { batch: 64, optimizer: "adam" });
 * parameters; // 61,706
 * multiplyAdds.forward; // 416,520
 * training.total / 2 ** 20; // mebibytes of a step of learning from 64 images
 * ```
 */
export function cost(model: Layer, inputShape: Shape, options: CostOptions = {}): Cost {
  checkOptions("cost", options, {
    batch: wholeFrom(1),
    optimizer: (value) =>
      typeof (value as Optimizer | null)?.fresh === "function" || Object.hasOwn(optimizers, value as string)
        ? undefined
        : `an optimizer, such as adam(), or one of ${Object.keys(optimizers).join(", ")}`,
    backend: anyOption,
    loss: functionOption,
    clip: anyOption,
    groups: anyOption,
    diagnostics: booleanOption,
  });
  const {
    batch = 1,
    optimizer = "sgd",
    backend = chosenBackend(),
    loss,
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
  const factors = rateFactors(all, groups);
  const memory = (typeof optimizer === "string" ? optimizers[optimizer]() : optimizer).fresh();
  const targets = broadcastTo(0, loss === undefined ? output.slice(0, -1) : [batch]);
  let recorded: RecordedModel | undefined;
  let kept: ReadonlySet<Tensor> = new Set();
  let multiplyAdds = 0;
  const training = programOf(
    (inputs: Tensor, labels: Tensor, rate: Tensor) => {
      const step = recordTrainStep(
        model,
        { inputs, targets: labels, rate },
        { loss: loss ?? crossEntropy, optimizer: memory, parameters: all, factors, clip, diagnostics, unused: "zeros" },
        (given, mode) => (recorded = recordModel(model, given, mode)).output,
      );
      kept = keptFor(recorded!, step.gradients);
      const products = sorted([...Object.values(step.results), ...step.gradients], (t) => t.inputs).map(multiplyAddsOf);
      multiplyAdds = products.reduce((a, b) => a + b, 0) / batch;
      return step.results;
    },
    [x, targets, broadcastTo(0, [])],
    { backend },
  );
  const { layers, input } = recorded!;
  const costs = layerCosts(layers, kept, batch);
  const total = (pick: (layer: LayerCost) => number): number => costs.reduce((sum, layer) => sum + pick(layer), 0);
  const sizeOfAll = (variables: ReadonlyMap<string, Variable>): number =>
    [...variables.values()].reduce((sum, { size }) => sum + size, 0);
  const learning = new Map([...all].filter(([path]) => factors.has(path)));
  return {
    layers: costs,
    parameters: sizeOfAll(all),
    multiplyAdds: { forward: total((layer) => layer.multiplyAdds), training: multiplyAdds },
    activations: sizeOf(inputShape) + total((layer) => layer.activations),
    kept: (kept.has(input) ? sizeOf(inputShape) : 0) + total((layer) => layer.kept),
    optimizer: bytes * sizeOfAll(memory.state(learning)),
    inference: memoryOf(forward, bytes),
    training: memoryOf(training, bytes),
  };
}

/** What each layer costs itself; one that only contains others costs nothing, and is left out. */
function layerCosts(layers: readonly RecordedLayer[], kept: ReadonlySet<Tensor>, batch: number): LayerCost[] {
  const counted = new Set<object>();
  return layers.flatMap(({ name, type, layer, output, operations, isContainer }) => {
    const own = [...parameters(layer).values()].filter((variable) => !counted.has(variable));
    for (const variable of own) counted.add(variable);
    const stays = operations.filter((t) => kept.has(t));
    const row: LayerCost = {
      name,
      type,
      outputShape: output.shape.slice(1),
      parameters: own.reduce((sum, { size }) => sum + size, 0),
      multiplyAdds: operations.reduce((sum, t) => sum + multiplyAddsOf(t), 0) / batch,
      activations: operations.includes(memoryBehind(output)) ? output.size / batch : 0,
      kept: stays.reduce((sum, { size }) => sum + size, 0) / batch,
    };
    return isContainer && row.parameters + row.multiplyAdds + row.activations === 0 ? [] : [row];
  });
}
