import { mkdir } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { encodePng } from "@convlens/analysis/render";
import { ConvlensError, sizeOf, type Shape } from "@convlens/backend";
import type { ImageFit } from "@convlens/datasets";
import { fitImage, type Pixels } from "@convlens/datasets/node";
import { predict, type Layer } from "@convlens/layers";
import { concat, softmax, tensor, type Tensor } from "@convlens/tensor";
import { encode } from "fast-png";
import { reasonOf, saveFile } from "./fileErrors.ts";
import { CommandLineError } from "./options.ts";
import { rasterOfInput } from "./page/pictures.ts";
import type { RunSettings } from "./runFolder.ts";
import { labelsOf } from "./sections/masks.ts";
import { inUnits } from "./sections/numbers.ts";
import type { TaskName } from "./tasks.ts";

/** The answer of a model for one file. */
export interface Answer {
  /** In one line, without the name of the file. */
  readonly text: string;
  /** As JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Height and width of an image, as it is seen. */
export const seenSize = ({ orientation, width, height }: Pixels): Shape =>
  orientation >= 5 ? [width, height] : [height, width];

/** An image as a batch of one, as the examples that a model was trained on were made. */
export function inputOf(pixels: Pixels, { input, folder }: RunSettings, invert: boolean): Tensor {
  const [height, width, channels] = input as readonly [number, number, 1 | 3];
  if (input.length !== 3 || (channels !== 1 && channels !== 3))
    throw new CommandLineError(
      `the inputs of this model are ${input.join(" × ")} numbers, not images in grey or colours`,
    );
  const { values } = fitImage(pixels, { size: [height, width], channels, fit: folder?.fit ?? "contain" });
  // Examples of a folder are bytes.
  const step = folder === undefined ? (x: number): number => x : (x: number): number => Math.round(255 * x) / 255;
  return tensor(
    Float32Array.from(values, (x) => (invert ? 1 - step(x) : step(x))),
    [1, ...input],
  );
}

/** Writes pictures to a folder, each under the name of its image. */
export class PictureFolder {
  readonly #path: string;
  /** Images by the pictures that were written for them. */
  readonly #images = new Map<string, string>();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes the picture that answers for an image, as a PNG file.
   *
   * @returns Its path.
   * @throws `CommandLineError` if that is the path of the image, or of the picture for another image.
   */
  async write(image: string, png: Uint8Array): Promise<string> {
    const path = join(this.#path, `${basename(image, extname(image))}.png`);
    if (resolve(path) === resolve(image))
      throw new CommandLineError("--images: the picture would replace the image itself; give another folder");
    const other = this.#images.get(path);
    if (other !== undefined && other !== image)
      throw new CommandLineError(`--images: ${path} answers for ${other} already; give files of different names`);
    this.#images.set(path, image);
    try {
      await mkdir(this.#path, { recursive: true });
    } catch (error) {
      throw new CommandLineError(`--images: the folder ${this.#path} cannot be made: ${reasonOf(error)}`);
    }
    await saveFile(path, png);
    return path;
  }
}

/** An image as a model takes it. */
export interface Asked {
  readonly path: string;
  /** Height and width of the image, as it is seen. */
  readonly size: Shape;
  /** Batch of one. */
  readonly x: Tensor;
}

/** An image with the outputs of a model. */
export interface Question extends Asked {
  /** Batch of one. */
  readonly outputs: Tensor;
  readonly settings: RunSettings;
  /** Where pictures are written, if they are. */
  readonly pictures: PictureFolder | undefined;
}

/** Answers by task. */
export const answerers: Readonly<Record<TaskName, (question: Question) => Promise<Answer>>> = {
  classify: classAnswer,
  segment: maskAnswer,
  regress: numbersAnswer,
  reconstruct: reconstructionAnswer,
};

/** Computes the outputs for some images at once. Returns one batch of one for each. */
export async function outputsFor(model: Layer, images: readonly Asked[]): Promise<Tensor[]> {
  const all = await predict(model, concat(images.map(({ x }) => x)));
  const shape = [1, ...all.shape.slice(1)];
  const size = sizeOf(shape);
  const values = all.knownValues;
  return images.map((_, i) => tensor(values.slice(i * size, (i + 1) * size), shape));
}

/** The outputs of the model, which are checked to be finite. */
function outputsOf({ outputs }: Question): Tensor {
  if (outputs.knownValues.every(Number.isFinite)) return outputs;
  throw new ConvlensError({
    problem: "the outputs of the model are not finite",
    fix: "train it again with a lower learning rate",
  });
}

/** The class of an image, and the probability of each class. */
async function classAnswer(question: Question): Promise<Answer> {
  const { classes } = question.settings;
  const shares = Array.from(await softmax(outputsOf(question)).data());
  const confidence = Math.max(...shares);
  const nameOf = (label: number): string => classes[label] ?? `${label}`;
  const answer = nameOf(shares.indexOf(confidence));
  return {
    text: `${answer} ${percent(confidence)}`,
    fields: {
      answer,
      confidence,
      probabilities: Object.fromEntries(shares.map((share, label) => [nameOf(label), share])),
    },
  };
}

/** The numbers that a model predicts, in their own units. */
async function numbersAnswer(question: Question): Promise<Answer> {
  const { classes } = question.settings;
  const numbers = inUnits(outputsOf(question).knownValues, question.settings);
  const fields = Object.fromEntries(numbers.map((x, i) => [classes[i] ?? `${i}`, x]));
  return { text: numbers.map((x, i) => `${classes[i]} ${+x.toPrecision(4)}`).join(", "), fields };
}

/** How well an image is reconstructed. */
async function reconstructionAnswer(question: Question): Promise<Answer> {
  const { x, path, settings, pictures } = question;
  const outputs = outputsOf(question).knownValues;
  const wanted = x.knownValues;
  const squaredError =
    Array.from(wanted, (value, i) => (outputs[i]! - value) ** 2).reduce((sum, x) => sum + x, 0) / wanted.length;
  const raster = rasterOfInput({ shape: settings.input, values: outputs });
  const image = pictures && (await pictures.write(path, encodePng(raster)));
  return {
    text: `${(-10 * Math.log10(squaredError)).toFixed(1)} dB${image === undefined ? "" : `, image ${image}`}`,
    fields: { squaredError, ...(image !== undefined && { image }) },
  };
}

/** The share of each class in an image, and its mask, whose values are those of the masks that the model was trained on. */
async function maskAnswer(question: Question): Promise<Answer> {
  const { classes, folder } = question.settings;
  const { size, path, pictures } = question;
  const scores = outputsOf(question);
  const labels = await labelsOf(scores);
  const shares = classes.map((_, c) => labels.filter((label) => label === c).length / labels.length);
  const values = folder?.labels ?? classes.map((_, c) => c);
  const full = fullSize(labels, scores.shape.slice(1, 3), size, folder?.fit ?? "contain");
  const mask =
    pictures &&
    (await pictures.write(
      path,
      encodeMask(
        full.map((label) => values[label] ?? 0),
        size,
      ),
    ));
  return {
    text: [
      ...shares.map((share, c) => `${classes[c]} ${percent(share)}`),
      ...(mask === undefined ? [] : [`mask ${mask}`]),
    ].join(", "),
    fields: {
      ...(mask !== undefined && { mask }),
      shares: Object.fromEntries(shares.map((share, c) => [classes[c], share])),
    },
  };
}

/** A PNG file in grey. */
function encodeMask(mask: Uint16Array, [height, width]: Shape): Uint8Array {
  const isByte = mask.every((value) => value < 256);
  const data = isByte ? Uint8Array.from(mask) : mask;
  return encode({ width: width!, height: height!, channels: 1, depth: isByte ? 8 : 16, data });
}

/**
 * Enlarges or reduces labels to the size of the image that was fitted to theirs, each from the nearest. Pixels that the model
 * did not see, as they were cropped, have the label 0.
 */
export function fullSize(
  labels: ArrayLike<number>,
  [height, width]: Shape,
  [tall, wide]: Shape,
  fit: ImageFit,
): Uint16Array {
  const [down, across] = [height! / tall!, width! / wide!];
  const whole = fit === "cover" ? Math.max(down, across) : Math.min(down, across);
  const [y, x] = fit === "stretch" ? [down, across] : [whole, whole];
  /** The row or column of the labels for one of the image; both have the same middle. */
  const placeOf = (at: number, from: number, to: number, factor: number): number =>
    Math.floor((at + 0.5 - from / 2) * factor + to / 2);
  const full = new Uint16Array(tall! * wide!);
  for (let row = 0; row < tall!; row++) {
    const fromRow = placeOf(row, tall!, height!, y);
    if (fromRow < 0 || fromRow >= height!) continue;
    for (let column = 0; column < wide!; column++) {
      const fromColumn = placeOf(column, wide!, width!, x);
      if (fromColumn >= 0 && fromColumn < width!) full[row * wide! + column] = labels[fromRow * width! + fromColumn]!;
    }
  }
  return full;
}
