import type { Plane } from "./samples.ts";

/**
 * Gives a row of a component in the size of the image. A component of half the size is enlarged by a triangle, as libjpeg does
 * it: three parts of the nearest sample and one of the next. For other sizes samples are repeated.
 *
 * @param scaleX - How many pixels a sample stands for, across; `scaleY` down.
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
  // A sample, or four times the mean of two rows.
  const at = (x: number): number =>
    isSmoothY ? 3 * samples[near * stride + x]! + samples[far * stride + x]! : samples[near * stride + x]!;
  const bits = (isSmoothX ? 2 : 0) + (isSmoothY ? 2 : 0);
  if (!isSmoothX) {
    // Halves are rounded down in rows above, up in rows below.
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
