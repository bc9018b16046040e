import { crc32 } from "node:zlib";
import { exifOrientation } from "../exifOrientation.ts";
import { viewOf } from "../viewOf.ts";

/** The content of a PNG file, still compressed. */
export interface PngFile {
  readonly width: number;
  readonly height: number;
  /** Bits per sample. */
  readonly depth: number;
  /** Samples per pixel; 1 for a palette index. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly isInterlaced: boolean;
  /** The palette: red, green and blue of each colour. */
  readonly palette: Uint8Array | undefined;
  /** The chunk tRNS: opacities of the palette, or the transparent colour. */
  readonly transparency: Uint8Array | undefined;
  /** Parts of the compressed pixels. */
  readonly packed: readonly Uint8Array[];
  readonly orientation: number;
}

const HEADER_BYTES = 13;
const INDEXED = 3;
/** Samples per pixel and allowed bit depths by colour type. */
const colorTypes: Readonly<Record<number, readonly [channels: 1 | 2 | 3 | 4, depths: readonly number[]]>> = {
  0: [1, [1, 2, 4, 8, 16]],
  2: [3, [8, 16]],
  [INDEXED]: [1, [1, 2, 4, 8]],
  4: [2, [8, 16]],
  6: [4, [8, 16]],
};
/** Chunks that are read. Others, such as profiles, texts and animations, are neither checked nor decompressed. */
const wanted = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "eXIf"]);
/** Bit 5 of the first letter: set if a decoder may skip the chunk. */
const isAncillary = (type: string): boolean => (type.charCodeAt(0) & 32) !== 0;

/** Yields the chunks of a PNG file. */
function* chunksOf(bytes: Uint8Array): Generator<readonly [type: string, data: Uint8Array]> {
  const view = viewOf(bytes);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw new Error("a chunk is longer than the file");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!wanted.has(type)) {
      if (!isAncillary(type)) throw new Error(`it needs the unknown chunk ${JSON.stringify(type)}`);
    } else {
      if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end))
        throw new Error(`the checksum of ${type} is wrong`);
      yield [type, bytes.subarray(at + 8, end)];
    }
    at = end + 4;
  }
  throw new Error("its end is missing");
}

/** Reads the size of an image from the start of its file; `undefined` if the file does not begin with it. */
export function sizeOfPng(bytes: Uint8Array): { readonly width: number; readonly height: number } | undefined {
  if (bytes.length < 24) return undefined;
  const view = viewOf(bytes);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/**
 * Reads the chunks of a PNG file that its pixels need.
 *
 * @throws `Error` if the file is invalid.
 */
export function readChunks(bytes: Uint8Array): PngFile {
  const packed: Uint8Array[] = [];
  const others = new Map<string, Uint8Array>();
  for (const [type, data] of chunksOf(bytes)) {
    if ((type === "IHDR") !== (others.size === 0)) throw new Error("its header is not at the beginning");
    if (type === "IEND") break;
    if (type === "IDAT") packed.push(data);
    else if (others.has(type)) throw new Error(`it has two chunks ${type}`);
    else others.set(type, data);
  }
  const header = others.get("IHDR");
  if (header?.length !== HEADER_BYTES) throw new Error(`its header has ${header?.length} bytes`);
  const view = viewOf(header);
  const [depth, colorType] = [view.getUint8(8), view.getUint8(9)];
  const [compression, filter, interlace] = [view.getUint8(10), view.getUint8(11), view.getUint8(12)];
  const [channels, depths] = colorTypes[colorType] ?? [1, []];
  if (!depths.includes(depth)) throw new Error(`it has ${depth} bits of the type of colour ${colorType}`);
  if (compression !== 0 || filter !== 0 || interlace > 1) throw new Error("its pixels are stored in an unknown way");
  const palette = others.get("PLTE");
  if (palette !== undefined && (palette.length % 3 !== 0 || palette.length > 3 * 256))
    throw new Error(`its palette has ${palette.length} bytes`);
  if (colorType === INDEXED && palette === undefined) throw new Error("its palette is missing");
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth,
    channels,
    isInterlaced: interlace === 1,
    palette: colorType === INDEXED ? palette : undefined,
    transparency: others.get("tRNS"),
    packed,
    orientation: exifOrientation(others.get("eXIf") ?? new Uint8Array(0)) ?? 1,
  };
}
