import { checkOptions, oneOf, ShapeError, showShape, ValueError, type Shape } from "@convlens/backend";
import { operand, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastTo } from "./broadcast.ts";
import { concat, part, placed } from "./movement.ts";

/** Values of a padding; see {@link PadOptions}. */
export type PadMode = "constant" | "reflect" | "replicate" | "wrap";

/** Options of {@link pad}. */
export interface PadOptions {
  /**
   * Values of the padding: one number; the mirror image without the edge (`cb|abc|ba`); the edge repeated (`aa|abc|cc`); or the
   * other end (`bc|abc|ab`). Default: `"constant"`.
   */
  readonly mode?: PadMode | undefined;
  /** The number of mode `"constant"`; it may be infinite. Default: 0. */
  readonly value?: number | undefined;
}

/**
 * Pads a tensor: along each axis with a number of elements before and after. No gradient flows to a constant.
 *
 * @returns The shape of `x`, each size larger by `before + after`.
 * @throws `ShapeError` for another number of amounts than axes; `ValueError` for an amount that the mode does not allow:
 *   `"reflect"` pads with at most size − 1 elements, `"wrap"` with at most size.
 *
 * @example
 * ```ts
 * pad(tensor([1, 2, 3]), [[1, 1]], { mode: "reflect" }); // 2, 1, 2, 3, 2
 * pad(tensor([1, 2, 3]), [[0, 2]], { value: -1 }); // 1, 2, 3, -1, -1
 * ```
 */
export function pad(
  x: Operand,
  amounts: readonly (readonly [before: number, after: number])[],
  options: PadOptions = {},
): Tensor {
  checkOptions("pad", options, {
    mode: oneOf("constant", "reflect", "replicate", "wrap"),
    value: (value) => (typeof value === "number" ? undefined : "a number"),
  });
  const { mode = "constant", value = 0 } = options;
  if (mode !== "constant" && options.value !== undefined)
    throw new ValueError({
      operation: "pad",
      problem: `mode "${mode}" takes its values from the tensor`,
      fix: 'leave out value, or use mode "constant"',
    });
  const from = operand(x);
  checkAmounts(from.shape, amounts, mode);
  if (amounts.every(([before, after]) => before + after === 0)) return from;
  if (mode === "constant" && value === 0)
    return placed(
      from,
      amounts.map(([before]) => before),
      amounts.map(([before, after], axis) => before + from.shape[axis]! + after),
    );
  return amounts.reduce((y, [before, after], axis) => {
    const side = (amount: number, isAfter: boolean): Tensor[] => {
      if (amount === 0) return [];
      return [
        mode === "constant"
          ? broadcastTo(value, y.shape.with(axis, amount))
          : copiedPadding(y, axis, amount, { mode, isAfter }),
      ];
    };
    return concat([...side(before, false), y, ...side(after, true)], axis);
  }, from);
}

function checkAmounts(shape: Shape, amounts: readonly (readonly [number, number])[], mode: PadMode): void {
  if (amounts.length !== shape.length)
    throw new ShapeError({
      operation: "pad",
      expected: `[before, after] for each of the ${shape.length} axes of ${showShape(shape)}`,
      got: amounts.length,
      gotWords: `${amounts.length}`,
    });
  amounts.forEach(([before, after], axis) => {
    const size = shape[axis]!;
    const most =
      mode === "reflect" ? size - 1 : mode === "wrap" ? size : mode === "replicate" && size === 0 ? 0 : Infinity;
    for (const amount of [before, after])
      if (!Number.isInteger(amount) || amount < 0 || amount > most)
        throw new ValueError({
          operation: "pad",
          what: "padding",
          axis,
          expected: `a whole number from 0 to ${most} (mode "${mode}", size ${size})`,
          got: amount,
        });
  });
}

/** Padding before or after an axis that repeats elements of the tensor. */
function copiedPadding(
  x: Tensor,
  axis: number,
  amount: number,
  { mode, isAfter }: { readonly mode: Exclude<PadMode, "constant">; readonly isAfter: boolean },
): Tensor {
  const size = x.shape[axis]!;
  if (mode === "wrap") return part(x, axis, isAfter ? 0 : size - amount, amount);
  if (mode === "reflect") return part(x, axis, isAfter ? size - 2 : amount, amount, -1);
  return broadcastTo(part(x, axis, isAfter ? size - 1 : 0, 1), x.shape.with(axis, amount));
}
