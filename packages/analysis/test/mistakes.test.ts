import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { build, Conv2d, Dense, Flatten, MaxPool2d, sequential, type Layer } from "@convlens/layers";
import { tensor, useBackend, zeros, type Tensor } from "@convlens/tensor";
import { beforeEach } from "vitest";
import { testMistakes } from "../../../tools/testMistakes.ts";
import {
  activationMap,
  adversarial,
  convolveBy,
  cost,
  cropOf,
  depthColumn,
  effectiveReceptiveField,
  explain,
  faithfulness,
  gaussianKernel,
  heatmap,
  histogram,
  imageKernel,
  inputsSeen,
  modularGraph,
  nearestNeighbors,
  occlusionCurve,
  principalComponents,
  receptiveFields,
  recordModel,
  retain,
  sharing,
  shiftConsistency,
  structuralSimilarity,
  tap,
  toMatrix,
  trace,
  traceGradient,
  tsne,
  unitActivity,
  visualize,
  watchTraining,
  windowFit,
} from "../src/index.ts";
import { drawLineChart, drawModules, overlay, paintImage } from "../src/render/index.ts";
import { some } from "./helpers.ts";

// Errors of this package, one for each mistake of a user.

beforeEach(() => useBackend(reference()));

const net = (): Layer =>
  build(
    sequential([
      new Conv2d({ filters: 2, kernelSize: 3 }),
      new MaxPool2d({ kernelSize: 2 }),
      new Flatten(),
      new Dense({ units: 3 }),
    ]),
    [6, 6, 1],
  );
const images = (): Tensor => some([2, 6, 6, 1], 1, 0, 1);
const one = (): Tensor => some([1, 6, 6, 1], 1, 0, 1);
const data = shapes({ size: 8, height: 6, width: 6 });
const points = (values: readonly number[]) => ({
  rows: values.length / 2,
  columns: 2,
  values: Float64Array.from(values),
});
const pixel = { shape: [1, 1, 1], values: [1] };
const map = { name: "layers.0", shape: [1, 2, 2, 3], values: new Float32Array(12) };

