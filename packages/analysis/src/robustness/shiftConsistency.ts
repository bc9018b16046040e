import { checkOptions, wholeFrom, type Values } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { tensor, type Tensor } from "@convlens/tensor";
import { planesOf, type Planes } from "../planes.ts";
import { layerNamed, recordModel } from "../recordModel.ts";
import { sharesOf } from "../shares.ts";
import { withCompiled } from "../withCompiled.ts";
import { finiteOption, textOption } from "../optionChecks.ts";

/** What {@link shiftConsistency} may be told. */
export interface ShiftOptions {
  /** How far the image is shifted, to each side. Default: 3 pixels. */
  readonly shift?: number;
  /** Whose code is compared. Default: that of the model itself, its output. */
  readonly layer?: string;
  /** What comes in where the image has left. Default: 0. */
  readonly value?: number;
}

/** What becomes of the answers at one shift. */
export interface Shifted {
  /** Pixels down and to the right. */
  readonly down: number;
  readonly right: number;
  /** The share of examples that are still taken for the same class; NaN where the model makes no classes. */
  readonly same: number;
  /** The share that softmax gives to the class of the unshifted image, the mean over the examples; NaN without classes. */
  readonly share: number;
  /**
   * How far the layer's code moved, over its length, the mean over the examples; 1 where a code that was 0 is not any more. What is
   * infinite in either code, such as the score of a masked class, does not count.
   */
  readonly change: number;
}

/** Images moved by some pixels; what comes in is `value`. */
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
 * Whether the answer stays when the image is shifted: for every shift of up to so many pixels, how often the class stays, and how
 * far a layer's code moves. Pooling tells that a feature is there, not where: within a window nothing changes, beyond it does.
 *
 * @param x - `[n, h, w, c]`, or `[n, l, c]`, which is shifted along its length only.
 * @returns Row by row, from the shift up and to the left to that down and to the right.
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

/** A batch as one list of numbers for each example. */
function rowsOf({ values, shape }: Tensor): Float64Array[] {
  const size = values.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, n) => Float64Array.from(values.subarray(n * size, (n + 1) * size)));
}

const largest = (row: Float64Array): number => row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);
const norm = (row: Float64Array): number => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
const mean = (rows: readonly Float64Array[], of: (row: Float64Array, n: number) => number): number =>
  rows.reduce((sum, row, n) => sum + of(row, n), 0) / rows.length;
