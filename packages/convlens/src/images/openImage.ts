import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { CommandLineError } from "../options.ts";
import type { Pixels } from "./pixels.ts";
import { imageError } from "./imageError.ts";
import { readImage } from "./readImage.ts";

/** Bytes of a file that is read at all. */
const MOST_BYTES = 500e6;

/** The pixels of an image file. */
export async function openImage(path: string): Promise<Pixels> {
  const name = basename(path);
  let bytes: Uint8Array;
  try {
    const found = await stat(path);
    // What reading a folder says differs from Node to Node.
    if (found.isDirectory()) throw new CommandLineError(`--image: ${path} is a folder; give a PNG or a JPEG file`);
    const { size } = found;
    if (size > MOST_BYTES)
      throw imageError(
        name,
        `is of ${Math.round(size / 1e6)} MB, more than the ${MOST_BYTES / 1e6} MB that are read`,
        "make it smaller first",
      );
    bytes = await readFile(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new CommandLineError(`--image: ${path} cannot be read: ${error.message}`);
  }
  return readImage(bytes, name);
}
