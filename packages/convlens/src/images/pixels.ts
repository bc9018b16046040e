/** A picture as a file holds it: nothing has been converted yet. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  /** 1 for greys, 3 for red, green and blue; one more where there is opacity. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Row by row, pixel by pixel. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
  /** The number that stands for white, and for opaque: 255 or 65535. */
  readonly white: number;
  /** How the camera was held, as EXIF numbers it, 1 to 8. */
  readonly orientation: number;
  /** What was done on the way, in words. */
  readonly remarks: readonly string[];
}

/** Pixels of a side. A longer one would need more memory in a single row than other images in all. */
export const LONGEST_SIDE = 65_535;
/** Pixels of an image. Decoding a larger one would take gigabytes. */
export const MOST_PIXELS = 50e6;
