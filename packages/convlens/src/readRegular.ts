import { readFile, stat } from "node:fs/promises";
import { ConvlensError } from "@convlens/backend";

/**
 * Reads a regular file of at most `most` bytes. Devices and pipes, which may never end, are refused.
 *
 * @throws `ConvlensError` for anything else, and the error of the file system.
 */
export async function readRegular(path: string, most: number): Promise<Buffer> {
  const found = await stat(path);
  if (!found.isFile()) throw new ConvlensError(`${path} is not a regular file; give the folder of a run`);
  if (found.size > most)
    throw new ConvlensError(
      `${path} has ${Math.round(found.size / 1e6)} MB; at most ${Math.round(most / 1e6)} MB are read`,
    );
  return readFile(path);
}
