import { reference } from "@convlens/backend-reference";
import { add, tensor, useBackend, zeros, type Tensor } from "@convlens/tensor";
import { beforeEach } from "vitest";
import { testMistakes } from "../../../tools/testMistakes.ts";
import {
  build,
  BatchNorm,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  DepthwiseConv2d,
  Dropout,
  Flatten,
  fromPattern,
  GroupNorm,
  LayerNorm,
  loadWeights,
  LocallyConnected2d,
  LocalResponseNorm,
  MaxPool2d,
  Parallel,
  parsePattern,
  predict,
  readSafetensors,
  ReLU,
  Residual,
  restrict,
  saveWeights,
  sequential,
  setWeights,
  summary,
  writeSafetensors,
  type Layer,
} from "../src/index.ts";
import { lenet5 } from "../src/models/index.ts";

// Errors of this package, one for each mistake of a user. Those of operations are tested in packages/tensor.

beforeEach(() => useBackend(reference()));

const image = (): Tensor => zeros([2, 6, 6, 1]);
const net = (): Layer =>
  sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new Flatten(), new Dense({ units: 3 })]);
const built = (): Layer => build(net(), [6, 6, 1]);
const two = (): { call(x: { a: Tensor; b: Tensor }): Tensor } => ({ call: ({ a, b }) => add(a, b) });
const stored = (shape: number[]) => ({ shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) });

const mistakes: Readonly<Record<string, () => unknown>> = {
  // Shapes
  "an image without its batch axis": () => net().call(zeros([6, 6, 1])),
  "an image with other channels than the filters": () => built().call(zeros([2, 6, 6, 3])),
  "an image of another size before Dense": () => built().call(zeros([2, 8, 8, 1])),
  "an image that is smaller than the window": () => net().call(zeros([2, 2, 2, 1])),
  "an image as a signal": () => new Conv1d({ filters: 1, kernelSize: 3 }).call(image()),
  "maps before Dense without Flatten": () => new Dense({ units: 3 }).call(image()),
  "a scalar to flatten": () => new Flatten().call(zeros([])),
  "a window that must fit and does not": () => new MaxPool2d({ kernelSize: 4, geometry: "strict" }).call(image()),
  "groups that do not divide the channels": () =>
    new Conv2d({ filters: 4, kernelSize: 3, groups: 2 }).call(zeros([1, 6, 6, 3])),
  "groups of a normalisation that do not divide the channels": () =>
    new GroupNorm({ groups: 2 }).call(zeros([1, 6, 6, 3])),
  "a body of another shape than its input": () =>
    new Residual({ body: new Conv2d({ filters: 2, kernelSize: 3 }) }).call(image()),
  "branches of different sizes": () => new Parallel([new ReLU(), new MaxPool2d({ kernelSize: 2 })]).call(image()),
  "a model built for the shape of a batch": () => build(net(), [2, 6, 6, 1]),
  "a summary for the shape of a batch": () => summary(net(), [2, 6, 6, 1]),
  "an image without channels for a layer without shared weights": () =>
    new LocallyConnected2d({ filters: 1, kernelSize: 3 }).call(zeros([2, 6, 6])),
  // Options
  "an unknown option": () => new Conv2d({ filters: 1, kernalSize: 3 } as never),
  "an option of another library": () => new MaxPool2d({ pool_size: 2 } as never),
  "a missing option": () => new Conv2d({ filters: 1 } as never),
  "no options": () => new Dense(undefined as never),
  "a number in place of options": () => new Dropout(0.5 as never),
  "NaN as a number of filters": () => new Conv2d({ filters: NaN, kernelSize: 3 }),
  "half a unit": () => new Dense({ units: 0.5 }),
  "a kernel size of 0": () => new Conv2d({ filters: 1, kernelSize: 0 }),
  "a kernel size as text": () => new ConvTranspose2d({ filters: 1, kernelSize: "3" as never }),
  "a dropout rate of 1": () => new Dropout({ rate: 1 }),
  "a momentum without its convention": () => new BatchNorm({ momentum: 0.9 } as never),
  "a negative epsilon": () => new LayerNorm({ epsilon: -1 }),
  "an initializer by name": () => new Dense({ units: 1, initializer: "glorot" as never }),
  "an unknown padding": () => new DepthwiseConv2d({ kernelSize: 3, padding: "full" as never }),
  "a size of 0 for local response normalisation": () => new LocalResponseNorm({ size: 0 }),
  "options of a layer without options": () => new (ReLU as new (options: object) => unknown)({ alpha: 1 }),
  "options that are unknown to build": () => build(net(), [6, 6, 1], { sead: 1 } as never),
  "a seed of NaN": () => build(net(), [6, 6, 1], { seed: NaN }),
  "an unknown option of a model": () => lenet5({ clases: 3 } as never),
  // Wrong types and empty inputs
  "a class as a layer": () => sequential([Dense as never]),
  "a layer that is not in an array": () => sequential(new ReLU() as never),
  "an array in place of a tensor": () => predict(built(), [[1, 2]] as never),
  "a promise of a tensor": () => predict(built(), Promise.resolve(image()) as never),
  "a class as a model": () => predict(Dense as never, image()),
  "undefined as a model": () => build(undefined as never, [1]),
  "a shape that is not a list": () => build(net(), 6 as never),
  "one tensor for a model of two": () => predict(two() as never, image()),
  "an input that a model does not have": () => restrict(two() as never, { a: image(), b: image() }, { input: "c" }),
  // Weights and files
  "weights of a model that was not built": () => saveWeights(net()),
  "weights under another name": () => setWeights(built(), new Map([["layers.0.filter", stored([3, 3, 1, 2])]])),
  "weights of another shape": () =>
    setWeights(built(), new Map([["layers.0.filters", stored([5, 5, 1, 2])]]), { strict: false }),
  "an empty file of weights": () => loadWeights(built(), new Uint8Array()),
  "a path in place of a file": () => readSafetensors("weights.safetensors" as never),
  "a file of another kind": () => readSafetensors(new TextEncoder().encode("<!doctype html>")),
  "values that do not fill their shape": () =>
    writeSafetensors(new Map([["w", { shape: [2], values: new Float32Array(3) }]])),
  // Patterns
  "an empty pattern": () => parsePattern(""),
  "a misspelt word in a pattern": () => parsePattern("INPUT -> CONVV -> FC"),
  "a bracket that is not closed": () => parsePattern("INPUT -> [CONV -> RELU"),
  "a pattern without a number for its letter": () => fromPattern("INPUT -> [CONV]*N -> FC", {}),
  "NaN in a shape": () => build(net(), [NaN, 6, 1]),
  "a tensor as a shape": () => summary(net(), tensor([6, 6, 1]) as never),
};

testMistakes(mistakes);
