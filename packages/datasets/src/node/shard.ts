import { open, stat } from "node:fs/promises";
import { ValueError } from "@convlens/backend";
import type { Shard } from "../shards.ts";

/**
 * Opens a file as a part of a data set that is larger than memory, for `fromShards`.
 *
 * @throws `ValueError` for a path that is not a file that can be read.
 *
 * @example
 * ```ts
 * const path = join(tmpdir(), "labels.npy");
 * await writeFile(path, writeNpy({ shape: [3], values: Uint8Array.of(0, 1, 2) }));
 * (await shard(path)).size; // 131
 * ```
 */
export async function shard(path: string): Promise<Shard> {
  const unreadable = (cause: unknown): never => {
    throw new ValueError({ operation: "shard", problem: `${path} cannot be read: ${(cause as Error).message}`, cause });
  };
  const found = await stat(path).catch(unreadable);
  if (!found.isFile()) throw new ValueError({ operation: "shard", problem: `${path} is not a file` });
  return {
    name: path,
    size: found.size,
    slice: (start, end) => ({
      async arrayBuffer() {
        // Opened each time: a data set may have more files than a process may keep open.
        const file = await open(path).catch(unreadable);
        try {
          const bytes = new Uint8Array(end - start);
          let length = 0;
          for (let read = 1; read > 0 && length < bytes.length; length += read)
            read = (await file.read(bytes, length, bytes.length - length, start + length)).bytesRead;
          return bytes.buffer.slice(0, length);
        } finally {
          await file.close();
        }
      },
    }),
  };
}
