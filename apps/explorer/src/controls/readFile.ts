/** What a file must be. */
interface Expected<T> {
  readonly name: string;
  /** Bytes of the largest file that is decoded, and a sentence about files that are large enough. */
  readonly most: number;
  readonly enough: string;
  readonly decode: () => Promise<T>;
  /** A sentence about files that cannot be decoded. */
  readonly otherwise: string;
}

/** Decodes a file of the reader. @throws An error with a sentence for the reader. */
export async function readFile<T>(file: Blob, { name, most, enough, decode, otherwise }: Expected<T>): Promise<T> {
  if (file.size > most) throw new Error(`${name} has ${Math.round(file.size / 1e6)} MB; ${enough}.`);
  return decode().catch((cause: unknown) => {
    throw new Error(`${name} could not be read as ${otherwise}`, { cause });
  });
}
