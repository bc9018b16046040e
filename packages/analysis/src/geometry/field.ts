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
export interface Sight {
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

/** Returns the smallest interval around both. */
export const hull = (a: Interval | undefined, b: Interval | undefined): Interval | undefined =>
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

const withSights = (field: Field, change: (sight: Sight, along: number) => Sight): Field => ({
  ...field,
  sights: new Map(Array.from(field.sights, ([along, sight]) => [along, change(sight, along)])),
});

/** Whether an axis follows an axis of the input: any, or axis `axis`. */
export const follows = (factors: readonly Factor[], axis?: number): boolean =>
  factors.some(({ along }) => (axis === undefined ? along !== undefined : along === axis));

/** Reduces axes: each unit then sees what all positions along them saw. A reduced axis has size 1, or `size`. */
export function fold(field: Field, axes: readonly number[], size = 1): Field {
  const gone = field.axes.filter((_, axis) => axes.includes(axis)).flat();
  const left = field.axes.filter((_, axis) => !axes.includes(axis)).flat();
  const folded = withSights(field, (sight, along) => {
    const walked = gone.filter((factor) => factor.along === along);
    if (walked.length === 0) return sight;
    // Remaining factors still move the unit; reduced ones extend what it sees.
    const seen = sight.moving && swept(sight.moving, walked);
    return follows(left, along) ? { ...sight, moving: seen } : { fixed: hull(seen, sight.fixed) };
  });
  return { ...folded, axes: field.axes.map((axis, i) => (axes.includes(i) ? plainAxis(size) : axis)) };
}

/** Every unit sees what any unit saw. */
export const everything = (fields: readonly Field[], shape: Shape): Field => {
  const all = fields.flatMap((field) => [...fold(field, [...field.axes.keys()]).sights]);
  const sights = new Map<number, Sight>();
  for (const [along, { fixed }] of all) sights.set(along, { fixed: hull(sights.get(along)?.fixed, fixed) });
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
  const moved = withSights(field, ({ moving, fixed }, each) =>
    each === along && moving !== undefined
      ? { moving: { low: moving.low + Math.min(...reach), high: moving.high + Math.max(...reach) }, fixed }
      : { moving, fixed },
  );
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
  const same = (a: readonly Factor[], b: readonly Factor[]): boolean =>
    a.length === b.length &&
    a.every(({ size, along, step }, i) => size === b[i]?.size && along === b[i]?.along && step === b[i]?.step);
  const axes: (readonly Factor[])[] = [];
  for (const [axis, size] of shape.entries()) {
    const moving = stretched.flatMap((field) => field.axes.slice(axis, axis + 1)).filter((factors) => follows(factors));
    const [first = plainAxis(size), ...others] = moving;
    // Branches with different jumps have no common affine map.
    if (others.some((other) => !same(first, other))) return everything(fields, shape);
    axes.push(first);
  }
  const sights = new Map<number, Sight>();
  const walked = axes.flat();
  for (const { sights: own, axes: ownAxes } of stretched)
    for (const [along, { moving, fixed }] of own) {
      const before = sights.get(along);
      // What does not move with the axes of the result is seen by every unit.
      const moves = moving !== undefined && follows(walked, along) && follows(ownAxes.flat(), along);
      sights.set(along, {
        moving: moves ? hull(before?.moving, moving) : before?.moving,
        fixed: moves ? hull(before?.fixed, fixed) : hull(before?.fixed, hull(moving, fixed)),
      });
    }
  return { axes, sights };
}

/**
 * Groups factors into axes of a shape. A factor that is larger than what an axis lacks is split into an outer and an inner one.
 *
 * @returns `undefined` if the factors do not fit the axes.
 */
export function regrouped<F>(
  factors: readonly F[],
  shape: Shape,
  sizeOf: (factor: F) => number,
  split: (factor: F, outer: number) => readonly [outer: F, inner: F] | undefined,
): F[][] | undefined {
  const pool = [...factors];
  const axes: F[][] = [];
  for (const size of shape) {
    const own: F[] = [];
    for (let rest = size; rest > 1;) {
      const next = pool.shift();
      if (next === undefined) return undefined;
      const isPart = rest % sizeOf(next) === 0;
      const parts = isPart ? ([next] as const) : sizeOf(next) % rest === 0 ? split(next, rest) : undefined;
      if (parts === undefined) return undefined;
      const [outer, ...inner] = parts;
      own.push(outer);
      pool.unshift(...inner);
      rest /= sizeOf(outer);
    }
    axes.push(own);
  }
  return axes;
}

/** Reshapes: factors are split and merged. */
export function reshape(field: Field, shape: Shape): Field {
  const axes = regrouped(
    field.axes.flat(),
    shape,
    ({ size }) => size,
    (factor, outer) => {
      const inner = factor.size / outer;
      return [
        { ...factor, size: outer, step: factor.step * inner },
        { ...factor, size: inner },
      ];
    },
  );
  return axes === undefined ? everything([field], shape) : { ...field, axes: axes.map(merged) };
}

/** Merges neighbouring factors that are parts of one. */
function merged(axis: readonly Factor[]): readonly Factor[] {
  const factors: Factor[] = [];
  for (const next of axis) {
    const outer = factors.at(-1);
    const isSplit = outer?.along === next.along && outer?.step === next.step * next.size;
    if (isSplit) factors.splice(-1, 1, { ...next, size: outer.size * next.size });
    else factors.push(next);
  }
  return factors;
}
