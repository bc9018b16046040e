import { ValueError } from "@convlens/backend";
import type { ByteSource } from "./bytes.ts";
import { dataset, type Dataset } from "./dataset.ts";
import { readIdx } from "./idx.ts";

/** A part to learn from and a part to be tested on. */
export interface TrainAndTest {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** The names of the ten digits. */
export const digits: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Images and labels of MNIST, or of any set in its format: two IDX files. */
export async function readMnist(
  images: ByteSource,
  labels: ByteSource,
  classes: readonly string[] = digits,
): Promise<Dataset> {
  const [pictures, names] = await Promise.all([readIdx(images), readIdx(labels)]);
  if (
    pictures.shape.length !== 3 ||
    !(pictures.values instanceof Uint8Array) ||
    names.shape.length !== 1 ||
    !(names.values instanceof Uint8Array)
  )
    throw new ValueError(
      `mnist: expected images [n, height, width] and labels [n] of bytes, got [${pictures.shape.join(", ")}] and [${names.shape.join(", ")}]; are the two files swapped?`,
      {
        operation: "mnist",
        expected: "[n, height, width] and [n]",
        got: [pictures.shape, names.shape],
        fix: "swap the two files",
      },
    );
  const [n, height, width] = pictures.shape as [number, number, number];
  if (n !== names.shape[0])
    throw new ValueError(`mnist: ${n} images but ${names.shape[0]} labels; are the files of one set?`, {
      operation: "mnist",
      expected: n,
      got: names.shape[0],
    });
  return dataset({ shape: [height, width, 1], inputs: pictures.values, labels: names.values, classes });
}

/** Where the four files of MNIST are. */
export interface MnistUrls {
  readonly trainImages: string | URL;
  readonly trainLabels: string | URL;
  readonly testImages: string | URL;
  readonly testLabels: string | URL;
}

/** How an address becomes bytes. */
export type Open = (from: string | URL) => ByteSource | Promise<ByteSource>;

/** The four files, wherever they come from. */
export async function openMnist(files: MnistUrls, open: Open): Promise<TrainAndTest> {
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    open(files.trainImages),
    open(files.trainLabels),
    open(files.testImages),
    open(files.testLabels),
  ]);
  const [train, test] = await Promise.all([readMnist(trainImages, trainLabels), readMnist(testImages, testLabels)]);
  return { train, test };
}

/** What a URL answers, or an error with its status. */
export async function fetchBytes(
  url: string | URL,
  fetchFrom: (url: string | URL) => Promise<Response> = fetch,
): Promise<Response> {
  const response = await fetchFrom(url);
  if (response.ok) return response;
  throw new ValueError(`mnist: ${url.toString()} answered ${response.status} ${response.statusText}`, {
    operation: "mnist",
    got: response.status,
  });
}

/**
 * MNIST from four URLs of IDX files, gzipped or not.
 *
 * @param fetchFrom - Default: the `fetch` of the platform.
 */
export const fetchMnist = (
  urls: MnistUrls,
  fetchFrom?: (url: string | URL) => Promise<Response>,
): Promise<TrainAndTest> => openMnist(urls, (url) => fetchBytes(url, fetchFrom));
