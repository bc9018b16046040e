import { ValueError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { build, Conv2d, Dense, Flatten, sequential, type Layer } from "@convlens/layers";
import { tensor, useBackend } from "@convlens/tensor";
import { beforeEach, describe, expect, it } from "vitest";
import {
  activationMap,
  adversarial,
  codesOf,
  cropOf,
  depthColumn,
  explain,
  explanationMethodNames,
  faithfulness,
  filterImage,
  classicalKernels,
  heatmap,
  histogram,
  invert,
  modularGraph,
  nearestNeighbors,
  occlusionCurve,
  operationGraph,
  principalComponents,
  randomizationTest,
  retain,
  shiftConsistency,
  structuralSimilarity,
  tap,
  toColumns,
  toMatrix,
  topPatches,
  trace,
  traceGradient,
  tsne,
  visualize,
  volumeTable,
  watchTraining,
  windowFit,
} from "../src/index.ts";
import {
  drawBars,
  drawBoxes,
  drawHistogram,
  drawLegend,
  drawLineChart,
  drawModules,
  drawOperations,
  drawPoints,
  drawTrace,
  drawVolumes,
  overlay,
  paintAtlas,
  paintImage,
  paintMap,
  paintMatrix,
  scaleOf,
} from "../src/render/index.ts";
import { some } from "./helpers.ts";

type Options = Readonly<Record<string, unknown>>;

beforeEach(() => useBackend(reference()));

const net = (): Layer =>
  build(sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new Flatten(), new Dense({ units: 3 })]), [6, 6, 1]);
const x = some([2, 6, 6, 1], 1, 0, 1);
const points = { rows: 6, columns: 3, values: some([6, 3]).knownValues as Float64Array };
const picture = { height: 1, width: 2, values: [0, 1] };
const data = shapes({ size: 8, height: 6, width: 6 });
const heat = heatmap({ method: "gradient", shape: x.shape, values: x.knownValues });

const map = { name: "a map", shape: [1, 1, 2, 3], values: new Float32Array(6) };
const pixels = { shape: [1, 1, 1], values: [1] };
const raster = paintImage(pixels);
const layer = new Conv2d({ filters: 1, kernelSize: 2 });

/** Calls with valid options and the given ones. */
const calls: Readonly<Record<string, (options: Options) => unknown>> = {
  activationMap: (o) => activationMap(map, { channel: 0, ...o }),
  adversarial: (o) => adversarial(net(), x, { labels: [0, 1], epsilon: 0.1, ...o }),
  codesOf: (o) => codesOf(net(), data, { layer: "layers.0", ...o }),
  depthColumn: (o) => depthColumn(map, { place: [0, 0], ...o }),
  drawBars: (o) => drawBars([], o),
  drawBoxes: (o) => drawBoxes(raster, [], o),
  drawHistogram: (o) => drawHistogram(histogram([1, 2]), o),
  drawLegend: (o) => drawLegend(scaleOf([[1]]), o),
  drawLineChart: (o) => drawLineChart([], o),
  drawModules: (o) => drawModules(modularGraph(net(), [6, 6, 1]), o),
  drawOperations: (o) => drawOperations(operationGraph(net(), [6, 6, 1]), o),
  drawPoints: (o) => drawPoints([], [], o),
  drawTrace: async (o) => drawTrace(await trace(net(), some([1, 6, 6, 1]), "layers.0", [0, 0, 0]), o),
  drawVolumes: (o) => drawVolumes(volumeTable(net(), [6, 6, 1]), o),
  explain: (o) => explain(net(), x, { method: "gradient", ...o }),
  faithfulness: (o) => faithfulness(net(), x, heat, o),
  filterImage: (o) => filterImage(x, classicalKernels.box, o),
  histogram: (o) => histogram([1, 2], o),
  invert: (o) => invert(net(), x, { layer: "layers.0", ...o }).next(),
  nearestNeighbors: (o) => nearestNeighbors(points, { count: 1, ...o }),
  occlusionCurve: (o) => occlusionCurve(net(), x, o),
  overlay: (o) => overlay(raster, { shape: [1, 1], values: [1] }, o),
  paintAtlas: (o) => paintAtlas([], o),
  paintImage: (o) => paintImage(pixels, o),
  paintMap: (o) => paintMap({ shape: [1], values: [1] }, o),
  paintMatrix: (o) => paintMatrix(toMatrix(layer, [3, 3, 1]), o),
  principalComponents: (o) => principalComponents(points, o),
  randomizationTest: (o) => randomizationTest(net(), x, { method: "gradient", ...o }),
  shiftConsistency: (o) => shiftConsistency(net(), x, o),
  structuralSimilarity: (o) => structuralSimilarity(picture, picture, o),
  toColumns: (o) => toColumns(x, { kernelSize: 2, ...o }),
  topPatches: (o) => topPatches(net(), data, { layer: "layers.0", ...o }),
  traceGradient: (o) => traceGradient(net(), some([1, 6, 6, 1]), "layers.0", [0, 0, 0], o),
  tsne: (o) => tsne(points, o).next(),
  visualize: (o) => visualize(net(), [6, 6, 1], { class: 0 }, o).next(),
  watchTraining: (o) => watchTraining(net(), { inputs: x, targets: tensor([0, 1]), ...o }),
  windowFit: (o) => windowFit({ input: 5, window: 3, ...o }),
};

const errorOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
};

it("right options are accepted", async () => {
  for (const [name, call] of Object.entries(calls)) expect(await errorOf(() => call({})), name).toBeUndefined();
});

describe.each(Object.keys(calls))("%s", (name) => {
  it("refuses unknown options", async () => {
    for (const unknown of ["nothing", "__proto__x", "constructor"]) {
      const error = await errorOf(() => calls[name]!({ [unknown]: 1 }));
      expect(error).toBeInstanceOf(ValueError);
      expect((error as Error).message).toContain(`unknown option "${unknown}"`);
    }
  });
});

it.each<[string, Options]>([
  ["adversarial", { stepSize: -1 }],
  ["adversarial", { range: [1, 0] }],
  ["activationMap", { toString: 1 }],
  ["codesOf", { batchSize: 0 }],
  ["depthColumn", { place: 0 }],
  ["drawBars", { width: 0 }],
  ["drawBoxes", { size: -1 }],
  ["drawHistogram", { title: 3 }],
  ["drawLegend", { title: 3 }],
  ["drawLineChart", { low: NaN }],
  ["drawLineChart", { high: "1" }],
  ["drawLineChart", { xLabel: 1 }],
  ["drawModules", { theme: "blue" }],
  ["drawOperations", { theme: "blue" }],
  ["drawPoints", { width: NaN }],
  ["drawTrace", { theme: "auto" }],
  ["drawVolumes", { scale: "false" }],
  ["explain", { method: "smoothGrad", samples: 0 }],
  ["explain", { method: "smoothGrad", noise: NaN }],
  ["explain", { method: "smoothGrad", seed: 0.5 }],
  ["explain", { method: "integratedGradients", steps: 0 }],
  ["explain", { method: "gradCam", layer: 3 }],
  ["explain", { method: "relevance", epsilon: 0 }],
  ["explain", { method: "occlusion", value: Infinity }],
  ["explain", { method: "gradients" }],
  ["explain", { method: undefined }],
  ["faithfulness", { steps: 0 }],
  ["faithfulness", { value: NaN }],
  ["filterImage", { border: "mirror" }],
  ["histogram", { bins: 0 }],
  ["histogram", { bins: 1.5 }],
  ["histogram", { low: NaN }],
  ["histogram", { low: 2, high: 1 }],
  ["invert", { steps: -1 }],
  ["nearestNeighbors", { metric: "manhattan" }],
  ["occlusionCurve", { value: NaN }],
  ["overlay", { strength: -1 }],
  ["paintAtlas", { range: ["0", "1"] }],
  ["paintImage", { range: 1 }],
  ["paintImage", { range: [0, NaN] }],
  ["paintMatrix", { weights: [1] }],
  ["paintMatrix", { theme: "auto" }],
  ["principalComponents", { seed: NaN }],
  ["randomizationTest", { seed: 2 ** 53 }],
  ["shiftConsistency", { shift: 1.5 }],
  ["structuralSimilarity", { range: 0 }],
  ["toColumns", { kernelSize: undefined }],
  ["toColumns", { kernelSize: "2" }],
  ["toColumns", { stride: 0 }],
  ["topPatches", { count: 0 }],
  ["traceGradient", { target: 0 }],
  ["tsne", { every: 0 }],
  ["tsne", { learningRate: Infinity }],
  ["tsne", { theta: -1 }],
  ["visualize", { learningRate: 0 }],
  ["visualize", { count: 0 }],
  ["visualize", { parameters: "waves" }],
  ["visualize", { transform: { jiter: 1 } }],
  ["visualize", { transform: { scale: -1 } }],
  ["watchTraining", { every: 0 }],
  ["windowFit", { input: undefined }],
  ["windowFit", { input: -1 }],
  ["windowFit", { input: 5.5 }],
  ["windowFit", { input: "5" }],
  ["windowFit", { window: 0 }],
  ["windowFit", { window: undefined }],
  ["windowFit", { stride: 0 }],
  ["windowFit", { stride: [1, 2] }],
  ["windowFit", { padding: -1 }],
  ["windowFit", { padding: "full" }],
  ["windowFit", { padding: [1] }],
  ["windowFit", { dilation: 0 }],
])("%s refuses %j", async (name, options) =>
  expect(await errorOf(() => calls[name]!(options))).toBeInstanceOf(ValueError),
);

