import { LEARNING_SIDE as SIDE } from "../../compute/learningData.ts";

/** A point of a drawing, in pixels from the upper left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The pen is about as wide as those that digits of MNIST were written with. In pixels. */
const RADIUS = 1.3;

/** A stroke from one point to another, drawn into greys from 0 to 255. What was darker stays. */
export function stroke(pixels: Uint8Array, from: Point, to: Point): Uint8Array {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  return pixels.map((before, i) => {
    const [x, y] = [(i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5];
    // The nearest place on the way.
    const along = length === 0 ? 0 : ((x - from.x) * (to.x - from.x) + (y - from.y) * (to.y - from.y)) / length ** 2;
    const t = Math.max(0, Math.min(1, along));
    const distance = Math.hypot(x - from.x - t * (to.x - from.x), y - from.y - t * (to.y - from.y));
    return Math.max(before, Math.round(255 * Math.max(0, Math.min(1, RADIUS + 0.5 - distance))));
  });
}

/** A picture moved so that the middle of its ink lies in the middle, as those of MNIST are. An empty one stays. */
export function centred(pixels: Uint8Array): Uint8Array {
  let [mass, sumX, sumY] = [0, 0, 0];
  for (const [i, ink] of pixels.entries()) {
    mass += ink;
    sumX += ink * (i % SIDE);
    sumY += ink * Math.floor(i / SIDE);
  }
  if (mass === 0) return pixels;
  const [dx, dy] = [Math.round(SIDE / 2 - sumX / mass), Math.round(SIDE / 2 - sumY / mass)];
  return Uint8Array.from(pixels, (_, i) => {
    const [x, y] = [(i % SIDE) - dx, Math.floor(i / SIDE) - dy];
    return x >= 0 && x < SIDE && y >= 0 && y < SIDE ? pixels[y * SIDE + x]! : 0;
  });
}
