import { ShapeError, UsageError } from "@convlens/backend";
import { gradients, mean, multiply, relu, reshape, resize, sorted, sum, type Tensor } from "@convlens/tensor";
import { planesOf } from "../../planes.ts";
import { dependentsOf, layerNamed, recordModel, type RecordedModel } from "../../recordModel.ts";
import { textOption } from "../../optionChecks.ts";
import { withCompiled } from "../../withCompiled.ts";
import type { Attribution } from "../attribution.ts";
import type { ExplanationMethod } from "../method.ts";
import type { Question } from "../question.ts";
import { gradientAt } from "./gradient.ts";
import { guided } from "./rules.ts";

/** Options of the explanation methods `"gradCam"` and `"guidedGradCam"`. */
export interface GradCamOptions {
  /**
   * The layer whose maps are used. Default: the last convolution that the score depends on and whose maps have more than
   * one place; in a model without one, the last layer of such maps. In a net that ends in a flattened dense layer an earlier
   * layer often says more.
   */
  readonly layer?: string;
}

/** Whether a convolution makes a tensor; a transposed one is the input gradient of another. */
const isConvolution = ({ operation }: Tensor) => operation === "conv2d" || operation === "conv2dInputGradient";

/** The maps of the layer asked for, or of the default layer. */
function mapsOf(recorded: RecordedModel, scores: Tensor, layer: string | undefined): Tensor {
  const { input, layers } = recorded;
  const before = new Set(sorted([scores], (t) => t.inputs));
  const dependent = dependentsOf(recorded);
  const onTheWay = layers.filter(
    ({ output: t }) => t.rank === input.rank && t.rank >= 3 && before.has(t) && dependent.has(t),
  );
  if (layer !== undefined) {
    const maps = layerNamed(recorded, layer).output;
    if (!before.has(maps))
      throw new UsageError({
        operation: "gradCam",
        problem: `the score does not depend on layer "${layer}"`,
        fix: `choose one of the layers with maps that it depends on: ${onTheWay.map(({ name }) => `"${name}"`).join(", ") || "there are none"}`,
      });
    if (maps.rank === 3 || maps.rank === 4) return maps;
    throw new ShapeError({
      operation: "gradCam",
      what: "the output of the layer",
      expected: "maps [batch, height, width, channels]",
      got: maps.shape,
      fix: "choose a layer before the first Flatten",
    });
  }
  const wide = onTheWay.filter(({ output: t }) => t.size > t.shape[0]! * t.shape.at(-1)!);
  const last = wide.findLast(({ operations }) => operations.some(isConvolution)) ?? wide.at(-1);
  if (last !== undefined) return last.output;
  throw new UsageError({
    operation: "gradCam",
    problem: "no layer that the score depends on makes maps of more than one pixel",
    fix: 'use { method: "gradient" }, which explains any model',
  });
}

/**
 * Grad-CAM: the activation maps of a layer, each weighted by the mean gradient of the score over it, summed and passed through
 * ReLU. The map is as coarse as the layer and is resized bilinearly to the image.
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 4 })]), [12, 12, 1]);
 * const { shape, coarse } = await explain(net, images, { method: "gradCam", layer: "layers.1", target: 2 });
 * shape; // [4, 12, 12, 1]
 * coarse!.shape; // [4, 10, 10, 1]: that of the layer's maps
 * ```
 */
export const gradCam: ExplanationMethod<GradCamOptions> = {
  title: "Grad-CAM",
  summary: "Which activation maps of a layer raise the score, and where.",
  source: "Selvaraju et al. 2017",
  channels: "sum",
  options: { layer: textOption },
  run: runGradCam,
};

/**
 * Guided Grad-CAM: guided backpropagation times Grad-CAM, which is both detailed and specific to the class.
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 4 })]), [12, 12, 1]);
 * const { shape } = await explain(net, images, { method: "guidedGradCam", layer: "layers.1", target: 2 });
 * shape; // [4, 12, 12, 1], that of the images
 * ```
 */
export const guidedGradCam: ExplanationMethod<GradCamOptions> = {
  title: "Guided Grad-CAM",
  summary: "Grad-CAM times guided backpropagation.",
  source: "Selvaraju et al. 2017",
  channels: "sum",
  options: { layer: textOption },
  async run(question, options) {
    const [fine, places] = [await gradientAt(question, guided), await runGradCam(question, options)];
    const channels = fine.shape.at(-1)!;
    return {
      ...places,
      shape: fine.shape,
      values: fine.values.map((v, i) => v * places.values[Math.floor(i / channels)]!),
    };
  },
};

async function runGradCam({ model, x, score }: Question, { layer }: GradCamOptions): Promise<Attribution> {
  const image = planesOf(x.shape, "gradCam");
  return withCompiled(
    (point) => {
      const recorded = recordModel(model, point);
      const scores = score(recorded.output);
      const maps = mapsOf(recorded, scores, layer);
      const places = maps.shape.map((_, axis) => axis).slice(1, -1);
      const importance = mean(gradients(scores, [maps])[0], places, { keepAxes: true });
      const coarse = relu(sum(multiply(maps, importance), -1, { keepAxes: true }));
      const { count, height, width } = planesOf(coarse.shape, "gradCam");
      const fine = resize(reshape(coarse, [count, height, width, 1]), { height: image.height, width: image.width });
      return { scores, coarse, fine };
    },
    async (run) => {
      const { scores, coarse, fine } = await run(x);
      return {
        shape: [...x.shape.slice(0, -1), 1],
        values: fine.knownValues,
        scores: scores.knownValues,
        coarse: { shape: coarse.shape, values: coarse.knownValues },
      };
    },
  );
}
