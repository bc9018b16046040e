import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, relative } from "node:path";
import {
  checkOptions,
  checkValue,
  oneOf,
  ValueError,
  wholeFrom,
  type OptionCheck,
  type OptionChecks,
} from "@convlens/backend";
import type { Classification, SizedDataset } from "../dataset.ts";
import { labelsOf } from "../arrays.ts";
import type { Numbers } from "../example.ts";
import { channelsOption, fitOption, sizeOption, type ImageFitOptions, type ImageSize } from "../fit.ts";
import { readImageFile, type DecodeTask } from "./images/decodeFile.ts";
import { Decoder, defaultWorkers } from "./images/decoder.ts";
import { readImage } from "./images/readImage.ts";

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions extends Partial<ImageFitOptions> {
  /** Height and width of the examples. Default: the size of the first image. */
  readonly size?: ImageSize;
  /**
   * Number of threads that read and decode files ahead of the training step; 0 decodes on the calling thread. Default: half of
   * the processors, at most 8.
   */
  readonly workers?: number;
}

/** Options of {@link imagePairs}. */
export interface ImagePairsOptions extends ImageFolderOptions {
  /**
   * Kind of the targets: `"labels"` are masks `[height, width]`, `"images"` are images `[height, width, channels]`.
   * Default: `"labels"`.
   */
  readonly targets?: "labels" | "images";
  /** Size of targets that are images, such as the larger ones of super-resolution. Default: that of the inputs. */
  readonly targetSize?: ImageSize;
  /**
   * Values of the pixels of a mask, in the order of the labels: `[0, 255]` makes black 0 and white 1. Default: a value is its
   * label.
   */
  readonly labelValues?: readonly number[];
}

const pathOption: OptionCheck = (x) => (typeof x === "string" ? undefined : "the path of a folder");

const folderChecks: OptionChecks<ImageFolderOptions> = {
  size: sizeOption,
  channels: channelsOption,
  fit: fitOption,
  workers: /* @__PURE__ */ wholeFrom(0, 64),
};
const pairChecks: OptionChecks<ImagePairsOptions> = {
  ...folderChecks,
  targets: /* @__PURE__ */ oneOf("labels", "images"),
  targetSize: sizeOption,
  labelValues: (x) =>
    Array.isArray(x) && x.length > 0 && x.every((value) => wholeFrom(0, 65_535)(value) === undefined)
      ? undefined
      : "an array of pixel values, whole numbers from 0 to 65535",
};

/** Data sets of image files. */
export interface ImageFolder {
  /** Images `[height, width, channels]` of bytes, each with its class. They are read when they are needed. */
  readonly images: Classification;
  /** Names of the classes: the sub-folders in alphabetical order. */
  readonly classes: readonly string[];
  /** Ends the threads. Reading an example starts them again. */
  dispose(): void;
}

/** Pairs of image files. */
export interface ImagePairs {
  /** Images `[height, width, channels]` of bytes, each with its mask or image. They are read when they are needed. */
  readonly images: SizedDataset;
  /** Ends the threads. Reading an example starts them again. */
  dispose(): void;
}

const EXTENSIONS: ReadonlySet<string> = new Set([".png", ".jpg", ".jpeg", ".jpe", ".jfif"]);
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Content of a folder in alphabetical order, without hidden names; links are followed. */
async function contentOf(
  operation: string,
  folder: string,
): Promise<{ readonly folders: string[]; readonly files: string[] }> {
  const [folders, files]: [string[], string[]] = [[], []];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const kind = entry.isSymbolicLink() ? await stat(join(folder, entry.name)) : entry;
      if (kind.isDirectory()) folders.push(entry.name);
      else if (kind.isFile() && EXTENSIONS.has(extname(entry.name).toLowerCase())) files.push(entry.name);
    }
  } catch (cause) {
    throw new ValueError({ operation, problem: `${folder} cannot be read: ${(cause as Error).message}`, cause });
  }
  return { folders: folders.toSorted(byCode), files: files.toSorted(byCode) };
}

/** Deepest nesting of folders; a link may lead back to its own folder. */
const DEEPEST = 16;