it.each<[string, () => unknown]>([
  ["an unknown map", () => paintMap({ shape: [1], values: [1] }, { map: "grey" as never })],
  ["an unknown theme", () => paintMap({ shape: [1], values: [1] }, { theme: "blue" as never })],
  ["an unknown option", () => paintMap({ shape: [1], values: [1] }, { ranges: [0, 1] } as never)],
  ["a range without an end", () => paintMap({ shape: [1], values: [1] }, { range: [1] as never })],
  ["no columns", () => paintAtlas([{ shape: [1], values: [1] }], { columns: 0 })],
  ["a gap below 0", () => paintAtlas([{ shape: [1], values: [1] }], { gap: -1 })],
  [
    "a strength above 1",
    () => overlay(paintImage({ shape: [1, 1, 1], values: [1] }), { shape: [1, 1], values: [1] }, { strength: 2 }),
  ],
])("painting refuses %s", (_, paint) => expect(paint).toThrow(ValueError));

it("windowFit names itself and the option in its errors", () =>
  expect(() => windowFit({ input: 5, window: 3, padding: -1 })).toThrow("windowFit: padding must be"));

it("every call refuses values that are not objects of options", async () => {
  for (const [name, call] of Object.entries<(given: never) => unknown>({
    activationMap: (given) => activationMap(map, given),
    depthColumn: (given) => depthColumn(map, given),
    drawBars: (given) => drawBars([], given),
    drawLineChart: (given) => drawLineChart([], given),
    drawTrace: async (given) => drawTrace(await trace(net(), some([1, 6, 6, 1]), "layers.0", [0, 0, 0]), given),
    paintAtlas: (given) => paintAtlas([], given),
    paintImage: (given) => paintImage(pixels, given),
    toColumns: (given) => toColumns(x, given),
    traceGradient: (given) => traceGradient(net(), some([1, 6, 6, 1]), "layers.0", [0, 0, 0], given),
    windowFit: (given) => windowFit(given),
  }))
    for (const given of [null, 3, "light", [1]]) {
      const error = await errorOf(() => call(given as never));
      expect(error, `${name}(${String(given)})`).toBeInstanceOf(ValueError);
      expect((error as Error).message).toContain(`${name}: expected an object of options`);
    }
});

it.each<[string, unknown]>([
  ["a name alone", "layers.0"],
  ["a name that is a number", [0]],
  ["null", null],
  ["a set", new Set(["layers.0"])],
])("tap and retain refuse %s for a list of names", (_, names) => {
  expect(() => tap(net(), names as never)).toThrow("tap: names must be an array of texts");
  expect(() => retain(net(), names as never)).toThrow("retain: names must be an array of texts");
});

it("tap and retain list the layers of the model if a name is unknown", async () => {
  await expect(tap(net(), ["layers.9"])(x)).rejects.toThrow(
    'no layer is called "layers.9"; layers are "layers.0" (Conv2d), "layers.1" (Flatten), "layers.2" (Dense), "" (Sequential)',
  );
  await expect(retain(net(), ["layers.9"])(x)).rejects.toThrow(
    'no layer is called "layers.9"; layers are "layers.0" (Conv2d), "layers.1" (Flatten), "layers.2" (Dense), "" (Sequential)',
  );
});

it.each<[string, unknown, unknown]>([
  [
    "an example below 0",
    -1,
    [
      [0, 1],
      [0, 1],
    ],
  ],
  [
    "an example after the last",
    8,
    [
      [0, 1],
      [0, 1],
    ],
  ],
  [
    "half an example",
    0.5,
    [
      [0, 1],
      [0, 1],
    ],
  ],
  ["too few axes", 0, [[0, 1]]],
  [
    "too many axes",
    0,
    [
      [0, 1],
      [0, 1],
      [0, 0],
    ],
  ],
  [
    "an end after the last pixel",
    0,
    [
      [0, 1],
      [0, 6],
    ],
  ],
  [
    "a beginning before the first pixel",
    0,
    [
      [-1, 1],
      [0, 5],
    ],
  ],
  [
    "an end before the beginning",
    0,
    [
      [3, 1],
      [0, 5],
    ],
  ],
  [
    "half a pixel",
    0,
    [
      [0.5, 1],
      [0, 5],
    ],
  ],
  ["an end that is missing", 0, [[0], [0, 5]]],
  ["no box", 0, undefined],
])("cropOf refuses %s", (_, index, box) =>
  expect(() => cropOf(data, index as number, box as never)).toThrow(/^cropOf: (index|box) must be/),
);

it("names the nearest option, and lists the methods", async () => {
  await expect(explain(net(), x, { method: "smoothGrad", sample: 3 } as never)).rejects.toThrow(
    'did you mean "samples"?',
  );
  await expect(explain(net(), x, {} as never)).rejects.toThrow(
    explanationMethodNames.map((each) => `"${each}"`).join(" or "),
  );
  await expect(explain(net(), x, "gradient" as never)).rejects.toThrow("expected an object of options");
});

it("one seed determines the shuffle of weights and the noise of SmoothGrad", () =>
  expect(randomizationTest(net(), x, { method: "smoothGrad", samples: 1, seed: 1 })).resolves.toHaveLength(2));
