import type { Values } from "@convlens/backend";

/** Returns equal parts of a list of numbers, such as the examples of a batch, as views. */
export function partsOf<V extends Values>(values: V, count: number): V[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => values.subarray(i * size, (i + 1) * size) as V);
}

/** Returns the smallest and the largest number; `[Infinity, -Infinity]` for no numbers. */
export function extentOf(values: Iterable<number>): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const x of values) [low, high] = [Math.min(low, x), Math.max(high, x)];
  return [low, high];
}

/** Returns the largest absolute value; 0 for no numbers. */
export function magnitudeOf(values: Iterable<number>): number {
  let largest = 0;
  for (const x of values) largest = Math.max(largest, Math.abs(x));
  return largest;
}

/** Returns the sum of numbers, in order. */
export function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const x of values) sum += x;
  return sum;
}

/** Returns the mean of numbers; NaN for no numbers. */
export const meanOf = (values: ArrayLike<number> & Iterable<number>): number => sumOf(values) / values.length;