/** Paths of the images in a folder and its sub-folders. */
async function filesIn(operation: string, folder: string, depth = 0): Promise<string[]> {
  if (depth > DEEPEST)
    throw new ValueError({
      operation,
      problem: `${folder} lies more than ${DEEPEST} folders deep`,
      fix: "is it a link to a folder above it?",
    });
  const { folders, files } = await contentOf(operation, folder);
  const found = files.map((name) => join(folder, name));
  for (const name of folders) found.push(...(await filesIn(operation, join(folder, name), depth + 1)));
  return found;
}

/** Height and width of an image file, upright. */
function sizeOfFile(path: string): ImageSize {
  const { height, width, orientation } = readImage(readImageFile(path), path);
  return orientation >= 5 ? [width, height] : [height, width];
}

/** How the files of a data set are decoded. */
type Decoding = Omit<DecodeTask, "path">;

const shapeOf = ({ size, channels }: Decoding): readonly number[] => (channels === 0 ? size : [...size, channels]);

/**
 * Opens a folder with a sub-folder of PNG and JPEG files for each class. Only names are read now. Each example is read, decoded
 * and fitted to the size when a batch needs it, in threads; pass `prefetch` to `fit` or `batches` so that this happens during
 * the steps before. Memory does not grow with the number of files.
 *
 * Images of another shape are fitted as `fit` says. Those in deeper sub-folders belong to the class of the uppermost; hidden
 * files and those of other kinds are skipped.
 *
 * @param path - Path of the folder.
 * @throws `ValueError` for an option that is unknown or wrong, a folder that cannot be read, or a class without an image. Reading
 * an example throws one, with the path, for a file that is damaged or of another kind.
 *
 * @example
 * ```ts
 * const { images, classes } = await imageFolder(photos, { size: [64, 64] });
 * const { train, test } = split(images, { test: 0.2 });
 * for await (const { inputs } of batches(train, { size: 8, shuffle: true, prefetch: 2 })) inputs.shape; // [8, 64, 64, 3]
 * ```
 */
export async function imageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  const operation = "imageFolder";
  checkValue(operation, "path", path, pathOption);
  checkOptions(operation, options, folderChecks);
  const { folders, files } = await contentOf(operation, path);
  if (folders.length === 0)
    throw new ValueError({
      operation,
      problem: `${path} has no sub-folders, and each class needs one`,
      fix:
        files.length > 0 ? "move the images of each class to a folder, or use imagePairs(inputs, targets)" : undefined,
    });
  const paths: string[] = [];
  const labels: number[] = [];
  for (const [label, name] of folders.entries()) {
    const found = await filesIn(operation, join(path, name));
    if (found.length === 0)
      throw new ValueError({
        operation,
        problem: `${join(path, name)} holds no PNG or JPEG file, and each sub-folder is a class`,
        fix: "remove it, or add its images",
      });
    for (const file of found) {
      paths.push(file);
      labels.push(label);
    }
  }
  const classes = folders;
  const decoding = imageDecoding(options, paths[0]!);
  const decoder = new Decoder(options.workers ?? defaultWorkers());
  const typed = labelsOf(operation, folders.length <= 256 ? Uint8Array.from(labels) : labels, classes);
  const images: Classification = {
    kind: "sized",
    size: paths.length,
    shapes: { input: shapeOf(decoding), target: [] },
    labels: typed,
    classes,
    example: async (i) => ({
      input: { values: await decoder.decode({ path: paths[i]!, ...decoding }), shape: shapeOf(decoding) },
      target: { values: typed.subarray(i, i + 1), shape: [] },
    }),
  };
  return { images, classes, dispose: () => decoder.dispose() };
}

const imageDecoding = ({ size, channels = 3, fit = "cover" }: ImageFolderOptions, first: string): Decoding => ({
  size: size ?? sizeOfFile(first),
  channels,
  fit,
});

/**
 * Opens two folders of PNG and JPEG files, whose images belong together by name: `inputs/a/1.jpg` and `targets/a/1.png`. Targets
 * are masks, whose labels are never interpolated, or images. Examples are read as those of {@link imageFolder}.
 *
 * A mask is a PNG file in greyscale or with a palette, `[height, width]`; a label is the value of the pixel as it is stored, or
 * its index in the palette. Around a mask that `fit: "contain"` does not stretch to the size, labels are 0.
 *
 * @param inputs - Path of the folder of inputs.
 * @param targets - Path of the folder of targets.
 * @throws `ValueError` for an option that is unknown or wrong, a folder that cannot be read, or an image without a partner.
 * Reading an example throws one, with the path, for a file that is damaged or of another kind.
 *
 * @example
 * ```ts
 * const { images } = await imagePairs(scenes, masks, { size: [32, 32], labelValues: [0, 255] });
 * images.shapes; // { input: [32, 32, 3], target: [32, 32] }
 * ```
 */
