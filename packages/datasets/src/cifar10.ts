import { ValueError } from "@convlens/backend";
import { classification } from "./arrays.ts";
import { ByteReader, type ByteSource } from "./bytes.ts";
import type { Classification } from "./dataset.ts";

const classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"] as const;
const PIXELS = 32 * 32;
const RECORD = 1 + 3 * PIXELS;
/** Largest number of records of all files together, about 300 MB. A small gzip file can hold any number of records. */
const MOST_RECORDS = 100_000;

/**
 * Reads files of the binary version of CIFAR-10, gzipped or not: records of a label and three planes of 32 × 32 bytes, which
 * become images `[32, 32, 3]`.
 *
 * @throws `ValueError` for a file that is truncated or of another kind, and for more than 100,000 records.
 */
export async function readCifar10(...sources: readonly ByteSource[]): Promise<Classification> {
  const records: Uint8Array[] = [];
  for (const source of sources)
    await ByteReader.read("CIFAR-10 file", source, (reader) => readRecords(reader, records));
  const inputs = new Uint8Array(records.length * 3 * PIXELS);
  records.forEach((record, i) => {
    for (let channel = 0, from = 1; channel < 3; channel++)
      for (let pixel = 0; pixel < PIXELS; pixel++) inputs[(i * PIXELS + pixel) * 3 + channel] = record[from++]!;
  });
  return classification({
    inputs: { values: inputs, shape: [records.length, 32, 32, 3] },
    labels: Uint8Array.from(records, ([label]) => label!),
    classes,
  });
}

const operation = "CIFAR-10 file";

/** Adds the records of a file to `records`. */
async function readRecords(reader: ByteReader, records: Uint8Array[]): Promise<void> {
  for (let record = await reader.takeUpTo(RECORD); record.length > 0; record = await reader.takeUpTo(RECORD)) {
    const label = record[0]!;
    const what = `record ${records.length}`;
    if (record.length < RECORD)
      throw new ValueError({
        operation,
        problem: "truncated",
        what,
        expected: `${RECORD} bytes long`,
        got: record.length,
        fix: "fetch the file again",
      });
    if (label >= classes.length)
      throw new ValueError({
        operation,
        what: `the label of ${what}`,
        expected: `from 0 to ${classes.length - 1}`,
        got: label,
        fix: "it is another kind of file",
      });
    if (records.length === MOST_RECORDS)
      throw new ValueError({
        operation,
        problem: `more than ${MOST_RECORDS} records`,
        fix: "read the file in parts, if it is not damaged",
      });
    records.push(record.slice());
  }
}
