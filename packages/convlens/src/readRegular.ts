import { readFile, stat } from "node:fs/promises";
import { ConvlensError } from "@convlens/backend";

/**
 * Reads a regular file of at most `most` bytes. Devices and pipes, which may never end, are refused.
 *
 * @throws `ConvlensError` for anything else, and the error of the file system.
 */
export async function readRegular(path: string, most: number): Promise<Buffer> {
  const found = await stat(path);
  if (!found.isFile())
    throw new ConvlensError({ problem: `${path} is not a regular file`, fix: "give the folder of a run" });
  if (found.size > most)
    throw new ConvlensError({
      what: path,
      expected: `at most ${Math.round(most / 1e6)} MB large`,
      got: found.size,
      gotWords: `${Math.round(found.size / 1e6)} MB`,
    });
  return readFile(path);
}
