import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Dataset } from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import { writeFileAtomic } from "@convlens/training/node";
import { trainNet, type TrainingProgress } from "./trainNet.ts";

/** What {@link prepare} may be told. */
export interface PrepareOptions {
  /** Makes everything anew, even what is there. Default: false. */
  readonly anew?: boolean;
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

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Makes what the page opens with, in `folder`: the digits that it shows, and a net that was trained on others. */
export async function prepare(folder: string, { anew = false, onProgress }: PrepareOptions = {}): Promise<void> {
  const files = {
    images: join(folder, "test-images.idx.gz"),
    labels: join(folder, "test-labels.idx.gz"),
    net: join(folder, "net.safetensors"),
  };
  if (!anew && (await Promise.all(Object.values(files).map(isThere))).every(Boolean)) return;
  await mkdir(folder, { recursive: true });
  const sets = await mnist();
  const { test }: { readonly test: Dataset } = sets;
  const [height, width] = test.shape;
  await writeFileAtomic(files.images, idx(test.inputs as Uint8Array, [test.size, height!, width!]));
  await writeFileAtomic(files.labels, idx(test.labels as Uint8Array, [test.size]));
  await writeFileAtomic(files.net, await trainNet(sets, onProgress));
}
