import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Classification } from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import { writeFileAtomic } from "@convlens/training/node";
import { trainNet, type TrainingProgress } from "./trainNet.ts";

/** Options of {@link prepare}. */
export interface PrepareOptions {
  /** Replaces existing files. Default: false. */
  readonly force?: boolean;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/** An IDX file, gzipped: two zeros, the type of bytes (8), the number of axes, their sizes, the bytes. */
function idx(values: Uint8Array, shape: readonly number[]): Uint8Array {
  const file = Buffer.alloc(4 + 4 * shape.length + values.length);
  file.set([0, 0, 8, shape.length]);
  shape.forEach((size, axis) => file.writeUInt32BE(size, 4 + 4 * axis));
  file.set(values, 4 + 4 * shape.length);
  return gzipSync(file, { level: 9 });
}

const parts = ["train", "test"] as const;
const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Creates the data of the page in `folder`: the digits, and a net that is trained with the training digits. */
export async function prepare(folder: string, { force = false, onProgress }: PrepareOptions = {}): Promise<void> {
  const fileOf = (name: string): string => join(folder, name);
  const names = ["net.safetensors", ...parts.flatMap((part) => [`${part}-images.idx.gz`, `${part}-labels.idx.gz`])];
  if (!force && (await Promise.all(names.map((name) => isThere(fileOf(name))))).every(Boolean)) return;
  await mkdir(folder, { recursive: true });
  const sets = await mnist();
  for (const part of parts) {
    const { labels, size, shapes, example }: Classification = sets[part];
    const [height, width] = shapes.input;
    const images = await Promise.all([...labels.keys()].map((i) => example(i, { seed: 0, epoch: 0 })));
    const pixels = Uint8Array.from(images.flatMap(({ input }) => Array.from(input.values)));
    await writeFileAtomic(fileOf(`${part}-images.idx.gz`), idx(pixels, [size, height!, width!]));
    await writeFileAtomic(fileOf(`${part}-labels.idx.gz`), idx(labels as Uint8Array, [size]));
  }
  await writeFileAtomic(fileOf("net.safetensors"), await trainNet(sets, onProgress));
}
