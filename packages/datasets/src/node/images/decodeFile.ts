import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { ValueError } from "@convlens/backend";
import type { ImageFit, ImageSize } from "../../fit.ts";
import { imageError } from "./imageError.ts";
import { fittedBytes, fittedLabels } from "./fitImage.ts";
import { readImage, readLabels } from "./readImage.ts";

/** An image file to decode and fit. */
export interface DecodeTask {
  readonly path: string;
  readonly size: ImageSize;
  readonly fit: ImageFit;
  /** Channels of an image, or 0 for a map of labels. */
  readonly channels: 0 | 1 | 3;
}

/** Bytes of an image `[height, width, channels]`, or labels `[height, width]`. */
export type Decoded = Uint8Array | Uint16Array;

/** Largest size of a file, in bytes. */
const MOST_BYTES = 500e6;

/** @throws `ValueError` for a path that cannot be read, is not a file, or is larger than 500 MB. */
export function readImageFile(path: string): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const found = fstatSync(file);
    const fix = "give a PNG or a JPEG file";
    if (!found.isFile()) throw imageError(path, "is not a file", fix);
    if (found.size > MOST_BYTES)
      throw imageError(
        path,
        `has ${Math.round(found.size / 1e6)} MB, more than the supported ${MOST_BYTES / 1e6} MB`,
        fix,
      );
    return readFileSync(file);
  } catch (cause) {
    if (cause instanceof ValueError) throw cause;
    throw new ValueError({ problem: `${path} cannot be read: ${(cause as Error).message}`, cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Reads, decodes and fits an image file. */
export function decodeFile({ path, size, fit, channels }: DecodeTask): Decoded {
  const bytes = readImageFile(path);
  return channels === 0
    ? fittedLabels(readLabels(bytes, path), size, fit)
    : fittedBytes(readImage(bytes, path), { size, fit, channels });
}
