import { ValueError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { build, Conv2d, Dense, Flatten, sequential, type Layer } from "@convlens/layers";
import { tensor, useBackend } from "@convlens/tensor";
import { beforeEach, describe, expect, it } from "vitest";
import {
  adversarial,
  codesOf,
  explain,
  explainMethods,
  faithfulness,
  filterImage,
  classicalKernels,
  heatmap,
  histogram,
  invert,
  nearestNeighbors,
  occlusionCurve,
  principalComponents,
  randomizationTest,
  shiftConsistency,
  structuralSimilarity,
  topPatches,
  tsne,
  visualize,
  watchTraining,
  windowFit,
} from "../src/index.ts";
import { overlay, paintAtlas, paintImage, paintMap } from "../src/render/index.ts";
import { some } from "./helpers.ts";

type Options = Readonly<Record<string, unknown>>;

beforeEach(() => useBackend(reference()));

const net = (): Layer =>
  build(sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new Flatten(), new Dense({ units: 3 })]), [6, 6, 1]);
const x = some([2, 6, 6, 1], 1, 0, 1);
const points = { rows: 6, columns: 3, values: some([6, 3]).values as Float64Array };
const picture = { height: 1, width: 2, values: [0, 1] };
const data = shapes({ size: 8, height: 6, width: 6 });
const heat = heatmap({ method: "gradient", shape: x.shape, values: x.values });

/** Calls with options that are right but for what is added to them. */
const calls: Readonly<Record<string, (options: Options) => unknown>> = {
  adversarial: (o) => adversarial(net(), x, { labels: [0, 1], epsilon: 0.1, ...o }),
  codesOf: (o) => codesOf(net(), data, { layer: "layers.0", ...o }),
  explain: (o) => explain(net(), x, { method: "gradient", ...o }),
  faithfulness: (o) => faithfulness(net(), x, heat, o),
  filterImage: (o) => filterImage(x, classicalKernels.box, o),
  histogram: (o) => histogram([1, 2], o),
  invert: (o) => invert(net(), x, { layer: "layers.0", ...o }).next(),
  nearestNeighbors: (o) => nearestNeighbors(points, { count: 1, ...o }),
  occlusionCurve: (o) => occlusionCurve(net(), x, o),
  principalComponents: (o) => principalComponents(points, o),
  randomizationTest: (o) => randomizationTest(net(), x, { method: "gradient", ...o }),
  shiftConsistency: (o) => shiftConsistency(net(), x, o),
  structuralSimilarity: (o) => structuralSimilarity(picture, picture, o),
  topPatches: (o) => topPatches(net(), data, { layer: "layers.0", ...o }),
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
  ["codesOf", { batchSize: 0 }],
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
  ["principalComponents", { seed: NaN }],
  ["randomizationTest", { seed: 2 ** 53 }],
  ["shiftConsistency", { shift: 1.5 }],
  ["structuralSimilarity", { range: 0 }],
  ["topPatches", { count: 0 }],
  ["tsne", { every: 0 }],
  ["tsne", { rate: Infinity }],
  ["tsne", { theta: -1 }],
  ["visualize", { rate: 0 }],
  ["visualize", { count: 0 }],
  ["visualize", { parameters: "waves" }],
  ["visualize", { transform: { jiter: 1 } }],
  ["visualize", { transform: { scale: -1 } }],
  ["watchTraining", { every: 0 }],
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

it("names the option that is nearest, and the methods that there are", async () => {
  await expect(explain(net(), x, { method: "smoothGrad", sample: 3 } as never)).rejects.toThrow(
    'did you mean "samples"?',
  );
  await expect(explain(net(), x, {} as never)).rejects.toThrow(explainMethods.map((each) => `"${each}"`).join(" or "));
  await expect(explain(net(), x, "gradient" as never)).rejects.toThrow("expected an object of options");
});

it("one seed decides the shuffle of weights and the noise of SmoothGrad", () =>
  expect(randomizationTest(net(), x, { method: "smoothGrad", samples: 1, seed: 1 })).resolves.toHaveLength(2));
