// Small functions of arrays that several panels need.

/** The whole numbers from 0 up to `count`, without it. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Least and greatest number. */
export function extremes(values: ArrayLike<number>): readonly [least: number, greatest: number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++)
    [least, greatest] = [Math.min(least, values[i]!), Math.max(greatest, values[i]!)];
  return [least, greatest];
}

/** Largest absolute value, but at least `floor`, so that a range has a width. */
export function largestSize(values: ArrayLike<number>, floor = 1e-6): number {
  const [least, greatest] = extremes(values);
  return Math.max(-least, greatest, floor);
}

/** Index of the greatest number; the first of them. */
export function indexOfGreatest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** One channel of numbers whose last axis has `count` channels. */
export const channelOf = (values: ArrayLike<number>, channel: number, count: number): Float32Array =>
  Float32Array.from({ length: values.length / count }, (_, i) => values[i * count + channel]!);

/** A number held between two others. */
export const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));
