/** The pixels of an image file, before any conversion. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  /** 1 for greyscale, 3 for red, green and blue; one more with an alpha channel. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Row by row, pixel by pixel. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
  /** The value of white and of opaque: 255 or 65535. */
  readonly white: number;
  /** The EXIF orientation, 1 to 8. */
  readonly orientation: number;
  /** Conversions made while decoding, in words. */
  readonly remarks: readonly string[];
}

/** Largest side, in pixels. A single row of a larger image would need too much memory. */
export const LONGEST_SIDE = 65_535;
/** Largest number of pixels. Decoding more would take gigabytes. */
export const MOST_PIXELS = 50e6;
