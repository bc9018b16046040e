import type { Shape } from "@convlens/backend";

// Every operation maps positions of its output to intervals of its input, and the map is affine in the position: unit i of a
// layer sees [start + jump · i, start + jump · i + size − 1]. The same holds for every axis of every recorded tensor that follows
// an axis of the input. Reshapes split and merge axes, so an axis is a list of factors.

/** A factor of an axis: `size` positions, `step` pixels apart along axis `along` of the input, if it follows one. */
interface Factor {
  readonly size: number;
  readonly along?: number | undefined;
  readonly step: number;
}

/** Pixels from `low` to `high`, both included; they may lie in the padding. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What the units of a tensor see along one axis of the input. */
interface Sight {
  /** What the unit at the origin sees; for other units it moves with the factors along this axis. */
  readonly moving?: Interval | undefined;
  /** What every unit sees, regardless of its position. */
  readonly fixed?: Interval | undefined;
}

/** What the units of a tensor see of the input. */
export interface Field {
  /** The axes of the tensor, each as factors, outer before inner. */
  readonly axes: readonly (readonly Factor[])[];
  /** By spatial axis of the input: 1 for height, 2 for width. */
  readonly sights: ReadonlyMap<number, Sight>;
}

const hull = (a: Interval | undefined, b: Interval | undefined): Interval | undefined =>
  a === undefined ? b : b === undefined ? a : { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };

const plain = (size: number): Factor => ({ size, step: 0 });
/** An axis of this size that follows no axis of the input. */
export const plainAxis = (size: number): readonly Factor[] => (size === 1 ? [] : [plain(size)]);
export const sizeOfAxis = (axis: readonly Factor[]): number => axis.reduce((size, factor) => size * factor.size, 1);

/** Returns the union of an interval moved to all positions of the factors. */
const swept = (interval: Interval, factors: readonly Factor[]): Interval =>
  factors.reduce(
    ({ low, high }, { size, step }) => ({
      low: low + Math.min(0, step * (size - 1)),
      high: high + Math.max(0, step * (size - 1)),
    }),
    interval,
  );

const withSight = (field: Field, along: number, change: (sight: Sight) => Sight): Field => ({
  ...field,
  sights: new Map(field.sights).set(along, change(field.sights.get(along)!)),
});

/** Reduces axes: each unit then sees what all positions along them saw. A reduced axis has size 1, or `size`. */
export function fold(field: Field, axes: readonly number[], size = 1): Field {
  let folded = field;
  for (const along of field.sights.keys()) {
    const walked = axes.flatMap((axis) => field.axes[axis]!.filter((factor) => factor.along === along));
    if (walked.length === 0) continue;
    // Remaining factors still move the unit; reduced ones extend what it sees.
    folded = withSight(folded, along, ({ moving, fixed }) => {
      const stays = folded.axes.some((axis, i) => !axes.includes(i) && axis.some((factor) => factor.along === along));
      const seen = moving && swept(moving, walked);
      return stays ? { moving: seen, fixed } : { fixed: hull(seen, fixed) };
    });
  }
  return { ...folded, axes: folded.axes.map((axis, i) => (axes.includes(i) ? plainAxis(size) : axis)) };
}

/** Every unit sees what any unit saw. */
export const everything = (fields: readonly Field[], shape: Shape): Field => {
  const all = fields.map((field) => fold(field, [...field.axes.keys()]));
  const sights = new Map(
    [...all[0]!.sights.keys()].map((along) => [
      along,
      { fixed: all.map((field) => field.sights.get(along)?.fixed).reduce(hull, undefined) },
    ]),
  );
  return { axes: shape.map(plainAxis), sights };
};

/** A window that moves along an axis: position i sees the positions from pace · i + low to pace · i + high. */
export interface Walk extends Interval {
  readonly size: number;
  readonly pace: number;
}

/** Moves a window along an axis. */
export function walk(field: Field, axis: number, { size, pace, low, high }: Walk): Field {
  const factors = field.axes[axis]!;
  const [factor] = factors;
  if (pace === 1 && low === 0 && high === 0 && size === sizeOfAxis(factors)) return field;
  if (factor?.along === undefined || factors.length > 1) return fold(field, [axis], size);
  const { along, step } = factor;
  const reach = [step * low, step * high];
  const moved = withSight(field, along, ({ moving, fixed }) => ({
    moving: moving && { low: moving.low + Math.min(...reach), high: moving.high + Math.max(...reach) },
    fixed,
  }));
  return { ...moved, axes: moved.axes.with(axis, [{ size, along, step: step * pace }]) };
}

/** Combines several tensors elementwise, each broadcast to the shape of the result. */
export function merge(fields: readonly Field[], shape: Shape): Field {
  const stretched = fields.map((field) => ({
    ...field,
    axes: shape.map((size, axis) => {
      const own = field.axes[axis - shape.length + field.axes.length] ?? [];
      return sizeOfAxis(own) === size ? own : [];
    }),
  }));
  let axes = shape.map(plainAxis);
  const same = (a: readonly Factor[], b: readonly Factor[]): boolean =>
    a.length === b.length &&
    a.every(({ size, along, step }, i) => size === b[i]!.size && along === b[i]!.along && step === b[i]!.step);
  for (const field of stretched)
    for (const [axis, factors] of field.axes.entries()) {
      const walks = (list: readonly Factor[]): boolean => list.some(({ along }) => along !== undefined);
      if (!walks(factors)) continue;
      if (!walks(axes[axis]!)) axes = axes.with(axis, [...factors]);
      // Branches with different jumps have no common affine map.
      else if (!same(axes[axis]!, factors)) return everything(fields, shape);
    }
  const sights = new Map<number, Sight>();
  const walked = new Set(axes.flat().map(({ along }) => along));
  for (const { sights: own, axes: ownAxes } of stretched)
    for (const [along, { moving, fixed }] of own) {
      const before = sights.get(along);
      // What does not move with the axes of the result is seen by every unit.
      const moves = moving !== undefined && walked.has(along) && ownAxes.flat().some((f) => f.along === along);
      sights.set(along, {
        moving: moves ? hull(before?.moving, moving) : before?.moving,
        fixed: moves ? hull(before?.fixed, fixed) : hull(before?.fixed, hull(moving, fixed)),
      });
    }
  return { axes, sights };
}

/** Reshapes: factors are split and merged. */
export function reshape(field: Field, shape: Shape): Field {
  const pool = field.axes.flat();
  const axes: Factor[][] = [];
  for (const size of shape) {
    const own: Factor[] = [];
    let rest = size;
    while (rest > 1) {
      const next = pool.shift();
      if (next === undefined) return everything([field], shape);
      if (rest % next.size === 0) {
        const outer = own.at(-1);
        // Merges factors that were split before.
        if (outer?.along === next.along && outer?.step === next.step * next.size)
          own.splice(-1, 1, { ...next, size: outer.size * next.size });
        else own.push(next);
        rest /= next.size;
      } else if (next.size % rest === 0) {
        const inner = next.size / rest;
        own.push({ ...next, size: rest, step: next.step * inner });
        pool.unshift({ ...next, size: inner });
        rest = 1;
      } else return everything([field], shape);
    }
    axes.push(own);
  }
  return { ...field, axes };
}
