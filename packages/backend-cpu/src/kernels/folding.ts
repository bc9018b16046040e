import { sizeOf, type Shape } from "@convlens/backend";
import { loopsOf, type Loops } from "./loops.ts";

/** Neighbouring axes that are all reduced, or all kept. */
export interface Group {
  readonly size: number;
  readonly isFolded: boolean;
}

/**
 * A tensor of which some axes are reduced, seen as `[…outer, rows, …inner]`: there are many rows, which are reduced, and the
 * numbers of a row lie side by side. If no axis behind the rows is kept, a row is a single number.
 */
export interface Folding {
  readonly outer: readonly Group[];
  readonly rows: number;
  readonly inner: readonly Group[];
  /** Numbers in a row. */
  readonly width: number;
  /** Numbers that are reduced to one. */
  readonly count: number;
  /** Numbers that are left. */
  readonly kept: number;
}

/** Several rows shorter than this are taken together, so that they fill whole vectors. */
const WIDTH = 8;

/** The folding of a tensor whose rows are the longest group of reduced axes. */
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

/** The step of each group in a tensor that has only some of the groups; the step of the others is 0. */
export function stepsIn(groups: readonly Group[], isPresent: (group: Group) => boolean, width = 1): number[] {
  let room = width;
  const steps = groups.toReversed().map((group) => {
    const step = isPresent(group) ? room : 0;
    if (isPresent(group)) room *= group.size;
    return step;
  });
  return steps.toReversed();
}
const isKept = ({ isFolded }: Group): boolean => !isFolded;

/**
 * How values for each kept number are repeated to have one for each number of a row: their count, and the loops of the copy. There
 * are no loops if nothing in a row is reduced, and both are the same.
 */
export function spreadingOf({ outer, inner }: Folding): {
  readonly length: number;
  readonly loops: Loops | undefined;
} {
  const groups = [...outer.filter(isKept), ...inner];
  const sizes = groups.map(({ size }) => size);
  const steps = [stepsIn(groups, isKept), stepsIn(groups, () => true)];
  return { length: sizeOf(sizes), loops: inner.every(isKept) ? undefined : loopsOf(sizes, steps) };
}
