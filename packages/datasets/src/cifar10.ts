import { ValueError } from "@convlens/backend";
import { ByteReader, type ByteSource } from "./bytes.ts";
import { dataset, type Dataset } from "./dataset.ts";

const classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"] as const;
const PIXELS = 32 * 32;
const RECORD = 1 + 3 * PIXELS;

/**
 * Reads files of CIFAR-10's binary version, one after the other: records of a label and three planes of 32 × 32 bytes, which
 * become pixels `[32, 32, 3]`.
 *
 * @throws `ValueError` for a file that is truncated or foreign.
 */
export async function readCifar10(...sources: readonly ByteSource[]): Promise<Dataset> {
  const images: Uint8Array[] = [];
  const labels: number[] = [];
  for (const source of sources) {
    const reader = await ByteReader.open("CIFAR-10 file", source);
    for (let record = await reader.takeUpTo(RECORD); record.length > 0; record = await reader.takeUpTo(RECORD)) {
      const label = record[0]!;
      if (record.length < RECORD || label >= classes.length)
        throw new ValueError(
          record.length < RECORD
            ? `CIFAR-10 file: truncated: record ${labels.length} has ${record.length} of ${RECORD} bytes; fetch the file again`
            : `CIFAR-10 file: record ${labels.length} has the label ${label}, expected 0 to 9: it is another kind of file`,
          {
            operation: "readCifar10",
            expected: record.length < RECORD ? RECORD : "0 to 9",
            got: record.length < RECORD ? record.length : label,
          },
        );
      const image = new Uint8Array(3 * PIXELS);
      for (let channel = 0; channel < 3; channel++)
        for (let pixel = 0; pixel < PIXELS; pixel++) image[pixel * 3 + channel] = record[1 + channel * PIXELS + pixel]!;
      images.push(image);
      labels.push(label);
    }
  }
  const inputs = new Uint8Array(images.length * 3 * PIXELS);
  images.forEach((image, i) => inputs.set(image, i * image.length));
  return dataset({ shape: [32, 32, 3], inputs, labels: Uint8Array.from(labels), classes });
}
