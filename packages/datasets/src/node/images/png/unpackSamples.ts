import { inflateSync } from "node:zlib";
import { viewOf } from "../viewOf.ts";
import type { PngFile } from "./readChunks.ts";

/** Largest compression ratio of deflate. */
const MOST_OF_ONE = 1032;

/** A pass of an image: every `dx`-th pixel of every `dy`-th row. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly width: number;
  readonly height: number;
}

/** The seven passes of an interlaced image (Adam7): x, y, dx, dy. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function passesOf({ width, height, isInterlaced }: PngFile): Pass[] {
  const steps = isInterlaced ? adam7 : ([[0, 0, 1, 1]] as const);
  return steps
    .map(([x, y, dx, dy]) => ({
      ...{ x, y, dx, dy },
      width: Math.ceil((width - x) / dx),
      height: Math.ceil((height - y) / dy),
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/** The Paeth predictor: the one of left, above and upper left nearest to left + above − upper left. */
function paeth(left: number, above: number, corner: number): number {
  const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

/** Reverses the filter of a row in place. The filter byte and the row begin at `at`, where the row above ends, if any. */
function unfilter(raw: Uint8Array, at: number, length: number, pixel: number, isFirst: boolean): void {
  const filter = raw[at]!;
  if (filter > 4) throw new Error(`a row has the unknown filter ${filter}`);
  if (filter === 0) return;
  const from = at + 1;
  for (let i = 0; i < length; i++) {
    const left = i < pixel ? 0 : raw[from + i - pixel]!;
    const above = isFirst ? 0 : raw[from + i - length - 1]!;
    const corner = isFirst || i < pixel ? 0 : raw[from + i - length - 1 - pixel]!;
    const predicted =
      filter === 1 ? left : filter === 2 ? above : filter === 3 ? (left + above) >> 1 : paeth(left, above, corner);
    raw[from + i] = raw[from + i]! + predicted;
  }
}

/**
 * Decompresses the samples of an image, pixel by pixel, as they are stored: palette indices or numbers below 2^depth.
 *
 * @throws `Error` if there are fewer or more samples than the header announces. No more than that are decompressed.
 */
export function unpackSamples(file: PngFile): Uint8Array | Uint16Array {
  const { width, height, depth, channels } = file;
  const passes = passesOf(file);
  const bytesOf = (pixels: number): number => Math.ceil((pixels * depth * channels) / 8);
  const size = passes.reduce((sum, pass) => sum + pass.height * (1 + bytesOf(pass.width)), 0);
  const packed = Buffer.concat(file.packed);
  if (packed.length * MOST_OF_ONE < size) throw new Error("pixels are missing");
  const raw = inflate(packed, size);
  const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  let at = 0;
  for (const pass of passes) {
    const rowBytes = bytesOf(pass.width);
    for (let row = 0; row < pass.height; row++, at += 1 + rowBytes) {
      unfilter(raw, at, rowBytes, Math.max(1, (depth * channels) / 8), row === 0);
      const to = ((pass.y + row * pass.dy) * width + pass.x) * channels;
      placeRow(raw, at + 1, depth, pass.width * channels, samples, to, channels, pass.dx);
    }
  }
  return samples;
}

function inflate(packed: Uint8Array, size: number): Uint8Array {
  let raw: Uint8Array;
  try {
    raw = inflateSync(packed, { maxOutputLength: size, chunkSize: 2 ** 18 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new Error("it holds more pixels than it says", { cause: error });
    throw error;
  }
  if (raw.length !== size) throw new Error("pixels are missing");
  return raw;
}

/** Stores the samples of a row, with pixels `step` pixels apart. */
function placeRow(
  raw: Uint8Array,
  from: number,
  depth: number,
  count: number,
  samples: Uint8Array | Uint16Array,
  to: number,
  channels: number,
  step: number,
): void {
  if (depth === 8 && step === 1) {
    samples.set(raw.subarray(from, from + count), to);
    return;
  }
  const gap = (step - 1) * channels;
  const view = viewOf(raw);
  for (let i = 0, at = to, channel = 0; i < count; i++, at++) {
    if (channel === channels) {
      channel = 0;
      at += gap;
    }
    channel++;
    const bit = i * depth;
    samples[at] =
      depth === 8
        ? view.getUint8(from + i)
        : depth === 16
          ? view.getUint16(from + 2 * i)
          : (view.getUint8(from + (bit >> 3)) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  }
}
