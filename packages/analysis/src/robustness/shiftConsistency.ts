import { checkOptions, wholeFrom, type Values } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { finiteOption, tensor, type Tensor } from "@convlens/tensor";
import { meanOf, partsOf } from "../numbers.ts";
import { planesOf, type Planes } from "../planes.ts";
import { layerNamed, recordModel } from "../recordModel.ts";
import { sharesOf } from "../shares.ts";
import { withCompiled } from "../withCompiled.ts";
import { textOption } from "../optionChecks.ts";

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
  const [first, last] = [Math.max(0, -right), Math.min(width, width - right)];
  const place = (n: number, row: number, column: number): number => ((n * height + row) * width + column) * channels;
  for (let n = 0; n < count; n++)
    for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++)
      moved.set(values.subarray(place(n, row, first), place(n, row, last)), place(n, row + down, first + right));
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
    const codes = rowsOf(original.code);
    const found: Shifted[] = [];
    const vertical = planes.height === 1 ? 0 : shift;
    for (let down = 0 - vertical; down <= vertical; down++)
      for (let right = -shift; right <= shift; right++) {
        const moved = await run(tensor(shifted(values, planes, down, right, value), x.shape));
        const [rows, moves] = [rowsOf(moved.shares), rowsOf(moved.code)];
        found.push({
          down,
          right,
          same: meanOf(rows.map((row, n) => (classes === undefined ? NaN : largest(row) === classes[n] ? 1 : 0))),
          share: meanOf(rows.map((row, n) => (classes === undefined ? NaN : row[classes[n]!]!))),
          change: meanOf(codes.map((code, n) => changeOf(code, moves[n]!))),
        });
      }
    return found;
  });
}

/** Splits a batch into the numbers of each example. */
const rowsOf = ({ knownValues, shape: [count = 1] }: Tensor): Values[] => partsOf(knownValues, count);

function largest(row: Values): number {
  let best = 0;
  for (const [i, value] of row.entries()) if (value > row[best]!) best = i;
  return best;
}

/** Returns the distance of two codes relative to the norm of the first, over the numbers that are not infinite in either. */
function changeOf(before: Values, now: Values): number {
  let [length, distance] = [0, 0];
  for (const [i, x] of before.entries()) {
    const y = now[i]!;
    if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) continue;
    length += x * x;
    distance += (x - y) * (x - y);
  }
  return distance === 0 ? 0 : length === 0 ? 1 : Math.sqrt(distance) / Math.sqrt(length);
}
