import { readMnist, type Dataset } from "@convlens/datasets";
import netUrl from "../../data/net.safetensors?url";
import imagesUrl from "../../data/test-images.idx.gz?url";
import labelsUrl from "../../data/test-labels.idx.gz?url";
import { netOfFile, type NetParts } from "./net.ts";

async function load(url: string, what: string): Promise<Response> {
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok) return response;
  throw new Error(`${what} could not be loaded (${response?.status ?? "no connection"}); a reload may help.`);
}

/** The net that lies beside the page. */
export async function openNet(): Promise<NetParts> {
  const file = await load(netUrl, "The net that the page opens with");
  return netOfFile(new Uint8Array(await file.arrayBuffer()), "trained in seconds, when this page was made");
}

let digits: Promise<Dataset> | undefined;

/** Digits that the net has not seen, read once. */
export function testDigits(): Promise<Dataset> {
  if (digits === undefined) {
    digits = Promise.all([load(imagesUrl, "The digits"), load(labelsUrl, "The labels of the digits")]).then(
      ([images, labels]) => readMnist(images, labels),
    );
    digits.catch(() => (digits = undefined));
  }
  return digits;
}
