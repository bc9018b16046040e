import { exifOrientation } from "./exifOrientation.ts";
import { checkSize, damagedError, imageError } from "./imageError.ts";
import { colorSpaceOf, pixelsOf } from "./jpeg/colors.ts";
import { readFrame, type Frame } from "./jpeg/frame.ts";
import { readHuffmanTables, type HuffmanTable } from "./jpeg/huffman.ts";
import { decodeScan } from "./jpeg/scan.ts";
import { isFrame, marker, segmentsOf, type Segment } from "./jpeg/segments.ts";
import { zigzag } from "./jpeg/zigzag.ts";
import type { Pixels } from "./pixels.ts";
import { viewOf } from "./viewOf.ts";

/** Largest number of scans. Encoders write about ten; a scan of a few bytes may still go through all blocks. */
const MOST_SCANS = 200;

/** The state of decoding. */
interface State {
  frame: Frame | undefined;
  scans: number;
  readonly huffman: (HuffmanTable | undefined)[];
  readonly quantization: (Uint16Array | undefined)[];
  restartInterval: number;
  isJfif: boolean;
  adobeTransform: number | undefined;
  orientation: number | undefined;
}

/** Decodes a JPEG file, sequential or progressive (ITU-T T.81), in greyscale, colour or CMYK, with 8 bits per sample. */
export function decodeJpeg(bytes: Uint8Array, name: string): Pixels {
  const state: State = {
    frame: undefined,
    scans: 0,
    huffman: [],
    quantization: [],
    restartInterval: 0,
    isJfif: false,
    adobeTransform: undefined,
    orientation: undefined,
  };
  try {
    for (const segment of segmentsOf(bytes)) {
      if (isFrame(segment.marker)) {
        if (state.frame !== undefined) throw new Error("it has two frames");
        checkKind(segment, name);
        state.frame = readFrame(segment.data, segment.marker === marker.frameProgressive);
        checkSize(name, state.frame.width, state.frame.height);
      } else readSegment(segment, state);
    }
    const { frame, isJfif, adobeTransform, orientation = 1 } = state;
    if (frame === undefined) throw new Error("it has no frame");
    const space = colorSpaceOf(frame.components, isJfif, adobeTransform);
    const remarks = frame.components.length === 4 ? ["converted from CMYK to RGB, without a colour profile"] : [];
    return {
      ...pixelsOf(frame, space),
      ...{ width: frame.width, height: frame.height, white: 255, orientation, remarks },
    };
  } catch (error) {
    throw error instanceof Error && error.name === "ValueError" ? error : damagedError(name, "JPEG", error);
  }
}

/** Refuses rarely used kinds of JPEG that are not supported. */
function checkKind({ marker: code, data }: Segment, name: string): void {
  if (code <= marker.frameProgressive && (data[0] === 8 || data.length === 0)) return;
  throw imageError(
    name,
    "is a JPEG file of a rare kind (lossless, arithmetic coding, or more than 8 bits), which is not supported",
    "save it as an ordinary one",
  );
}

const begins = (data: Uint8Array, text: string): boolean =>
  Array.from(text).every((letter, i) => data[i] === letter.charCodeAt(0));

/** Reads a segment other than a frame header; segments that decoding does not need are skipped. */
function readSegment({ marker: code, data, coded }: Segment, state: State): void {
  if (code === marker.app0 && begins(data, "JFIF\0")) state.isJfif = true;
  else if (code === marker.app1 && begins(data, "Exif\0")) state.orientation ??= exifOrientation(data.subarray(6));
  else if (code === marker.app14 && begins(data, "Adobe") && data.length >= 12) state.adobeTransform = data[11];
  else if (code === marker.quantizationTables) readQuantizationTables(data, state.quantization);
  else if (code === marker.huffmanTables) readHuffmanTables(data, state.huffman);
  else if (code === marker.restartInterval) {
    if (data.length !== 2) throw new Error("a restart interval is damaged");
    state.restartInterval = viewOf(data).getUint16(0);
  } else if (code === marker.scan) {
    if (state.frame === undefined) throw new Error("a scan comes before its frame");
    if (++state.scans > MOST_SCANS) throw new Error(`it has more than ${MOST_SCANS} scans`);
    decodeScan(state.frame, data, coded, state);
  }
}

/** Reads quantization tables: 64 factors in zigzag order, of one or two bytes each. */
function readQuantizationTables(data: Uint8Array, tables: (Uint16Array | undefined)[]): void {
  const view = viewOf(data);
  for (let at = 0; at < data.length;) {
    const head = view.getUint8(at++);
    const [isWide, place] = [head >> 4, head & 15];
    const size = isWide ? 128 : 64;
    if (isWide > 1 || place > 3 || at + size > data.length) throw new Error("a quantization table is damaged");
    const table = new Uint16Array(64);
    for (const [k, to] of zigzag.entries()) table[to] = isWide ? view.getUint16(at + 2 * k) : view.getUint8(at + k);
    tables[place] = table;
    at += size;
  }
}
