import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { wholeFrom, type Shape } from "@convlens/backend";
import type { ImageFit } from "@convlens/datasets";
import { data } from "./catalogue.ts";
import { CommandLineError, nameOf } from "./options.ts";
import type { FolderSettings } from "./runFolder.ts";
import type { Task } from "./tasks.ts";

/** Ways in which images of another shape fit. */
export const fits: readonly ImageFit[] = ["cover", "contain", "stretch"];

/** What a folder of images is read as. */
export interface FolderSource {
  readonly data: string;
  readonly input: Shape;
  readonly folder: FolderSettings;
}

/** The options about a folder of images. */
export interface FolderOptions {
  readonly size: string;
  readonly gray: boolean;
  readonly fit: string | undefined;
  readonly validation: number;
}

/**
 * Returns the settings of a folder of images.
 *
 * @throws `CommandLineError` if it is neither a folder nor the name of a data set, or for a wrong option.
 */
export async function folderSource(
  path: string,
  { size, gray, fit, validation }: FolderOptions,
  task: Task,
): Promise<FolderSource> {
  const [height, width] = sizeOf(size);
  return {
    data: await folderOf(path),
    input: [height, width, gray ? 1 : 3],
    folder: { fit: fit === undefined ? task.fit : nameOf("way to --fit", fit, fits), validation },
  };
}

/** The largest side of images to train on, in pixels. */
const LARGEST_SIDE = 4096;
const sideCheck = wholeFrom(1, LARGEST_SIDE);

/** Height and width as they are typed: one number or two. */
function sizeOf(text: string): readonly [height: number, width: number] {
  const sides = text.split("x").map((side) => (side.trim() === "" ? NaN : Number(side)));
  const [height = NaN, width = height] = sides;
  if (sides.length <= 2 && sideCheck(height) === undefined && sideCheck(width) === undefined) return [height, width];
  throw new CommandLineError(
    `--size: expected one or two whole numbers from 1 to ${LARGEST_SIDE}, such as 64 or 48x64, got "${text}"`,
  );
}

/**
 * Finds a folder of images.
 *
 * @throws `CommandLineError` if it is neither a folder nor the name of a data set.
 */
async function folderOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return resolve(path);
  throw new CommandLineError(
    found === undefined
      ? `there is no data set or folder "${path}"; data sets are ${Object.keys(data).join(", ")}`
      : `${path} is not a folder; give a folder of images, or one of ${Object.keys(data).join(", ")}`,
  );
}
