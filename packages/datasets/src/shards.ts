import { checkOptions, ValueError, type OptionCheck, type Shape } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import { labelsOf } from "./arrays.ts";
import { itemCount, type ArrayLayout } from "./arrayLayout.ts";
import { ByteReader } from "./bytes.ts";
import type { Classification, SizedDataset } from "./dataset.ts";
import type { Example, NumberArray, Numbers } from "./example.ts";
import { idxLayout } from "./idx.ts";
import { npyLayout } from "./npy.ts";

/** A file that can be read in parts: a `Blob` or `File`, or a path opened by `shard` of `@convlens/datasets/node`. */
export interface Shard {
  /** Name of the file in messages. */
  readonly name?: string;
  /** Bytes. */
  readonly size: number;
  /** Returns the bytes from `start` to before `end`. */
  slice(start: number, end: number): Pick<Blob, "arrayBuffer">;
}

/** Options of {@link fromShards}. */
export interface ShardsOptions {
  /** npy or IDX files, each with arrays `[n, …]` of one shape but for n. */
  readonly inputs: readonly Shard[];
  /** Files of the targets, in the same order. */
  readonly targets: readonly Shard[];
  /** Names of the classes, if targets are labels `[n]`. They are then kept in memory. */
  readonly classes?: readonly string[];
}

const operation = "fromShards";
const filesOption: OptionCheck = (x) =>
  Array.isArray(x) && x.length > 0 && x.every((file: Partial<Shard>) => typeof file?.slice === "function")
    ? undefined
    : "an array of files (Blob, File, or shard(path) of @convlens/datasets/node)";
const namesOption: OptionCheck = (x) =>
  Array.isArray(x) && x.every((name) => typeof name === "string") ? undefined : "an array of names";

/** Files up to this size are kept in memory, such as those of labels. */
const SMALL = 2 ** 20;
/** Bytes that are read at once to find a header. */
const PART = 2 ** 16;

/** An opened file. */
interface OpenShard {
  readonly shape: Shape;
  readonly read: (from: number, count: number) => Promise<NumberArray>;
}

async function bytesOf(file: Shard, start: number, end: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(start, end).arrayBuffer());
}

async function* partsOf(file: Shard): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += PART) yield await bytesOf(file, at, Math.min(file.size, at + PART));
}

async function open(file: Shard, name: string): Promise<OpenShard> {
  const wrong = (problem: string, fix?: string, cause?: unknown): ValueError =>
    new ValueError({ operation, problem: `${name}: ${problem}`, fix, cause });
  const [first, second] = await bytesOf(file, 0, 2);
  if (first === 0x1f && second === 0x8b)
    throw wrong("it is gzipped, so that it has no random access", "unpack it (gunzip)");
  const isNpy = first === 0x93;
  const { offset, layout } = await ByteReader.read(
    isNpy ? "npy file" : "IDX file",
    partsOf(file),
    async (reader) => {
      const layout: ArrayLayout<NumberArray> & { readonly isFortran?: boolean } = isNpy
        ? await npyLayout(reader)
        : await idxLayout(reader);
      return { layout, offset: reader.position };
    },
    isNpy ? "an npy file" : undefined,
  ).catch((error: unknown) => {
    throw wrong((error as Error).message, undefined, error);
  });
  const { shape, itemBytes, decode, isFortran } = layout;
  const [size, ...row] = shape;
  if (size === undefined || itemCount(shape) === 0) throw wrong("it has no examples");
  if (isFortran && shape.length > 1)
    throw wrong(
      "it is in Fortran order, so that an example is not in one place",
      "save numpy.ascontiguousarray(array)",
    );
  const length = itemCount(row) * itemBytes;
  if (file.size !== offset + size * length)
    throw wrong(`it has ${file.size} bytes, and its header says ${offset + size * length}`, "give a complete file");
  let whole: Promise<Uint8Array> | undefined;
  const read = async (from: number, count: number): Promise<NumberArray> => {
    const [start, end] = [offset + from * length, offset + (from + count) * length];
    if (file.size > SMALL) {
      const bytes = await bytesOf(file, start, end);
      if (bytes.length < end - start) throw wrong("it became shorter", "do not change files while they are read");
      return decode(bytes);
    }
    whole ??= bytesOf(file, 0, file.size);
    return decode((await whole).subarray(start, end));
  };
  return { shape, read };
}

