import { batches, cache, take, type Batch, type SizedDataset } from "@convlens/datasets";

/** The first examples of a data set as one batch. */
export async function firstExamples(data: SizedDataset, count: number): Promise<Batch> {
  const size = Math.min(count, data.size);
  for await (const batch of batches(take(data, size), { size })) return batch;
  throw new Error("a data set has at least one example");
}

/** Bytes of the examples that a page is about. More would take gigabytes. */
const MOST_BYTES = 2 ** 29;

/**
 * Reads examples that come from files once, and keeps them in memory, so that a page can look at each of them many times. Of a large
 * data set these are the first ones.
 */
export async function inMemory<D extends SizedDataset>(data: D): Promise<D> {
  const pass = { seed: 0, epoch: 0 };
  const first = data.example(0, pass);
  if (!(first instanceof Promise)) return data;
  const { input, target } = await first;
  const bytes = input.values.byteLength + target.values.byteLength;
  const kept = cache(take(data, Math.max(1, Math.floor(MOST_BYTES / bytes))));
  for (let from = 0; from < kept.size; from += 32)
    await Promise.all(Array.from({ length: Math.min(32, kept.size - from) }, (_, i) => kept.example(from + i, pass)));
  return kept;
}