const mistakes: Readonly<Record<string, () => unknown>> = {
  // Shapes
  "an image without its batch axis": () => explain(net(), zeros([6, 6, 1]), { method: "gradient" }),
  "an image of another size": () => explain(net(), zeros([1, 8, 8, 1]), { method: "gradient" }),
  "the shape of a batch": () => receptiveFields(net(), [2, 6, 6, 1]),
  "a cost for the shape of a batch": () => cost(net(), [2, 6, 6, 1]),
  "a target for each of other examples": () => explain(net(), images(), { method: "gradient", target: [0] }),
  "labels for other examples": () => adversarial(net(), images(), { labels: [0], epsilon: 0.1 }),
  "a heat map of other images": () =>
    faithfulness(net(), images(), heatmap({ method: "gradient", shape: [1, 4, 4, 1], values: new Float32Array(16) })),
  "pictures of different sizes": () =>
    structuralSimilarity({ height: 1, width: 2, values: [0, 1] }, { height: 2, width: 1, values: [0, 1] }),
  "a trace of a batch": () => trace(net(), images(), "layers.0", [0, 0, 0]),
  "a unit that does not exist": () => trace(net(), one(), "layers.0", [9, 0, 0]),
  "a place that does not exist": () => traceGradient(net(), one(), "layers.0", [0, 9, 0]),
  "a channel that does not exist": () => activationMap(map, { channel: 3 }),
  "a place with one number": () => depthColumn(map, { place: [0] }),
  "pooling as a matrix": () => toMatrix(new MaxPool2d({ kernelSize: 2 }), [4, 4, 1]),
  "ragged rows of a kernel": () => imageKernel([[1, 2], [3]]),
  "a kernel without rows": () => imageKernel([]),
  // Names
  "a layer that does not exist": () => tap(net(), ["layers.9"])(images()),
  "a name in place of a list of names": () => retain(net(), "layers.0" as never),
  "a method that does not exist": () => explain(net(), images(), { method: "gradcam" } as never),
  "no method": () => explain(net(), images(), {} as never),
  "a class that does not exist": () => explain(net(), images(), { method: "gradient", target: 3 }),
  "a class to visualize that does not exist": () => visualize(net(), [6, 6, 1], { class: 3 }).next(),
  "a unit of a missing layer": () => effectiveReceptiveField(net(), images(), "layers.9"),
  "inputs of a missing layer": () => inputsSeen(net(), [6, 6, 1], "layers.9", [0, 0, 0]),
  "an optimizer that does not exist": () => cost(net(), [6, 6, 1], { optimizer: "lion" as never }),
  "an algorithm that does not exist": () => convolveBy("winograd" as never, images(), zeros([3, 3, 1, 1])),
  // Options
  "an unknown option": () => explain(net(), images(), { method: "smoothGrad", sample: 3 } as never),
  "samples of 0": () => explain(net(), images(), { method: "smoothGrad", samples: 0 }),
  "noise of NaN": () => explain(net(), images(), { method: "smoothGrad", noise: NaN }),
  "an occluder that skips pixels": () => explain(net(), images(), { method: "occlusion", size: 2, stride: 3 }),
  "an epsilon of NaN": () => adversarial(net(), images(), { labels: [0, 1], epsilon: NaN }),
  "a range that is reversed": () => adversarial(net(), images(), { labels: [0, 1], epsilon: 0.1, range: [1, 0] }),
  "more neighbours than points": () => nearestNeighbors(points([0, 1, 2, 3]), { count: 2 }),
  "a perplexity of more than the points": () => tsne(points([0, 1, 2, 3, 4, 5, 6, 7]), { perplexity: 5 }).next(),
  "a histogram of 0 bins": () => histogram([1, 2], { bins: 0 }),
  "a kernel of deviation 0": () => gaussianKernel(0),
  "a negative padding": () => windowFit({ input: 5, window: 3, padding: -1 }),
  "a shift of half a pixel": () => shiftConsistency(net(), images(), { shift: 0.5 }),
  "an occluder of size 0": () => occlusionCurve(net(), images(), { sizes: [0] }),
  "an unknown theme": () => drawModules(modularGraph(net(), [6, 6, 1]), { theme: "blue" as never }),
  "a chart of width 0": () => drawLineChart([], { width: 0 }),
  "a strength above 1": () => overlay(paintImage(pixel), { shape: [1, 1], values: [1] }, { strength: 2 }),
  "a watch of every 0 steps": () => watchTraining(net(), { inputs: images(), targets: tensor([0, 1]), every: 0 }),
  // NaN and empty inputs
  "one point": () => principalComponents({ rows: 1, columns: 3, values: Float32Array.of(1, 2, 3) }),
  "points with NaN": () => principalComponents(points([0, 1, NaN, 3, 4, 5])),
  "no examples": () => explain(net(), zeros([0, 6, 6, 1]), { method: "gradient" }),
  "no batches": () => unitActivity(net(), []),
  "a kernel divided by NaN": () => imageKernel([[1]], NaN),
  // Wrong types
  "a class as a model": () => recordModel(Dense as never, [6]),
  "undefined as a model": () => sharing(undefined as never, [6, 6, 1]),
  "an array in place of a tensor": () => explain(net(), [[1, 2]] as never, { method: "gradient" }),
  "a shape in place of images": () => tap(net())([6, 6, 1] as never),
  "a number in place of options": () => explain(net(), images(), 3 as never),
  "an objective that is a name": () => visualize(net(), [6, 6, 1], "layers.0" as never),
  "patches of an example that does not exist": () =>
    cropOf(data, -1, [
      [0, 1],
      [0, 1],
    ]),
};

testMistakes(mistakes);
