import type { Raster } from "@convlens/analysis/render";
import { batches, batchOf } from "@convlens/datasets";
import { predict } from "@convlens/layers";
import { argmax } from "@convlens/tensor";
import { dice, evaluateModel, iou, type Evaluation } from "@convlens/training";
import type { Examples } from "../openData.ts";
import { html, type Html } from "../page/html.ts";
import { figure, fixed, table, type Section } from "../page/page.ts";
import { rasterOfInput, showPicture, sizeFor } from "../page/pictures.ts";
import { tasks } from "../tasks.ts";
import { galleries } from "./galleries.ts";
import type { InspectedRun, ModelSubject } from "./subject.ts";

/** Results of a segmentation on the test set. */
export interface MaskEvaluation extends Evaluation<{ readonly accuracy: number; readonly iou: number }> {
  /** Values of each class. */
  readonly classes: readonly { readonly iou: number; readonly dice: number }[];
  /** Intersection over union of each image: the mean over the classes in its masks. */
  readonly images: readonly number[];
}

/** A run that segments images, with its results. */
export interface MaskSubject extends ModelSubject {
  readonly evaluation: MaskEvaluation;
}

/** Examples in a batch. */
const BATCH = 16;

/** Tests a model that segments images. */
export async function evaluateMasks({
  model,
  sets: { test },
}: Pick<InspectedRun<Examples>, "model" | "sets">): Promise<MaskEvaluation> {
  const { loss, metrics } = tasks.segment;
  const each = { ious: iou({ average: "none" }), dices: dice({ average: "none" }) };
  const found = await evaluateModel(model, test, { loss, metrics: { ...metrics, ...each }, batchSize: BATCH });
  const images: number[] = [];
  for await (const { inputs, targets, size } of batches(test, { size: BATCH })) {
    const labels = await labelsOf(await predict(model, inputs));
    const pixels = labels.length / size;
    for (let i = 0; i < size; i++) {
      const part = [i * pixels, (i + 1) * pixels] as const;
      images.push(overlapOf(labels.subarray(...part), targets.knownValues.subarray(...part)));
    }
  }
  const { ious, dices, ...rest } = found.metrics;
  return { ...found, metrics: rest, classes: ious.map((value, c) => ({ iou: value, dice: dices[c]! })), images };
}

/** The class of the highest score of each pixel. */
export const labelsOf = async (scores: Parameters<typeof argmax>[0]): Promise<Float32Array> =>
  Float32Array.from(await argmax(scores).data());

/** Intersection over union of two maps of labels: the mean over the classes that occur. */
export function overlapOf(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const counts = new Map<number, { both: number; either: number }>();
  const add = (label: number, isBoth: boolean): void => {
    const found = counts.get(label) ?? { both: 0, either: 0 };
    found.either++;
    if (isBoth) found.both++;
    counts.set(label, found);
  };
  for (let i = 0; i < actual.length; i++) {
    const isBoth = predicted[i] === actual[i];
    add(actual[i]!, isBoth);
    if (!isBoth) add(predicted[i]!, false);
  }
  const shares = Array.from(counts.values(), ({ both, either }) => both / either);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** Colours of classes; that of class 0, usually the background, leaves the image as it is. */
const colors = [
  [252, 169, 66],
  [56, 153, 243],
  [241, 83, 170],
  [118, 235, 197],
  [194, 178, 242],
  [255, 225, 72],
] as const;

/** An image with the pixels of each class but the first in a colour. */
export function colored(image: Raster, labels: ArrayLike<number>): Raster {
  const data = image.data.slice();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label === 0) continue;
    for (const [k, part] of colors[(label - 1) % colors.length]!.entries())
      data[4 * i + k] = 0.35 * data[4 * i + k]! + 0.65 * part;
  }
  return { ...image, data };
}

/** How well each class is found. */
export function overlapSection({ evaluation, sets }: MaskSubject): Section {
  const rows = evaluation.classes.map((each, c) => [
    sets.test.classes[c] ?? `${c}`,
    fixed(each.iou, 4),
    fixed(each.dice, 4),
  ]);
  return {
    id: "overlap",
    title: "Overlap of the masks",
    body: html`<p>
        Over all pixels of the test images. Intersection over union: the pixels that are of a class in both masks, out
        of those that are in one of them. Dice: twice the first number over the sum of both areas.
      </p>
      ${table("Overlap", ["class", "intersection over union", "Dice"], rows)}`,
  };
}

/** Masks over test images: evenly chosen ones, and the worst. */
export async function maskSection(subject: MaskSubject): Promise<Section> {
  const { evaluation, sets } = subject;
  const others = sets.test.classes.slice(1).map((name, c) => {
    const [r, g, b] = colors[c % colors.length]!;
    return html`<span style="background:rgb(${r} ${g} ${b});color:#111;padding:0 .4rem">${name}</span> `;
  });
  return {
    id: "masks",
    title: "Masks",
    body: html`<p>Test images, then the true mask and the predicted one over them. Colours: ${others}</p>
      ${await galleries(
        evaluation.images.map((overlap) => -overlap),
        "The test images with the least intersection over union.",
        (index) => maskFigure(subject, index),
      )}`,
  };
}

async function maskFigure({ model, sets: { test }, evaluation }: MaskSubject, index: number): Promise<Html> {
  const { inputs, targets } = batchOf(test, [index]);
  const image = rasterOfInput({ shape: test.shapes.input, values: inputs.knownValues });
  const predicted = await labelsOf(await predict(model, inputs));
  const about = `test example ${index}`;
  const size = sizeFor(image.width, 128);
  return figure(
    [
      showPicture(image, about, size),
      showPicture(colored(image, targets.knownValues), `${about}, the true mask`, size),
      showPicture(colored(image, predicted), `${about}, the predicted mask`, size),
    ],
    about,
    `intersection over union ${fixed(evaluation.images[index]!, 3)}`,
  );
}
