import { checkSize, damagedError, imageError } from "./imageError.ts";
import type { Pixels } from "./pixels.ts";
import type { LabelImage } from "./resample.ts";
import { readChunks, sizeOfPng, type PngFile } from "./png/readChunks.ts";
import { unpackSamples } from "./png/unpackSamples.ts";
import { viewOf } from "./viewOf.ts";

/**
 * Decodes a PNG file of any kind; of an animation the first image. Profiles and texts are skipped, and only as many pixels as
 * the header announces are decompressed.
 */
export function decodePng(bytes: Uint8Array, name: string): Pixels {
  const { file, samples, ...size } = unpack(bytes, name);
  try {
    return { ...size, ...colored(file, samples), remarks: [] };
  } catch (error) {
    throw damagedError(name, "PNG", error);
  }
}

/**
 * Decodes a PNG file as labels: the palette indices of its pixels, or their greys as they are stored, so that white is 1 in a
 * file of 1 bit per pixel and 255 in one of 8 bits.
 *
 * @throws `ValueError` for a file with colours or transparency in each pixel.
 */
export function decodePngLabels(bytes: Uint8Array, name: string): LabelImage {
  const { file, samples, ...size } = unpack(bytes, name);
  if (file.channels === 1) return { ...size, data: samples };
  throw imageError(
    name,
    `has ${file.channels} channels, and labels have one`,
    "save it in greyscale or with a palette, or read it as an image",
  );
}

/** The samples of a PNG file, as they are stored. */
function unpack(
  bytes: Uint8Array,
  name: string,
): Omit<LabelImage, "data"> & { readonly file: PngFile; readonly samples: Uint8Array | Uint16Array } {
  const size = sizeOfPng(bytes);
  if (size === undefined) throw damagedError(name, "PNG");
  checkSize(name, size.width, size.height);
  try {
    const file = readChunks(bytes);
    const { width, height, orientation } = file;
    return { file, samples: unpackSamples(file), height, width, orientation };
  } catch (error) {
    throw damagedError(name, "PNG", error);
  }
}

type Colored = Pick<Pixels, "channels" | "data" | "white">;

/** Expands palette indices to colours, fewer than 8 bits to bytes, and transparency to a channel. */
function colored({ depth, channels, palette, transparency }: PngFile, samples: Uint8Array | Uint16Array): Colored {
  if (palette !== undefined) return fromPalette(samples, palette, transparency);
  const white = depth === 16 ? 65535 : 255;
  const clear = clearColor(channels, transparency);
  // Scales greys of fewer bits to a byte.
  const data = depth < 8 ? samples.map((x) => (x * 255) / (2 ** depth - 1)) : samples;
  return clear === undefined ? { channels, data, white } : withOpacity(samples, data, channels as 1 | 3, clear, white);
}

function fromPalette(samples: ArrayLike<number>, palette: Uint8Array, opacities: Uint8Array | undefined): Colored {
  const channels = opacities === undefined ? 3 : 4;
  const data = new Uint8Array(samples.length * channels);
  for (let i = 0; i < samples.length; i++) {
    const color = samples[i]!;
    if (3 * color >= palette.length) throw new Error("a pixel has a colour that is not in its palette");
    for (let k = 0; k < 3; k++) data[i * channels + k] = palette[3 * color + k]!;
    if (opacities !== undefined) data[i * channels + 3] = opacities[color] ?? 255;
  }
  return { channels, data, white: 255 };
}

/** The samples of the transparent colour, two bytes each. */
function clearColor(channels: number, transparency: Uint8Array | undefined): number[] | undefined {
  // An image with an alpha channel has no transparent colour.
  if (transparency === undefined || channels === 2 || channels === 4) return undefined;
  if (transparency.length !== 2 * channels) throw new Error(`its transparent colour has ${transparency.length} bytes`);
  const view = viewOf(transparency);
  return Array.from({ length: channels }, (_, k) => view.getUint16(2 * k));
}

function withOpacity(
  samples: Uint8Array | Uint16Array,
  data: Uint8Array | Uint16Array,
  channels: 1 | 3,
  clear: readonly number[],
  white: number,
): Colored {
  const count = samples.length / channels;
  const to = new (white === 255 ? Uint8Array : Uint16Array)(count * (channels + 1));
  for (let i = 0; i < count; i++) {
    let isClear = true;
    for (let k = 0; k < channels; k++) {
      to[i * (channels + 1) + k] = data[i * channels + k]!;
      isClear &&= samples[i * channels + k] === clear[k];
    }
    to[i * (channels + 1) + channels] = isClear ? 0 : white;
  }
  return { channels: (channels + 1) as 2 | 4, data: to, white };
}
