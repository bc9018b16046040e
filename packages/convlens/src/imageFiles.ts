import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "./fileErrors.ts";
import { CommandLineError } from "./options.ts";

/** Whether a name is that of an image, and not hidden. */
const isImage = (name: string): boolean => /^[^.].*\.(png|jpe?g|jpe|jfif)$/i.test(name);

/**
 * Lists the image files of a folder in alphabetical order.
 *
 * @throws `CommandLineError` for a folder that cannot be read.
 */
export async function imagesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter(isImage)
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    throw new CommandLineError(`${folder} cannot be read: ${reasonOf(error)}`);
  }
}

/**
 * Replaces each folder in a list by the images in it.
 *
 * @throws `CommandLineError` for a folder without images.
 */
export async function imageFiles(paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const isFolder = await stat(path).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    if (!isFolder) {
      found.push(path);
      continue;
    }
    const images = await imagesIn(path);
    if (images.length === 0)
      throw new CommandLineError(`${path} holds no PNG or JPEG files; give files or another folder`);
    found.push(...images);
  }
  return found;
}

/** Milliseconds between two looks at a folder. A file whose size and time did not change in between is complete. */
const INTERVAL = 300;

/** Yields the images of a folder, and those that are added or changed, until the signal aborts. */
export async function* watchImages(folder: string, signal: AbortSignal): AsyncGenerator<string, void, void> {
  const [seen, done] = [new Map<string, string>(), new Map<string, string>()];
  while (!signal.aborted) {
    for (const path of await imagesIn(folder)) {
      const stamp = await stat(path).then(
        ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
        () => undefined,
      );
      if (stamp === undefined || done.get(path) === stamp) continue;
      if (seen.get(path) === stamp) {
        done.set(path, stamp);
        yield path;
        if (signal.aborted) return;
      }
      seen.set(path, stamp);
    }
    await pause(INTERVAL, signal);
  }
}

/** Waits, or until the signal aborts. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
