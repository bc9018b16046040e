import { decode, type DecodedPng } from "fast-png";
import type { Pixels } from "./pixels.ts";
import { checkSize, damagedError, imageError } from "./imageError.ts";

/** Where a PNG file says how its pixels are stored. */
const [WIDTH, HEIGHT, DEPTH, INTERLACE] = [16, 20, 24, 28];

/** The pixels of a PNG file of any kind. */
export function decodePng(bytes: Uint8Array, name: string): Pixels {
  if (bytes.length <= INTERLACE) throw damagedError(name, "PNG");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkSize(name, view.getUint32(WIDTH), view.getUint32(HEIGHT));
  // The decoder takes each of the seven parts of such an image for bytes.
  if (bytes[INTERLACE] === 1 && bytes[DEPTH]! < 8)
    throw imageError(
      name,
      `is an interlaced PNG of ${bytes[DEPTH]} bits a pixel, which is not read`,
      "save it without interlacing",
    );
  try {
    const png = decode(bytes, { checkCrc: true });
    const needed = Math.ceil((png.width * png.depth * png.channels) / 8) * png.height;
    if (png.data.byteLength !== needed) throw new Error("pixels are missing");
    return { ...unpacked(png), height: png.height, width: png.width, orientation: 1, remarks: [] };
  } catch (error) {
    throw damagedError(name, "PNG", error);
  }
}

/** Whole samples, colours in place of their numbers in a palette, and opacity as a channel. */
function unpacked(png: DecodedPng): Pick<Pixels, "channels" | "data" | "white"> {
  const { width, height, depth, palette, transparency, channels } = png;
  const samples = depth < 8 ? separated(png) : png.data;
  if (palette !== undefined && palette.length > 0 && channels === 1) {
    const kinds = palette[0]!.length as 3 | 4;
    const data = new Uint8Array(width * height * kinds);
    for (let i = 0; i < samples.length; i++) {
      const color = palette[samples[i]!];
      if (color === undefined) throw new Error("a pixel has a colour that is not in its palette");
      data.set(color, i * kinds);
    }
    return { channels: kinds, data, white: 255 };
  }
  const white = depth === 16 ? 65535 : 255;
  // Greys of few bits, spread over a byte.
  const data = depth < 8 ? samples.map((x) => (x * 255) / (2 ** depth - 1)) : samples;
  if (transparency === undefined || transparency.length !== channels)
    return { channels: channels as Pixels["channels"], data, white };
  // One colour stands for "nothing here".
  const withOpacity = new (data.constructor as Uint16ArrayConstructor)(width * height * (channels + 1)).fill(white);
  for (let i = 0; i < width * height; i++) {
    const pixel = samples.subarray(i * channels, (i + 1) * channels);
    withOpacity.set(data.subarray(i * channels, (i + 1) * channels), i * (channels + 1));
    if (pixel.every((x, k) => x === transparency[k])) withOpacity[i * (channels + 1) + channels] = 0;
  }
  return { channels: (channels + 1) as 2 | 4, data: withOpacity, white };
}

/** Samples of 1, 2 or 4 bits, which are packed into bytes, row by row. */
function separated({ width, height, depth, data }: DecodedPng): Uint8Array {
  const bytesOfRow = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * bytesOfRow + (bit >> 3)]!;
    return (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  });
}