/** Rows of several files, one after the other. */
interface Rows {
  readonly size: number;
  readonly shape: Shape;
  /** Number of rows of each file. */
  readonly counts: readonly number[];
  readonly all: () => Promise<NumberArray[]>;
  readonly row: (i: number) => Promise<Numbers>;
}

async function rowsOf(part: "inputs" | "targets", files: readonly Shard[]): Promise<Rows> {
  const nameOf = (i: number): string => files[i]!.name ?? `${part}[${i}]`;
  const shards = await Promise.all(files.map((file, i) => open(file, nameOf(i))));
  const shape = shards[0]!.shape.slice(1);
  for (const [i, { shape: found }] of shards.entries())
    if (String(found.slice(1)) !== String(shape) || found.length !== shape.length + 1)
      throw new ValueError({
        operation,
        what: nameOf(i),
        expected: `an array [n, ${shape.join(", ")}], like ${nameOf(0)}`,
        got: found,
      });
  const counts = shards.map(({ shape }) => shape[0]!);
  const starts = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0));
  return {
    size: counts.reduce((sum, count) => sum + count, 0),
    shape,
    counts,
    all: () => Promise.all(shards.map(({ read }, i) => read(0, counts[i]!))),
    row: async (i) => {
      const at = starts.findLastIndex((start) => start <= i);
      return { values: await shards[at]!.read(i - starts[at]!, 1), shape };
    },
  };
}

/**
 * Makes a data set of npy or IDX files that together are larger than memory. Only headers are read now; an example is read when a
 * batch needs it, in any order. Files of at most 1 MiB are kept in memory.
 *
 * @throws `ValueError` for a file that is of another kind, gzipped, truncated or in Fortran order, for files that do not fit
 * each other, or an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * const file = (shape: number[]) => new Blob([writeNpy({ shape, values: new Uint8Array(sizeOf(shape)) })]);
 * const data = await fromShards({
 *   inputs: [file([10, 8, 8, 1]), file([5, 8, 8, 1])],
 *   targets: [file([10]), file([5])],
 *   classes: ["cat", "dog"],
 * });
 * data.size; // 15
 * ```
 */
export async function fromShards(
  options: ShardsOptions & { readonly classes: readonly string[] },
): Promise<Classification>;
export async function fromShards(options: ShardsOptions): Promise<SizedDataset>;
export async function fromShards(options: ShardsOptions): Promise<SizedDataset> {
  checkOptions(operation, options, { inputs: filesOption, targets: filesOption, classes: namesOption });
  for (const name of ["inputs", "targets"] as const)
    if (options[name] === undefined) throw new ValueError({ operation, problem: `${name} are missing` });
  const { classes } = options;
  const inputs = await rowsOf("inputs", options.inputs);
  const targets = await rowsOf("targets", options.targets);
  if (String(inputs.counts) !== String(targets.counts))
    throw new ValueError({
      operation,
      expected: `files of ${inputs.counts.join(", ")} targets, as many as inputs`,
      got: targets.counts,
    });
  const data: SizedDataset = {
    kind: "sized",
    size: inputs.size,
    shapes: { input: inputs.shape, target: targets.shape },
    example: async (i): Promise<Example<Tensor>> => {
      const [input, target] = await Promise.all([inputs.row(i), targets.row(i)]);
      return { input, target };
    },
  };
  if (classes === undefined) return data;
  if (targets.shape.length > 0)
    throw new ValueError({ operation, what: "targets with classes", expected: "labels [n]", got: targets.shape });
  const labels = labelsOf(
    operation,
    (await targets.all()).flatMap((part) => Array.from(part)),
    classes,
  );
  return { ...data, labels, classes };
}
