import type { Shape } from "@convlens/backend";

// Every operation maps the places of its output to intervals of its input, and that map is affine in the place: unit i of a
// layer sees [start + jump · i, start + jump · i + size − 1]. So does every axis of every recorded tensor, if it is known which
// axis of the input it walks along. Reshapes take axes apart and put them together; so an axis is a list of factors.

/** A part of an axis: `size` places; one further is `step` pixels further along axis `along` of the input, if along any. */
interface Factor {
  readonly size: number;
  readonly along?: number | undefined;
  readonly step: number;
}

/** Pixels from `low` up to and including `high`; they may lie in the padding. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What the units of a tensor see of one axis of the input. */
interface Sight {
  /** Of the unit at the origin; it moves with the factors along this axis. */
  readonly moving?: Interval | undefined;
  /** What every unit sees, wherever it stands. */
  readonly fixed?: Interval | undefined;
}

/** What the units of a tensor see. */
export interface Field {
  /** The tensor's axes, each taken apart into factors, outer before inner. */
  readonly axes: readonly (readonly Factor[])[];
  /** By axis of the input: 1 for height, 2 for width. The batch and the channels are no places. */
  readonly sights: ReadonlyMap<number, Sight>;
}

const hull = (a: Interval | undefined, b: Interval | undefined): Interval | undefined =>
  a === undefined ? b : b === undefined ? a : { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };

const plain = (size: number): Factor => ({ size, step: 0 });
/** An axis of this size that walks along nothing. */
export const plainAxis = (size: number): readonly Factor[] => (size === 1 ? [] : [plain(size)]);
export const sizeOfAxis = (axis: readonly Factor[]): number => axis.reduce((size, factor) => size * factor.size, 1);

/** What an interval becomes that moves over all places of the factors. */
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

/** Folds some axes: each unit now sees what all places along them saw. An axis that stays has size 1 or `size`. */
export function fold(field: Field, axes: readonly number[], size = 1): Field {
  let folded = field;
  for (const along of field.sights.keys()) {
    const walked = axes.flatMap((axis) => field.axes[axis]!.filter((factor) => factor.along === along));
    if (walked.length === 0) continue;
    // Factors that stay still move the unit; what is folded becomes part of what it sees.
    folded = withSight(folded, along, ({ moving, fixed }) => {
      const stays = folded.axes.some((axis, i) => !axes.includes(i) && axis.some((factor) => factor.along === along));
      const seen = moving && swept(moving, walked);
      return stays ? { moving: seen, fixed } : { fixed: hull(seen, fixed) };
    });
  }
  return { ...folded, axes: folded.axes.map((axis, i) => (axes.includes(i) ? plainAxis(size) : axis)) };
}

/** Every unit sees what any saw. */
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

/** How one axis walks over another: place i sees the places from pace · i + from to pace · i + to. */
export interface Walk extends Interval {
  readonly size: number;
  readonly pace: number;
}

/** The field after an axis of the tensor was walked over. */
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

/** Several tensors number by number, each stretched to the shape of the result. */
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
      // Ways that move at different speeds: no affine map holds for both.
      else if (!same(axes[axis]!, factors)) return everything(fields, shape);
    }
  const sights = new Map<number, Sight>();
  const walked = new Set(axes.flat().map(({ along }) => along));
  for (const { sights: own, axes: ownAxes } of stretched)
    for (const [along, { moving, fixed }] of own) {
      const before = sights.get(along);
      // What did not move along with the result's axes is seen from everywhere.
      const moves = moving !== undefined && walked.has(along) && ownAxes.flat().some((f) => f.along === along);
      sights.set(along, {
        moving: moves ? hull(before?.moving, moving) : before?.moving,
        fixed: moves ? hull(before?.fixed, fixed) : hull(before?.fixed, hull(moving, fixed)),
      });
    }
  return { axes, sights };
}

/** The same numbers in another shape: factors are taken apart and put together. */
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
        // What was taken apart before comes together again.
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
