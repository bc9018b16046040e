import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { ValueError } from "@convlens/backend";
import { readImage, type Pixels } from "@convlens/datasets/node";
import { CommandLineError } from "../options.ts";

/** Largest size of a file or pipe, in bytes. */
const MOST_BYTES = 500e6;

/**
 * Reads the pixels of an image from a file or a pipe.
 *
 * @param option - Begins the message of an error: the option that names the file.
 * @throws `CommandLineError` for a file that cannot be read; `ValueError` for one that is not an image or is larger than 500 MB.
 */
export async function openImage(path: string, option = "--image: "): Promise<Pixels> {
  let bytes: Uint8Array;
  try {
    const file = await open(path);
    try {
      bytes = await contentOf(file, path, option);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new CommandLineError(`${option}${path} cannot be read: ${error.message}`);
  }
  return readImage(bytes, basename(path));
}

async function contentOf(file: FileHandle, path: string, option: string): Promise<Uint8Array> {
  const found = await file.stat();
  const fix = "give a PNG or a JPEG file";
  if (found.isDirectory()) throw new CommandLineError(`${option}${path} is a folder; ${fix}`);
  // Devices such as /dev/zero never end.
  if (!found.isFile() && !found.isFIFO()) throw new CommandLineError(`${option}${path} is not a file; ${fix}`);
  const parts: Uint8Array[] = [];
  let size = found.size;
  if (size <= MOST_BYTES) {
    size = 0;
    // The size of a pipe is unknown.
    for await (const part of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      parts.push(part);
      size += part.length;
      if (size > MOST_BYTES) break;
    }
  }
  if (size > MOST_BYTES)
    throw new ValueError({
      problem: `${basename(path)} has ${found.isFile() ? `${Math.round(size / 1e6)} MB, ` : ""}more than the supported ${MOST_BYTES / 1e6} MB`,
      fix: "make it smaller first",
    });
  return Buffer.concat(parts);
}
