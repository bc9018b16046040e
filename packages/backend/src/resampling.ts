/** Method of resizing: the pixel above and to the left, or a weighted mean of the nearest pixels. */
export type ResizeMode = "nearest" | "bilinear";

/** Sources of one pixel of a resized axis: `(1 − weight) · old[first] + weight · old[second]`. */
export interface PixelSource {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

/**
 * Sources of all pixels of a resized axis, as in PyTorch without aligned corners: pixel centres lie at halves, and pixels
 * beyond the first and last centre repeat the edge.
 *
 * @example
 * ```ts
 * resampling(2, 4, "bilinear")[1]; // { first: 0, second: 1, weight: 0.25 }
 * ```
 */
export function resampling(from: number, to: number, mode: ResizeMode): PixelSource[] {
  return Array.from({ length: to }, (_, i) => {
    if (mode === "nearest") {
      const at = Math.floor((i * from) / to);
      return { first: at, second: at, weight: 0 };
    }
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const first = Math.floor(at);
    return { first, second: Math.min(from - 1, first + 1), weight: at - first };
  });
}
