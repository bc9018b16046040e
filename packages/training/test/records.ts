import type { EpochRecord, FitRecord, StepRecord } from "../src/index.ts";

/** All records of a run. */
export async function all<Values>(records: AsyncIterable<FitRecord<Values>>): Promise<FitRecord<Values>[]> {
  const found: FitRecord<Values>[] = [];
  for await (const record of records) found.push(record);
  return found;
}

/** Records without what depends on the clock. */
export const curve = (records: readonly FitRecord<unknown>[]): unknown[] =>
  records.map((record) => ({ ...record, examplesPerSecond: 0 }));

/** The records of steps. */
export const steps = <Values>(records: readonly FitRecord<Values>[]): StepRecord<Values>[] =>
  records.filter((record) => record.kind === "step");

/** The records of epochs. */
export const epochs = <Values>(records: readonly FitRecord<Values>[]): EpochRecord<Values>[] =>
  records.filter((record) => record.kind === "epoch");
