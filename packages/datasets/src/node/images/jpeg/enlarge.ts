import type { Plane } from "./samples.ts";

/**
 * Upsamples a row of a component to the size of the image. A component of half the size is interpolated with a triangle filter
 * as in libjpeg, ¾ of the nearest sample and ¼ of the next; for other factors samples are repeated.
 *
 * @param scaleX - Pixels per sample, horizontally; `scaleY` vertically.
 * @param to - Receives the row; its length is the width of the image.
 */
export function enlargedRow(plane: Plane, y: number, scaleX: number, scaleY: number, to: Int32Array): void {
  const { height, stride, samples } = plane;
  if (scaleX === 1 && scaleY === 1) {
    for (let x = 0, from = y * stride; x < to.length; x++) to[x] = samples[from + x]!;
    return;
  }
  const isSmoothX = scaleX === 2 && scaleY <= 2 && plane.width > 2;
  const isSmoothY = scaleY === 2 && (scaleX === 1 || isSmoothX);
  const near = Math.min(height - 1, Math.floor(y / scaleY));
  const far = isSmoothY ? Math.min(height - 1, Math.max(0, near + (y % 2 === 0 ? -1 : 1))) : near;
  // A sample, or four times the weighted mean of two rows.
  const at = (x: number): number =>
    isSmoothY ? 3 * samples[near * stride + x]! + samples[far * stride + x]! : samples[near * stride + x]!;
  const bits = (isSmoothX ? 2 : 0) + (isSmoothY ? 2 : 0);
  if (!isSmoothX) {
    // libjpeg rounds halves down in upper rows, up in lower ones.
    const half = isSmoothY ? 1 + (y % 2) : 0;
    for (let x = 0; x < to.length; x++) to[x] = (at(Math.floor(x / scaleX)) + half) >> bits;
    return;
  }
  const [halfLeft, halfRight] = isSmoothY ? [8, 7] : [1, 2];
  for (let x = 0; x < to.length; x++) {
    const here = x >> 1;
    const isLeft = (x & 1) === 0;
    const beside = Math.min(plane.width - 1, Math.max(0, here + (isLeft ? -1 : 1)));
    to[x] = (3 * at(here) + at(beside) + (isLeft ? halfLeft : halfRight)) >> bits;
  }
}
