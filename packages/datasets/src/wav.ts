import { ValueError } from "@convlens/backend";
import { ByteReader, MOST_BYTES, numbersFrom, type ByteSource } from "./bytes.ts";
import type { Numbers } from "./example.ts";

/** A recording. With its scale and offset, samples are from −1 to 1. */
export interface Wav extends Numbers {
  /** `[frames, channels]`. */
  readonly shape: readonly [frames: number, channels: number];
  /** Frames per second. */
  readonly sampleRate: number;
}

const operation = "WAV file";
const wrong = (problem: string, fix = "is it a complete WAV file?"): ValueError =>
  new ValueError({ operation, problem, fix });

const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe];
/** What follows the format code in the identifier of an extensible format. */
const EXTENSIBLE_TAIL = "000000001000800000aa00389b71";
/** Formats that are not read, by their code. */
const otherFormats: Readonly<Record<number, string>> = { 2: "ADPCM", 6: "A-law", 7: "µ-law", 17: "ADPCM", 85: "MP3" };

/** How samples are stored, by the code of the format and the number of bits. */
const encodings: Readonly<Record<string, (bytes: Uint8Array) => Omit<Numbers, "shape">>> = {
  [`${PCM} 8`]: (bytes) => ({ values: bytes.slice(), scale: 2 ** -7, offset: -1 }),
  [`${PCM} 16`]: (bytes) => ({ values: numbersFrom(bytes, 2, true, (b) => new Int16Array(b)), scale: 2 ** -15 }),
  [`${PCM} 24`]: (bytes) => ({ values: of24Bits(bytes), scale: 2 ** -23 }),
  [`${PCM} 32`]: (bytes) => ({ values: numbersFrom(bytes, 4, true, (b) => new Int32Array(b)), scale: 2 ** -31 }),
  [`${FLOAT} 32`]: (bytes) => ({ values: numbersFrom(bytes, 4, true, (b) => new Float32Array(b)) }),
  [`${FLOAT} 64`]: (bytes) => ({ values: numbersFrom(bytes, 8, true, (b) => new Float64Array(b)) }),
};

const of24Bits = (bytes: Uint8Array): Int32Array =>
  Int32Array.from(
    { length: bytes.length / 3 },
    (_, i) => ((bytes[3 * i]! << 8) | (bytes[3 * i + 1]! << 16) | (bytes[3 * i + 2]! << 24)) >> 8,
  );

/**
 * Reads a WAV file: PCM of 8, 16, 24 or 32 bits or floats of 32 or 64, any number of channels, extensible or not. Samples keep
 * their type.
 *
 * @throws `ValueError` for a file that is of another kind, truncated, compressed, or larger than 2 GiB.
 *
 * @example
 * ```ts
 * const header = [82, 73, 70, 70, 40, 0, 0, 0, 87, 65, 86, 69, 102, 109, 116, 32, 16, 0, 0, 0]; // RIFF, WAVE, fmt
 * const format = [1, 0, 1, 0, 64, 31, 0, 0, 128, 62, 0, 0, 2, 0, 16, 0]; // PCM, one channel, 8000 frames per second, 16 bits
 * const data = [100, 97, 116, 97, 4, 0, 0, 0, 0, 64, 0, 192]; // two samples
 * const wav = await readWav(Uint8Array.from([...header, ...format, ...data]));
 * floatsOf(wav); // 0.5, −0.5
 * ```
 */
export const readWav = (source: ByteSource): Promise<Wav> => ByteReader.read(operation, source, contentOf);

const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

async function contentOf(reader: ByteReader): Promise<Wav> {
  const start = await reader.take(12, "the header");
  const [kind, form] = [latin(start.subarray(0, 4)), latin(start.subarray(8))];
  if (kind !== "RIFF" || form !== "WAVE")
    throw wrong(`it begins with ${JSON.stringify(kind)} and ${JSON.stringify(form)}, not with "RIFF" and "WAVE"`);
  let format: Format | undefined;
  for (;;) {
    const head = await reader.take(8, "the header of a chunk");
    const [id, length] = [latin(head.subarray(0, 4)), viewOf(head).getUint32(4, true)];
    if (id === "data") {
      if (format === undefined) throw wrong("its samples come before their format");
      return samplesOf(format, await dataOf(reader, length));
    }
    if (id === "fmt ") {
      if (length > 1024) throw wrong(`its format has ${length} bytes`);
      format = formatOf(await reader.take(length, "the format"));
    } else await skip(reader, length, id);
    if (length % 2 === 1) await reader.take(1, "the padding of a chunk");
  }
}

interface Format {
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
  readonly decode: (bytes: Uint8Array) => Omit<Numbers, "shape">;
}

function formatOf(bytes: Uint8Array): Format {
  if (bytes.length < 16) throw wrong(`its format has ${bytes.length} bytes`);
  const view = viewOf(bytes);
  const [channels, sampleRate, bits] = [view.getUint16(2, true), view.getUint32(4, true), view.getUint16(14, true)];
  let code = view.getUint16(0, true);
  if (code === EXTENSIBLE) {
    if (bytes.length < 40) throw wrong(`its extensible format has ${bytes.length} bytes`);
    const tail = Array.from(bytes.subarray(26, 40), (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (tail !== EXTENSIBLE_TAIL) throw wrong("its extensible format is unknown", "save it as PCM");
    code = view.getUint16(24, true);
  }
  const decode = encodings[`${code} ${bits}`];
  if (decode === undefined)
    throw wrong(
      `its samples are ${code === PCM ? "PCM" : code === FLOAT ? "floats" : (otherFormats[code] ?? `of format ${code}`)} of ${bits} bits`,
      "save it as PCM of 8, 16, 24 or 32 bits",
    );
  if (channels === 0 || sampleRate === 0)
    throw wrong(`it has ${channels} channels and ${sampleRate} frames per second`);
  return { channels, sampleRate, bits, decode };
}

/** Bytes that are skipped at once. */
const PART = 2 ** 20;
/** Length of data that a program wrote to a pipe, and did not know. */
const UNKNOWN = 0xffffffff;

const dataOf = (reader: ByteReader, length: number): Promise<Uint8Array> =>
  length === UNKNOWN ? reader.takeUpTo(MOST_BYTES + 1) : reader.take(length, "the samples");

async function skip(reader: ByteReader, length: number, id: string): Promise<void> {
  for (let left = length; left > 0; left -= PART)
    await reader.take(Math.min(left, PART), `the chunk ${JSON.stringify(id)}`);
}

function samplesOf({ channels, sampleRate, bits, decode }: Format, data: Uint8Array): Wav {
  // An incomplete last frame is dropped.
  const frames = Math.floor(data.length / ((bits / 8) * channels));
  if (frames === 0) throw wrong("it has no samples");
  return { ...decode(data.subarray(0, (frames * channels * bits) / 8)), shape: [frames, channels], sampleRate };
}
