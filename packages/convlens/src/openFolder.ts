import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readCsv, split, type ImageFitOptions, type Numbers } from "@convlens/datasets";
import { imageFolder, imagePairs, type ImagePairs } from "@convlens/datasets/node";
import { reasonOf } from "./fileErrors.ts";
import { imagesIn } from "./imageFiles.ts";
import type { DataSettings, Examples, OpenedData } from "./openData.ts";
import { CommandLineError } from "./options.ts";
import type { FolderSettings } from "./runFolder.ts";
import type { TaskName } from "./tasks.ts";

/** Opens a folder of images for a task. */
export async function openFolder({ data: path, task, folder, input, seed }: DataSettings): Promise<OpenedData> {
  const [height, width, channels] = input as readonly [number, number, 1 | 3];
  const settings = folder!;
  const options = { size: [height, width], channels, fit: settings.fit } as const;
  const { images, found, dispose } = await openers[task](path, options, settings);
  return { sets: split(images, { test: settings.validation, seed }), folder: { ...settings, ...found }, dispose };
}

/** How images are read. */
type Reading = Required<ImageFitOptions>;

/** All examples of a folder, and what was found out about them. */
interface Found {
  readonly images: Examples;
  readonly found?: Partial<FolderSettings>;
  readonly dispose: () => void;
}

const openers: Readonly<Record<TaskName, (path: string, options: Reading, known: FolderSettings) => Promise<Found>>> = {
  classify: imageFolder,
  segment: openMasks,
  regress: openNumbers,
  async reconstruct(path, options) {
    const pairs = await imagePairs(path, path, { ...options, targets: "images" });
    const classes = options.channels === 1 ? ["grey"] : ["red", "green", "blue"];
    return { ...pairs, images: { ...pairs.images, classes } };
  },
};

async function openMasks(path: string, options: Reading, known: FolderSettings): Promise<Found> {
  const places = [join(path, "images"), join(path, "masks")] as const;
  const names = await namesOf(join(path, "classes.csv"));
  const labels = known.labels ?? (await valuesOf(await imagePairs(...places, options), [...names.keys()]));
  const pairs = await imagePairs(...places, { ...options, labelValues: labels });
  const classes = labels.map((value) => names.get(value) ?? `${value}`);
  return { ...pairs, images: { ...pairs.images, classes }, found: { labels } };
}

/**
 * Reads the names of the values of masks, `value,name` in each row.
 *
 * @returns No names if there is no such file.
 * @throws `CommandLineError` for other columns, and for a value or a name that occurs twice.
 */
async function namesOf(path: string): Promise<ReadonlyMap<number, string>> {
  if (!existsSync(path)) return new Map();
  const table = await readCsv(await bytesOf(path));
  if (table.names.join() !== "value,name")
    throw new CommandLineError(`${path} has the columns ${table.names.join(", ")}; expected value, name`);
  const { values } = table.numbers("value");
  const { labels, classes } = table.classes("name");
  const names = new Map(Array.from(values, (value, row) => [value, classes[labels[row]!]!]));
  if (names.size === values.length && classes.length === values.length) return names;
  throw new CommandLineError(`${path} has two rows for one value or name; remove one`);
}

/** Masks that are looked at for their values. */
const MOST_MASKS = 200;
/** Largest number of values of a mask; more are not labels. */
const MOST_CLASSES = 256;

/**
 * Returns the values of the pixels of masks, in ascending order.
 *
 * @param named - Values that are classes even if they do not occur.
 * @throws `CommandLineError` for masks that hold no labels.
 */
async function valuesOf(pairs: ImagePairs, named: readonly number[]): Promise<number[]> {
  const { images } = pairs;
  const count = Math.min(MOST_MASKS, images.size);
  const found = new Set<number>(named);
  try {
    for (let i = 0; i < count; i++) {
      const { target } = await images.example(Math.floor((i * images.size) / count), { seed: 0, epoch: 0 });
      for (const value of target.values) found.add(value);
    }
  } finally {
    pairs.dispose();
  }
  if (found.size > 1 && found.size <= MOST_CLASSES) return [...found].sort((a, b) => a - b);
  throw new CommandLineError(
    `the pixels of the masks have ${found.size} values, and each value is a class; expected 2 to ${MOST_CLASSES}, as in masks of black and white`,
  );
}

/** Opens the images of a regression. The targets are scaled to a mean of 0 and a deviation of 1. */
async function openNumbers(path: string, options: Reading, known: FolderSettings): Promise<Found> {
  const place = join(path, "images");
  const files = (await imagesIn(place)).map((file) => basename(file));
  const { names, rows } = await numbersOf(join(path, "targets.csv"), files);
  const opened = await imageFolder(path, options);
  const { images } = opened;
  if (images.classes.length !== 1 || images.size !== files.length)
    throw new CommandLineError(`${path} has images outside of ${place}; for a regression all are in that folder`);
  const { means, deviations } = known.means === undefined ? statisticsOf(rows, names.length) : (known as Spread);
  const scale = deviations.map((deviation) => 1 / deviation);
  const offset = means.map((mean, i) => -mean / deviations[i]!);
  const target = (i: number): Numbers => ({
    values: Float64Array.from(rows[i]!),
    shape: [names.length],
    scale,
    offset,
  });
  return {
    ...opened,
    images: {
      kind: "sized",
      size: images.size,
      shapes: { input: images.shapes.input, target: [names.length] },
      classes: names,
      example: async (i, pass) => ({ input: (await images.example(i, pass)).input, target: target(i) }),
    },
    found: { means, deviations },
  };
}

/** @throws `CommandLineError` for a file that cannot be read. */
async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CommandLineError(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

/**
 * Reads the numbers that belong to files, in their order.
 *
 * @throws `CommandLineError` for a file without a row or a row without a file.
 */
async function numbersOf(
  path: string,
  files: readonly string[],
): Promise<{ readonly names: readonly string[]; readonly rows: readonly number[][] }> {
  const table = await readCsv(await bytesOf(path));
  const names = table.names.filter((name) => name !== "file");
  if (names.length === 0 || names.length === table.names.length)
    throw new CommandLineError(
      `${path} has the columns ${table.names.join(", ")}; expected file and one for each number`,
    );
  const { values } = table.numbers(...names);
  const { labels, classes } = table.classes("file");
  if (classes.length < labels.length) throw new CommandLineError(`${path} has two rows for one file; remove one`);
  const rowOf = new Map(Array.from(labels, (label, row) => [classes[label]!, row] as const));
  const rows = files.map((file) => {
    const row = rowOf.get(file);
    if (row === undefined) throw new CommandLineError(`${path} has no row for ${file}; add it, or remove the image`);
    rowOf.delete(file);
    return Array.from(values.subarray(row * names.length, (row + 1) * names.length));
  });
  for (const file of rowOf.keys())
    throw new CommandLineError(`${path} has a row for ${file}, and there is no such image`);
  return { names, rows };
}

/** Mean and deviation of each number. */
interface Spread {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/** Mean and deviation of each column; the deviation of a constant is 1. */
function statisticsOf(rows: readonly (readonly number[])[], columns: number): Spread {
  const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const means = Array.from({ length: columns }, (_, c) => meanOf(rows.map((row) => row[c]!)));
  const deviations = means.map((mean, c) => Math.sqrt(meanOf(rows.map((row) => (row[c]! - mean) ** 2))) || 1);
  return { means, deviations };
}
