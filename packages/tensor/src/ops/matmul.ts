import { booleanOption, checkOptions, broadcastShapes, sameShape, ShapeError, showShape } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastTo } from "./broadcast.ts";

/** What {@link matmul} does with its matrices first. */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const matmulOperation: Operation<"matmul"> = {
  name: "matmul",
  shape: ([a, b], { transposeA, transposeB }) => [
    ...a.slice(0, -2),
    a.at(transposeA ? -1 : -2)!,
    b.at(transposeB ? -2 : -1)!,
  ],
  // Of y = a·b: da = dy·bᵀ, db = aᵀ·dy; where a or b came transposed, so goes its gradient.
  gradient: (dy, { inputs: [a, b], attributes: { transposeA, transposeB } }) => [
    transposeA
      ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
      : matmul(dy, b, { transposeB: !transposeB }),
    transposeB
      ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, dy, { transposeA: !transposeA }),
  ],
};

/**
 * The product of matrices: `[…, m, k] · […, k, n] → […, m, n]`. Axes before the last two are batches, and broadcast.
 *
 * @throws `ShapeError` where the inner sizes differ.
 *
 * @example
 * ```ts
 * matmul(tensor([[1, 2]]), tensor([[3], [4]])); // [[11]]
 * ```
 */
export function matmul(a: Operand, b: Operand, options: MatmulOptions = {}): Tensor {
  checkOptions("matmul", options, { transposeA: booleanOption, transposeB: booleanOption });
  const { transposeA = false, transposeB = false } = options;
  const [x, y] = [operand(a), operand(b)];
  const told = `${showShape(x.shape)}${transposeA ? " transposed" : ""} and ${showShape(y.shape)}${transposeB ? " transposed" : ""}`;
  if (x.rank < 2 || y.rank < 2)
    throw new ShapeError(
      `matmul: expected matrices of at least two axes, got ${told}; reshape a vector to [1, n] or [n, 1]`,
      {
        operation: "matmul",
        expected: "at least 2 axes",
        got: [x.shape, y.shape],
        fix: "reshape a vector to [1, n] or [n, 1]",
      },
    );
  const [inner, other] = [x.shape.at(transposeA ? -2 : -1)!, y.shape.at(transposeB ? -1 : -2)!];
  if (inner !== other)
    throw new ShapeError(`matmul: the inner sizes of ${told} must be equal, they are ${inner} and ${other}`, {
      operation: "matmul",
      expected: inner,
      got: other,
    });
  const lead = broadcastShapes("matmul", x.shape.slice(0, -2), y.shape.slice(0, -2));
  const full = (t: Tensor): Tensor =>
    sameShape(t.shape.slice(0, -2), lead) ? t : broadcastTo(t, [...lead, ...t.shape.slice(-2)]);
  return record(matmulOperation, [full(x), full(y)], { transposeA, transposeB });
}
