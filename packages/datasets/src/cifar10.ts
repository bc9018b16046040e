import { ValueError } from "@convlens/backend";
import { ByteReader, type ByteSource } from "./bytes.ts";
import { dataset, type Dataset } from "./dataset.ts";

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
export async function readCifar10(...sources: readonly ByteSource[]): Promise<Dataset> {
  const records: Uint8Array[] = [];
  for (const source of sources)
    await ByteReader.read("CIFAR-10 file", source, (reader) => readRecords(reader, records));
  const inputs = new Uint8Array(records.length * 3 * PIXELS);
  records.forEach((record, i) => {
    for (let channel = 0, from = 1; channel < 3; channel++)
      for (let pixel = 0; pixel < PIXELS; pixel++) inputs[(i * PIXELS + pixel) * 3 + channel] = record[from++]!;
  });
  return dataset({ shape: [32, 32, 3], inputs, labels: Uint8Array.from(records, ([label]) => label!), classes });
}

/** Adds the records of a file to `records`. */
async function readRecords(reader: ByteReader, records: Uint8Array[]): Promise<void> {
  for (let record = await reader.takeUpTo(RECORD); record.length > 0; record = await reader.takeUpTo(RECORD)) {
    const label = record[0]!;
    const fail = (what: string, expected: unknown, got: unknown): ValueError =>
      new ValueError(`CIFAR-10 file: ${what}`, { operation: "readCifar10", expected, got });
    if (record.length < RECORD)
      throw fail(
        `truncated: record ${records.length} has ${record.length} of ${RECORD} bytes; fetch the file again`,
        RECORD,
        record.length,
      );
    if (label >= classes.length)
      throw fail(
        `record ${records.length} has the label ${label}, expected 0 to 9: it is another kind of file`,
        "0 to 9",
        label,
      );
    if (records.length === MOST_RECORDS)
      throw fail(
        `more than ${MOST_RECORDS} records; the file is damaged, or must be read in parts`,
        `at most ${MOST_RECORDS}`,
        `more than ${MOST_RECORDS}`,
      );
    records.push(record.slice());
  }
}