export async function imagePairs(
  inputs: string,
  targets: string,
  options: ImagePairsOptions = {},
): Promise<ImagePairs> {
  const operation = "imagePairs";
  checkOptions(operation, options, pairChecks);
  checkValue(operation, "inputs", inputs, pathOption);
  checkValue(operation, "targets", targets, pathOption);
  const { targets: kind = "labels", targetSize, labelValues, workers = defaultWorkers() } = options;
  if (kind === "labels" && targetSize !== undefined)
    throw new ValueError({
      operation,
      problem: "targetSize belongs to images, and masks have the size of their inputs",
    });
  if (kind === "images" && labelValues !== undefined)
    throw new ValueError({ operation, problem: "labelValues belong to masks, and the targets are images" });
  const pairs = paired(
    operation,
    [inputs, await filesIn(operation, inputs)],
    [targets, await filesIn(operation, targets)],
  );
  const input = imageDecoding(options, pairs[0]![0]);
  const target: Decoding = kind === "labels" ? { ...input, channels: 0 } : { ...input, size: targetSize ?? input.size };
  const labelOf = labelValues && labelTable(labelValues);
  const decoder = new Decoder(workers);
  const numbers = async (path: string, decoding: Decoding): Promise<Numbers> => ({
    values: await decoder.decode({ path, ...decoding }),
    shape: shapeOf(decoding),
  });
  return {
    images: {
      kind: "sized",
      size: pairs.length,
      shapes: { input: shapeOf(input), target: shapeOf(target) },
      example: async (i) => {
        const [from, to] = pairs[i]!;
        const [image, mask] = await Promise.all([numbers(from, input), numbers(to, target)]);
        if (kind === "images") return { input: image, target: { ...mask, scale: 1 / 255 } };
        return { input: image, target: labelOf === undefined ? mask : labelled(mask, labelOf, to) };
      },
    },
    dispose: () => decoder.dispose(),
  };
}

type Files = readonly [folder: string, paths: readonly string[]];

/** Pairs files whose paths within the folders are equal but for the extension, in alphabetical order. */
function paired(operation: string, [inputs, from]: Files, [targets, to]: Files): (readonly [string, string])[] {
  const nameOf = (folder: string, path: string): string => {
    const name = relative(folder, path);
    return name.slice(0, name.length - extname(name).length);
  };
  const partners = new Map(to.map((path) => [nameOf(targets, path), path]));
  const pairs = from.map((path) => {
    const partner = partners.get(nameOf(inputs, path));
    if (partner === undefined) throw lonely(operation, path, targets);
    partners.delete(nameOf(inputs, path));
    return [path, partner] as const;
  });
  for (const path of partners.values()) throw lonely(operation, path, inputs);
  if (pairs.length === 0) throw new ValueError({ operation, problem: `${inputs} holds no PNG or JPEG file` });
  return pairs;
}

const lonely = (operation: string, path: string, other: string): ValueError =>
  new ValueError({
    operation,
    problem: `${path} has no partner in ${other}`,
    fix: `add ${basename(path, extname(path))}.png there, or remove the file`,
  });

/** The label of each pixel value; 65535 for other values. */
function labelTable(values: readonly number[]): Uint16Array {
  const table = new Uint16Array(65_536).fill(65_535);
  for (const [label, value] of values.entries()) table[value] = label;
  return table;
}

function labelled(mask: Numbers, labelOf: Uint16Array, path: string): Numbers {
  const bad = mask.values.findIndex((value: number) => labelOf[value] === 65_535);
  if (bad >= 0)
    throw new ValueError({
      problem: `${path} has a pixel of the value ${mask.values[bad]}, which is not one of labelValues`,
      fix: "add it, or correct the mask",
    });
  return { ...mask, values: mask.values.map((value: number) => labelOf[value]!) };
}
