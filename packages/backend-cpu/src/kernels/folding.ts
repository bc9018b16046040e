import { sizeOf, type Shape } from "@convlens/backend";
import { loopsOf, type Loop } from "./loops.ts";

/** Neighbouring axes that are folded together, or stay together. */
export interface Group {
  readonly size: number;
  readonly isFolded: boolean;
}

/**
 * A tensor whose axes are folded or stay, in any order, seen as `[…outer, rows, …inner]`: rows are folded, many of them, and
 * what is in a row lies side by side. Where nothing stays behind the rows, a row is a single number.
 */
export interface Folding {
  readonly outer: readonly Group[];
  readonly rows: number;
  readonly inner: readonly Group[];
  /** Numbers in a row. */
  readonly width: number;
  /** How many numbers become one. */
  readonly count: number;
  /** How many there are then. */
  readonly kept: number;
}

/** Short rows are taken some together, so that they fill whole lanes. */
const WIDTH = 8;

/** Sees a tensor so that the longest stretch of folded axes are its rows. */
export function foldingOf(shape: Shape, axes: readonly number[]): Folding {
  const groups: Group[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const isFolded = axes.includes(axis);
    const last = groups.at(-1);
    if (last?.isFolded === isFolded) groups.splice(-1, 1, { size: last.size * size, isFolded });
    else groups.push({ size, isFolded });
  });
  if (!groups.some(({ isFolded }) => isFolded)) groups.unshift({ size: 1, isFolded: true });
  const sizes = groups.map(({ size, isFolded }) => (isFolded ? size : 0));
  const at = sizes.indexOf(Math.max(...sizes));
  const [outer, inner] = [groups.slice(0, at), groups.slice(at + 1)];
  let rows = groups[at]!.size;
  let width = sizeOf(inner.map(({ size }) => size));
  let together = 1;
  while (width > 1 && (width < WIDTH || (width % 4 > 0 && width < 2 * WIDTH)) && rows % 2 === 0) {
    rows /= 2;
    width *= 2;
    together *= 2;
  }
  if (together > 1) inner.unshift({ size: together, isFolded: true });
  const count = sizeOf(groups.map(({ size, isFolded }) => (isFolded ? size : 1)));
  return { outer, rows, inner, width, count, kept: sizeOf(shape) / count };
}

/** Steps of groups that lie in each other, in numbers; those without room are stretched. */
export function stepsIn(groups: readonly Group[], hasRoom: (group: Group) => boolean, width = 1): number[] {
  let room = width;
  const steps = groups.toReversed().map((group) => {
    const step = hasRoom(group) ? room : 0;
    if (hasRoom(group)) room *= group.size;
    return step;
  });
  return steps.toReversed();
}
const isKept = ({ isFolded }: Group): boolean => !isFolded;

/**
 * What is known of each number that stays, spread to all numbers of a row: how many numbers that makes, and the loops, from one
 * to the other. There are none where nothing in a row is folded, and both are the same.
 */
export function spreadingOf({ outer, inner }: Folding): {
  readonly length: number;
  readonly loops: Loop[] | undefined;
} {
  const groups = [...outer.filter(isKept), ...inner];
  const sizes = groups.map(({ size }) => size);
  const steps = [stepsIn(groups, isKept), stepsIn(groups, () => true)];
  return { length: sizeOf(sizes), loops: inner.every(isKept) ? undefined : loopsOf(sizes, steps) };
}
