import { viewOf } from "../viewOf.ts";

/** Markers of the segments that the decoder reads. */
export const marker = {
  frameBaseline: 0xc0,
  frameExtended: 0xc1,
  frameProgressive: 0xc2,
  huffmanTables: 0xc4,
  end: 0xd9,
  scan: 0xda,
  quantizationTables: 0xdb,
  restartInterval: 0xdd,
  app0: 0xe0,
  app1: 0xe1,
  app14: 0xee,
} as const;

/** Whether a marker starts a frame of any coding process. */
export const isFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;

/** Whether a marker separates the restart intervals of a scan. */
export const isRestart = (code: number): boolean => code >= 0xd0 && code <= 0xd7;

/** A segment of a JPEG file. */
export interface Segment {
  readonly marker: number;
  readonly data: Uint8Array;
  /** The entropy-coded data after the header of a scan. */
  readonly coded: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** Returns the position of the next marker code at or after `at`, or the end of the file. */
function nextMarker(bytes: Uint8Array, at: number): number {
  for (let from = bytes.indexOf(0xff, at); from >= 0; from = bytes.indexOf(0xff, from + 1)) {
    const code = bytes[from + 1];
    if (code !== undefined && code !== 0 && code !== 0xff) return from + 1;
  }
  return bytes.length;
}

/** Returns the end of the entropy-coded data that begin at `at`: the next marker other than a restart marker. */
function endOfCoded(bytes: Uint8Array, at: number): number {
  let found = nextMarker(bytes, at);
  while (found < bytes.length && isRestart(bytes[found]!)) found = nextMarker(bytes, found + 1);
  return found < bytes.length ? found - 1 : bytes.length;
}

/**
 * Yields the segments of a JPEG file, up to the end marker.
 *
 * @throws `Error` if the file is incomplete.
 */
export function* segmentsOf(bytes: Uint8Array): Generator<Segment> {
  const view = viewOf(bytes);
  let at = 2;
  for (;;) {
    const place = nextMarker(bytes, at);
    const code = bytes[place];
    if (code === undefined) throw new Error("its end is missing");
    at = place + 1;
    if (code === marker.end) return;
    // These markers have no content.
    if (isRestart(code) || code === 0x01 || code === 0xd8) continue;
    const length = at + 1 < bytes.length ? view.getUint16(at) : 0;
    if (length < 2 || at + length > bytes.length) throw new Error("a segment is longer than the file");
    const data = bytes.subarray(at + 2, at + length);
    at += length;
    const end = code === marker.scan ? endOfCoded(bytes, at) : at;
    yield { marker: code, data, coded: code === marker.scan ? bytes.subarray(at, end) : NOTHING };
    at = end;
  }
}
