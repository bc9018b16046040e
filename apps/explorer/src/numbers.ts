// Small functions of arrays that several panels need.

/** The whole numbers from 0 up to `count`, without it. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Least and greatest number. */
export function extremes(values: ArrayLike<number>): readonly [least: number, greatest: number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of Array.from(values)) [least, greatest] = [Math.min(least, value), Math.max(greatest, value)];
  return [least, greatest];
}

/** Largest absolute value, but at least `floor`, so that a range has a width. */
export function largestSize(values: ArrayLike<number>, floor = 1e-6): number {
  const [least, greatest] = extremes(values);
  return Math.max(-least, greatest, floor);
}

/** The greatest number and its index; the first of them. */
export function greatestOf(values: ArrayLike<number>): { readonly index: number; readonly value: number } {
  let best = { index: 0, value: -Infinity };
  for (const [index, value] of Array.from(values).entries()) if (value > best.value) best = { index, value };
  return best;
}

/** Largest absolute difference of two lists of numbers. */
export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

/** One channel of numbers whose last axis has `count` channels. */
export const channelOf = (values: ArrayLike<number>, channel: number, count: number): Float32Array =>
  Float32Array.from({ length: values.length / count }, (_, i) => values[i * count + channel]!);

/** A number held between two others. */
export const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));
