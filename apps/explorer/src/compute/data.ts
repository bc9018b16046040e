import { batchOf, readMnist, type Classification, type TrainAndTest } from "@convlens/datasets";
import netUrl from "../../data/net.safetensors?url";
import testImagesUrl from "../../data/test-images.idx.gz?url";
import testLabelsUrl from "../../data/test-labels.idx.gz?url";
import trainImagesUrl from "../../data/train-images.idx.gz?url";
import trainLabelsUrl from "../../data/train-labels.idx.gz?url";
import { netOfFile, type NetParts } from "./net.ts";
import { once } from "./once.ts";

async function load(url: string, what: string): Promise<Response> {
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok) return response;
  throw new Error(`${what} could not be loaded (${response?.status ?? "no connection"}); a reload may help.`);
}

/** The pretrained net, a file of the page. */
export async function openNet(): Promise<NetParts> {
  const file = await load(netUrl, "The pretrained net");
  return netOfFile(new Uint8Array(await file.arrayBuffer()), "trained in seconds when this page was built");
}

const open = (imagesUrl: string, labelsUrl: string): (() => Promise<Classification>) =>
  once(async () => {
    const files = [load(imagesUrl, "The digits"), load(labelsUrl, "The labels of the digits")] as const;
    return readMnist(...(await Promise.all(files)));
  });

/** Digits of the test set. */
export const testDigits: () => Promise<Classification> = open(testImagesUrl, testLabelsUrl);
const trainDigits = open(trainImagesUrl, trainLabelsUrl);

/** Digits of the training set and of the test set. */
export async function allDigits(): Promise<TrainAndTest> {
  const [train, test] = await Promise.all([trainDigits(), testDigits()]);
  return { train, test };
}

/** A digit of a set: its pixels, row-major from 0 (paper) to 1 (ink), and its label. */
export function digit(
  digits: Classification,
  index: number,
): { readonly pixels: Float32Array; readonly label: string | undefined } {
  const [label = -1] = digits.labels.subarray(index);
  return { pixels: Float32Array.from(batchOf(digits, [index]).inputs.knownValues), label: digits.classes[label] };
}
