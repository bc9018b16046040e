import { batches, batchOf } from "@convlens/datasets";
import { predict } from "@convlens/layers";
import { evaluateModel, type Evaluation } from "@convlens/training";
import type { Examples } from "../openData.ts";
import { html, type Html } from "../page/html.ts";
import { figure, fixed, type Section } from "../page/page.ts";
import { showInput } from "../page/pictures.ts";
import { tasks } from "../tasks.ts";
import { galleries } from "./galleries.ts";
import type { InspectedRun, ModelSubject } from "./subject.ts";

/** Results of a model that reconstructs images, on the test set. */
export interface ReconstructionEvaluation extends Evaluation<{ readonly psnr: number }> {
  /** Mean squared error of each image. */
  readonly images: readonly number[];
}

/** A run that reconstructs images, with its results. */
export interface ReconstructionSubject extends ModelSubject {
  readonly evaluation: ReconstructionEvaluation;
}

/** Examples in a batch. */
const BATCH = 16;

/** Tests a model that reconstructs images. */
export async function evaluateReconstructions({
  model,
  sets: { test },
}: Pick<InspectedRun<Examples>, "model" | "sets">): Promise<ReconstructionEvaluation> {
  const { loss, metrics } = tasks.reconstruct;
  const found = await evaluateModel(model, test, { loss, metrics, batchSize: BATCH });
  const images: number[] = [];
  for await (const { inputs, targets, size } of batches(test, { size: BATCH })) {
    const [outputs, wanted] = [(await predict(model, inputs)).knownValues, targets.knownValues];
    const length = wanted.length / size;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let k = i * length; k < (i + 1) * length; k++) sum += (outputs[k]! - wanted[k]!) ** 2;
      images.push(sum / length);
    }
  }
  return { ...found, images };
}

/** Peak signal-to-noise ratio of an image from 0 to 1, in decibels. */
const decibels = (squaredError: number): number => -10 * Math.log10(squaredError);

/** Test images beside their reconstructions. */
export async function reconstructionSection(subject: ReconstructionSubject): Promise<Section> {
  const { evaluation, model, sets } = subject;
  const show = async (index: number): Promise<Html> => {
    const { inputs } = batchOf(sets.test, [index]);
    const { input: shape } = sets.test.shapes;
    const outputs = await predict(model, inputs);
    const about = `test example ${index}`;
    return figure(
      [
        showInput({ shape, values: inputs.knownValues }, about, 128),
        showInput({ shape, values: outputs.knownValues }, `${about}, reconstructed`, 128),
      ],
      about,
      `${fixed(decibels(evaluation.images[index]!), 1)} dB`,
    );
  };
  return {
    id: "reconstructions",
    title: "Reconstructions",
    body: html`<p>
        Test images, and what the model makes of them. More decibels (peak signal-to-noise ratio) are better.
      </p>
      ${await galleries(evaluation.images, "The test images with the largest squared error.", show)}`,
  };
}
