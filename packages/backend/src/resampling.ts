/** Method of resizing: the pixel above and to the left, or a weighted mean of the 2 or 4 nearest pixels along each axis. */
export type ResizeMode = "nearest" | "bilinear" | "bicubic";

/** How an axis is resized. */
export interface Resampling {
  /** Size before. */
  readonly from: number;
  /** Size after. */
  readonly to: number;
  readonly mode: ResizeMode;
  /** Whether the centres of the first and of the last pixels before and after coincide; if not, the edges of the images do. */
  readonly alignCorners: boolean;
}

/** A source of a resized pixel: its place along the axis, and its weight. */
export interface PixelSource {
  readonly place: number;
  readonly weight: number;
}

/** Positions of new pixels among the old ones: `(i + shift) · span / steps − shift`. */
export const pixelPositions = ({
  from,
  to,
  alignCorners,
}: Resampling): { readonly shift: number; readonly span: number; readonly steps: number } =>
  alignCorners ? { shift: 0, span: from - 1, steps: Math.max(1, to - 1) } : { shift: 0.5, span: from, steps: to };

/** Weight of a pixel at distance `d`, below 2: the cubic convolution of Keys with a = −3/4, as in PyTorch. */
const cubic = (d: number): number => (d < 1 ? (1.25 * d - 2.25) * d * d + 1 : ((3.75 - 0.75 * d) * d - 6) * d + 3);

/**
 * Sources of all pixels of a resized axis, as in PyTorch: 1, 2 or 4 of each, by the mode. Beyond the first and the last pixel the
 * edge is repeated.
 *
 * @example
 * ```ts
 * const pixels = resampling({ from: 2, to: 4, mode: "bilinear", alignCorners: false });
 * pixels[1]; // [{ place: 0, weight: 0.75 }, { place: 1, weight: 0.25 }]
 * ```
 */
export function resampling(axis: Resampling): PixelSource[][] {
  const { from, to, mode } = axis;
  const { shift, span, steps } = pixelPositions(axis);
  return Array.from({ length: to }, (_, i) => {
    if (mode === "nearest") return [{ place: Math.floor((i * from) / to), weight: 1 }];
    const position = ((i + shift) * span) / steps - shift;
    const at = mode === "bilinear" ? Math.min(from - 1, Math.max(0, position)) : position;
    const t = at - Math.floor(at);
    const weights = mode === "bilinear" ? [1 - t, t] : [1 + t, t, 1 - t, 2 - t].map(cubic);
    const first = Math.floor(at) - weights.length / 2 + 1;
    return weights.map((weight, k) => ({ place: Math.min(from - 1, Math.max(0, first + k)), weight }));
  });
}
