import { ValueError } from "@convlens/backend";
import { ByteReader, MOST_BYTES, type ByteSource } from "./bytes.ts";
import { readNpy, type Npy } from "./npy.ts";

const operation = "npz file";
const SUFFIX = ".npy";
/** Smallest number of bytes that the directory of an archive needs for a file. */
const LEAST_ENTRY = 46;
/** Largest compression ratio of deflate; an array that claims more would only take memory. */
const MOST_OF_ONE = 1032;

/**
 * Reads the arrays of an npz file of NumPy, compressed or not.
 *
 * @param names - Names of the arrays to read; others are not unpacked. Default: all.
 * @throws `ValueError` for a file that is of another kind, damaged or larger than 2 GiB when it is unpacked, for a name that it
 * lacks, and for an array that {@link readNpy} refuses.
 *
 * @example
 * ```ts
 * const { images, y } = await readNpz(archive, ["images", "y"]);
 * images.shape; // [2, 2]
 * ```
 */
export async function readNpz<const Name extends string = string>(
  source: ByteSource,
  names?: readonly Name[],
): Promise<Readonly<Record<Name, Npy>>> {
  const bytes = await ByteReader.read(operation, source, (reader) => reader.takeUpTo(MOST_BYTES + 1), "a zip archive");
  const files = await unpacked(bytes, names);
  const missing = names?.find((name) => !files.has(name));
  if (missing !== undefined)
    throw new ValueError({
      operation,
      problem: `it has no array ${JSON.stringify(missing)}`,
      fix: `are the names right?`,
    });
  const arrays: (readonly [string, Npy])[] = [];
  for (const [name, file] of files) {
    try {
      arrays.push([name, await readNpy(file)]);
    } catch (cause) {
      throw new ValueError({
        operation,
        problem: `the array ${JSON.stringify(name)}: ${(cause as Error).message}`,
        cause,
      });
    }
  }
  return Object.fromEntries(arrays) as Readonly<Record<Name, Npy>>;
}

/** Unpacks the npy files of a zip archive, by their names without the suffix. */
async function unpacked(
  bytes: Uint8Array,
  names: readonly string[] | undefined,
): Promise<ReadonlyMap<string, Uint8Array>> {
  // Loaded with the first archive.
  const { unzipSync } = await import("fflate");
  const seen = new Set<string>();
  let [entries, total] = [0, 0];
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        // An archive may claim billions of files.
        if (++entries * LEAST_ENTRY > bytes.length) throw new Error("it cannot hold as many files as it says");
        if (!name.endsWith(SUFFIX) || (names !== undefined && !names.includes(name.slice(0, -SUFFIX.length))))
          return false;
        if (seen.has(name)) throw new Error(`two files are named ${JSON.stringify(name)}`);
        seen.add(name);
        total += originalSize;
        if (total > MOST_BYTES) throw new Error(`its arrays have more than ${MOST_BYTES} bytes`);
        if (originalSize > MOST_OF_ONE * size + MOST_OF_ONE)
          throw new Error(`${JSON.stringify(name)} cannot have ${originalSize} bytes, as it is packed into ${size}`);
        return true;
      },
    });
    return new Map(Object.entries(files).map(([name, file]) => [name.slice(0, -SUFFIX.length), file]));
  } catch (cause) {
    throw new ValueError({
      operation,
      problem: `it cannot be unpacked: ${(cause as Error).message}`,
      fix: "give a complete file",
      cause,
    });
  }
}
