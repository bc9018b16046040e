import jpeg from "jpeg-js";
import { exifOrientation } from "./exifOrientation.ts";
import type { Pixels } from "./pixels.ts";
import { checkSize, damagedError, imageError } from "./imageError.ts";

/** Megabytes that decoding may take: about 30 for a million pixels. */
const MEMORY = 2000;

/** What a JPEG file says of itself before its pixels begin. */
interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** Colours of a pixel: 1, 3, or 4 for CMYK. */
  readonly components: number;
  /** The marker of its frame, which names the way of coding. */
  readonly frame: number;
  readonly orientation: number;
}

/** Looks through the segments of a file; gives nothing where they break off. */
function headerOf(bytes: Uint8Array): JpegHeader | undefined {
  let orientation = 1;
  let found: Omit<JpegHeader, "orientation"> | undefined;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    // Markers may be filled up with more of the same byte.
    if (marker === 0xff) {
      at++;
      continue;
    }
    const size = bytes[at + 2]! * 256 + bytes[at + 3]!;
    const segment = bytes.subarray(at + 4, at + 2 + size);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame && segment.length >= 6)
      found = {
        height: segment[1]! * 256 + segment[2]!,
        width: segment[3]! * 256 + segment[4]!,
        components: segment[5]!,
        frame: marker,
      };
    if (marker === 0xe1) orientation = exifOrientation(segment) ?? orientation;
    // What follows is pixels.
    if (marker === 0xda) return found && { ...found, orientation };
    at += 2 + size;
  }
  return undefined;
}

/** The pixels of a JPEG file, sequential or progressive, in greys, colours or CMYK. */
export function decodeJpeg(bytes: Uint8Array, name: string): Pixels {
  const damaged = (cause?: unknown): Error => damagedError(name, "JPEG", cause);
  const header = headerOf(bytes);
  if (header === undefined) throw damaged();
  const { width, height, components, frame, orientation } = header;
  checkSize(name, width, height);
  if (frame > 0xc2)
    throw imageError(
      name,
      "is a JPEG file of a rare kind (lossless or arithmetic coding), which is not read",
      "save it as an ordinary one",
    );
  try {
    const { data } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: 1e3,
      maxMemoryUsageInMB: MEMORY,
    });
    const remarks = components === 4 ? ["its inks (CMYK) became red, green and blue, without a colour profile"] : [];
    return { width, height, channels: 3, data, white: 255, orientation, remarks };
  } catch (error) {
    throw damaged(error);
  }
}
