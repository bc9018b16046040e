import { checkOptions, wholeFrom, type Values } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { tensor, type Tensor } from "@convlens/tensor";
import { planesOf, type Planes } from "../planes.ts";
import { layerNamed, recordModel } from "../recordModel.ts";
import { sharesOf } from "../shares.ts";
import { withCompiled } from "../withCompiled.ts";
import { finiteOption, textOption } from "../optionChecks.ts";

/** Options of {@link shiftConsistency}. */
export interface ShiftOptions {
  /** Largest shift in each direction, in pixels. Default: 3. */
  readonly shift?: number;
  /** Path of the layer whose activations are compared. Default: the output of the model. */
  readonly layer?: string;
  /** Value of pixels that are shifted in. Default: 0. */
  readonly value?: number;
}

/** The effect of one shift. */
export interface Shifted {
  /** The shift in pixels, down and to the right. */
  readonly down: number;
  readonly right: number;
  /** Fraction of examples whose predicted class stays the same; NaN if the outputs are not classes. */
  readonly same: number;
  /** Mean probability of the class predicted without the shift; NaN if the outputs are not classes. */
  readonly share: number;
  /**
   * Mean distance of the layer's activations, relative to their norm; 1 for activations that were all 0 and are no longer. Infinite
   * activations, such as the score of a masked class, do not count.
   */
  readonly change: number;
}

/** Shifts images; pixels that are shifted in get `value`. */
function shifted(
  values: Values,
  { count, height, width, channels }: Planes,
  down: number,
  right: number,
  value: number,
): Values {
  const moved = values.slice().fill(value);
  for (let n = 0; n < count; n++)
    for (let row = Math.max(0, down); row < Math.min(height, height + down); row++) {
      const [from, to] = [row - down, row].map((r) => (n * height + r) * width) as [number, number];
      const [first, last] = [Math.max(0, -right), Math.min(width, width - right)];
      moved.set(values.subarray((from + first) * channels, (from + last) * channels), (to + first + right) * channels);
    }
  return moved;
}

/**
 * Measures the invariance to shifts: for every shift up to a limit, how often the predicted class stays and how much the
 * activations of a layer change.
 *
 * @param x - `[n, h, w, c]`, or `[n, l, c]`, which is only shifted along its length.
 * @returns All shifts row by row, from the top left to the bottom right.
 *
 * @example
 * ```ts
 * const shifts = await shiftConsistency(model, images, { shift: 1 });
 * shifts.map(({ down, right, same }) => `${down} ${right}: ${same}`); // 9 of them; same is 1 at 0 0
 * ```
 */
export async function shiftConsistency(model: Layer, x: Tensor, options: ShiftOptions = {}): Promise<Shifted[]> {
  checkOptions("shiftConsistency", options, { shift: wholeFrom(0), layer: textOption, value: finiteOption });
  const { shift = 3, layer, value = 0 } = options;
  const planes = planesOf(x.shape, "shiftConsistency");
  const values = await x.data();
  const look = (point: Tensor): { code: Tensor; shares: Tensor } => {
    const recorded = recordModel(model, point);
    const { output } = recorded;
    return {
      code: layer === undefined ? output : layerNamed(recorded, layer).output,
      shares: output.rank === 2 ? sharesOf(output) : output,
    };
  };
  return withCompiled(look, async (run) => {
    const original = await run(tensor(values, x.shape));
    const classes = original.shares.rank === 2 ? rowsOf(original.shares).map(largest) : undefined;
    const found: Shifted[] = [];
    const vertical = planes.height === 1 ? 0 : shift;
    for (let down = 0 - vertical; down <= vertical; down++)
      for (let right = -shift; right <= shift; right++) {
        const moved = await run(tensor(shifted(values, planes, down, right, value), x.shape));
        const rows = rowsOf(moved.shares);
        const codes = rowsOf(moved.code);
        found.push({
          down,
          right,
          same: mean(rows, (row, n) => (classes === undefined ? NaN : largest(row) === classes[n] ? 1 : 0)),
          share: mean(rows, (row, n) => (classes === undefined ? NaN : row[classes[n]!]!)),
          change: mean(rowsOf(original.code), (code, n) => {
            const now = codes[n]!;
            const finite = code.map((number, i) =>
              Math.abs(now[i]!) === Infinity || Math.abs(number) === Infinity ? 0 : 1,
            );
            const part = (of: (i: number) => number): number => norm(code.map((_, i) => (finite[i] ? of(i) : 0)));
            const [length, distance] = [part((i) => code[i]!), part((i) => code[i]! - now[i]!)];
            return distance === 0 ? 0 : length === 0 ? 1 : distance / length;
          }),
        });
      }
    return found;
  });
}

/** Splits a batch into the numbers of each example. */
function rowsOf({ knownValues: values, shape }: Tensor): Float64Array[] {
  const size = values.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, n) => Float64Array.from(values.subarray(n * size, (n + 1) * size)));
}

const largest = (row: Float64Array): number => row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);
const norm = (row: Float64Array): number => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
const mean = (rows: readonly Float64Array[], of: (row: Float64Array, n: number) => number): number =>
  rows.reduce((sum, row, n) => sum + of(row, n), 0) / rows.length;
