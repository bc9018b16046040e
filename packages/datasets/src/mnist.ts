import { anyOption, atPath, booleanOption, checkOptions, showShape, ValueError, wholeFrom } from "@convlens/backend";
import type { ByteSource } from "./bytes.ts";
import { classification } from "./arrays.ts";
import type { Classification, TrainAndTest } from "./dataset.ts";
import { readIdx, type Idx } from "./idx.ts";

/** Names of the ten digits. */
export const digits: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Options of data sets in the format of MNIST. */
export interface MnistOptions {
  /** Names of the classes, in the order of the labels. Default: the ten digits. */
  readonly classes?: readonly string[];
  /** Label of the first class. Default: 0; the letters of EMNIST begin with 1. */
  readonly firstLabel?: number;
  /** Whether images are stored column by column, as those of EMNIST. Default: `false`. */
  readonly transposed?: boolean;
}

/**
 * Reads MNIST, or another data set in its format, from two IDX files, gzipped or not: images `[n, height, width]` of bytes, and
 * labels `[n]` of whole numbers.
 *
 * @throws `ValueError` for files that do not belong together, and for labels that are not classes.
 *
 * @example
 * ```ts
 * const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4);
 * const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 26);
 * const alphabet = [..."abcdefghijklmnopqrstuvwxyz"];
 * // The letters of EMNIST are stored column by column, and "a" is 1.
 * const letters = await readMnist(images, labels, { classes: alphabet, firstLabel: 1, transposed: true });
 * batchOf(letters, [0]).inputs; // 1/255, 3/255, 2/255, 4/255
 * letters.labels; // 25
 * ```
 */
export async function readMnist(
  images: ByteSource,
  labels: ByteSource,
  options: MnistOptions = {},
): Promise<Classification> {
  checkOptions("readMnist", options, { classes: anyOption, firstLabel: wholeFrom(0), transposed: booleanOption });
  const { classes = digits, firstLabel = 0, transposed = false } = options;
  const [pictures, names] = await Promise.all([readIdx(images), readIdx(labels)]);
  if (pictures.shape.length !== 3 || !(pictures.values instanceof Uint8Array) || names.shape.length !== 1)
    throw new ValueError({
      operation: "mnist",
      expected: "images [n, height, width] of bytes and labels [n]",
      got: [pictures.shape, names.shape],
      gotWords: `${showShape(pictures.shape)} of ${nameOf(pictures)} and ${showShape(names.shape)} of ${nameOf(names)}`,
      fix: "are the two files swapped?",
    });
  const [n, height, width] = pictures.shape as [number, number, number];
  if (n !== names.shape[0])
    throw new ValueError({
      operation: "mnist",
      expected: `a label for each of ${n} images`,
      got: names.shape[0],
      fix: "are the files of one set?",
    });
  const inputs = transposed ? transposedImages(pictures.values, height, width) : pictures.values;
  return classification({
    inputs: { values: inputs, shape: transposed ? [n, width, height, 1] : [n, height, width, 1] },
    labels: classesOf(names, classes.length, firstLabel),
    classes,
  });
}

const nameOf = ({ values }: Idx): string => values.constructor.name.replace("Array", "").toLowerCase();

/** Labels as indices of the classes. */
function classesOf({ values }: Idx, count: number, firstLabel: number): Uint8Array | Int32Array {
  const [least, most] = [firstLabel, firstLabel + count - 1];
  const bad = values.findIndex((label: number) => !Number.isInteger(label) || label < least || label > most);
  if (bad >= 0) {
    const fix =
      firstLabel === 0 && values[bad] === count
        ? "give firstLabel: 1 if the labels begin with 1, as EMNIST's letters do"
        : "give the names of all classes: { classes }";
    throw new ValueError({
      operation: "mnist",
      what: `labels[${bad}]`,
      expected: `from ${least} to ${most}, since there are ${count} classes`,
      got: values[bad],
      fix,
    });
  }
  if (values instanceof Uint8Array && firstLabel === 0) return values;
  return Int32Array.from(values, (label) => label - firstLabel);
}

/** Transposed images. */
function transposedImages(images: Uint8Array, height: number, width: number): Uint8Array {
  const one = height * width;
  return images.map((_, i) => {
    const [image, place] = [i - (i % one), i % one];
    return images[image + (place % height) * width + Math.floor(place / height)]!;
  });
}

/** Paths or URLs of the four files of MNIST. */
export interface MnistUrls {
  readonly trainImages: string | URL;
  readonly trainLabels: string | URL;
  readonly testImages: string | URL;
  readonly testLabels: string | URL;
}

/** Rethrows an error with the names of the files before its message. */
const naming =
  (images: string | URL, labels: string | URL) =>
  (error: unknown): never => {
    throw atPath(error, `${images.toString()} and ${labels.toString()}`);
  };

const fileNames = ["trainImages", "trainLabels", "testImages", "testLabels"] as const;

/** Opens a path or URL. */
export type Open = (from: string | URL) => ByteSource | Promise<ByteSource>;

/** Reads the four files with `open`. */
export async function openMnist(files: MnistUrls, open: Open, options?: MnistOptions): Promise<TrainAndTest> {
  checkOptions("mnist", files, {
    trainImages: anyOption,
    trainLabels: anyOption,
    testImages: anyOption,
    testLabels: anyOption,
  });
  const missing = fileNames.find((name) => files[name] === undefined);
  if (missing !== undefined)
    throw new ValueError({
      operation: "mnist",
      expected: `the addresses ${fileNames.join(", ")}`,
      got: undefined,
      gotWords: `none for ${missing}`,
    });
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    open(files.trainImages),
    open(files.trainLabels),
    open(files.testImages),
    open(files.testLabels),
  ]);
  const [train, test] = await Promise.all([
    readMnist(trainImages, trainLabels, options).catch(naming(files.trainImages, files.trainLabels)),
    readMnist(testImages, testLabels, options).catch(naming(files.testImages, files.testLabels)),
  ]);
  return { train, test };
}

/** Returns the response of a URL, or throws an error with its status. */
export async function fetchBytes(
  url: string | URL,
  fetchFrom: (url: string | URL) => Promise<Response> = fetch,
): Promise<Response> {
  const response = await fetchFrom(url);
  if (response.ok) return response;
  throw new ValueError({
    operation: "mnist",
    problem: `${url.toString()} answered ${response.status} ${response.statusText}`,
  });
}

/**
 * Fetches MNIST, or a set in its format, from four URLs of IDX files, gzipped or not.
 *
 * @param fetchFrom - Default: the `fetch` of the platform.
 * @param options - Of a data set that differs from MNIST.
 */
export const fetchMnist = (
  urls: MnistUrls,
  fetchFrom?: (url: string | URL) => Promise<Response>,
  options?: MnistOptions,
): Promise<TrainAndTest> => openMnist(urls, (url) => fetchBytes(url, fetchFrom), options);
