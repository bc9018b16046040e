import type { Random } from "@convlens/backend";
import { gather, multiply, reshape, sum, transpose, type Tensor } from "@convlens/tensor";

/** Options of the random transformation at each step of an optimization. */
export interface TransformationOptions {
  /** Largest shift, in pixels. Default: a sixteenth of the image. */
  readonly jitter?: number;
  /** Largest change of scale. Default: 0.05. */
  readonly scale?: number;
  /** Largest rotation, in degrees. Default: 5. */
  readonly rotate?: number;
}

/** The sources of each pixel of a transformed image: four pixels around a point, and their weights. */
export interface Sampling {
  /** `[4, pixels]` */
  readonly indices: Float64Array;
  /** `[4, pixels]`; the weights of a pixel sum to 1. */
  readonly weights: Float64Array;
}

/** A transformation: pixel p comes from rotation · scale · (p − center) + center + shift. */
export interface Movement {
  readonly shiftY: number;
  readonly shiftX: number;
  readonly scale: number;
  /** In degrees. */
  readonly degrees: number;
}

/** Returns a random transformation. */
export function randomMovement(
  random: Random,
  { height, width }: { readonly height: number; readonly width: number },
  { jitter = Math.max(height, width) / 16, scale = 0.05, rotate = 5 }: TransformationOptions,
): Movement {
  const within = (limit: number): number => (2 * random.next() - 1) * limit;
  return {
    // A signal is only moved along its row.
    shiftY: height === 1 ? 0 : within(jitter),
    shiftX: within(jitter),
    scale: 1 + within(scale),
    degrees: height === 1 ? 0 : within(rotate),
  };
}

/** Bilinear sampling of a transformed image; beyond the edge the edge pixel is repeated. */
export function samplingOf(height: number, width: number, { shiftY, shiftX, scale, degrees }: Movement): Sampling {
  const pixels = height * width;
  const [indices, weights] = [new Float64Array(4 * pixels), new Float64Array(4 * pixels)];
  const [cos, sin] = [Math.cos((Math.PI * degrees) / 180), Math.sin((Math.PI * degrees) / 180)];
  const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
  for (let p = 0; p < pixels; p++) {
    const [y, x] = [scale * (Math.floor(p / width) - middleY), scale * ((p % width) - middleX)];
    const fromY = Math.min(height - 1, Math.max(0, cos * y - sin * x + middleY + shiftY));
    const fromX = Math.min(width - 1, Math.max(0, sin * y + cos * x + middleX + shiftX));
    const [top, left] = [Math.floor(fromY), Math.floor(fromX)];
    const [down, right] = [fromY - top, fromX - left];
    for (let corner = 0; corner < 4; corner++) {
      const [below, beside] = [corner >> 1, corner & 1];
      const row = Math.min(height - 1, top + below);
      const column = Math.min(width - 1, left + beside);
      indices[corner * pixels + p] = row * width + column;
      weights[corner * pixels + p] = (below ? down : 1 - down) * (beside ? right : 1 - right);
    }
  }
  return { indices, weights };
}

/** Records the resampling of an image `[n, h, w, c]`; gradients flow to the pixels that it reads. */
export function resampled(image: Tensor, indices: Tensor, weights: Tensor): Tensor {
  const [n, h, w, c] = image.shape as readonly [number, number, number, number];
  const pixels = reshape(transpose(image, [1, 2, 0, 3]), [h * w, n * c]);
  const corners = multiply(gather(pixels, indices), reshape(weights, [4, h * w, 1]));
  return transpose(reshape(sum(corners, 0), [h, w, n, c]), [2, 0, 1, 3]);
}
