/** How a pixel between pixels is found: the one above and left of it, or a mean of the nearest. */
export type ResizeMode = "nearest" | "bilinear";

/** Where one pixel of an axis of another size comes from: `(1 − weight) · old[first] + weight · old[second]`. */
export interface PixelSource {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

/**
 * Where all pixels of an axis come from when it is resized, as PyTorch has it without aligned corners: pixel centres lie at
 * halves, and beyond the first and the last one the edge goes on.
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
