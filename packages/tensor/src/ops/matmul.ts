import { booleanOption, checkOptions, broadcastShapes, sameShape, ShapeError, showShape } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastTo } from "./broadcast.ts";

/** Options of {@link matmul}. */
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
  // y = a·b has the gradients da = dy·bᵀ and db = aᵀ·dy, transposed where a or b is.
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
 * Matrix product: `[…, m, k] · […, k, n] → […, m, n]`. Axes before the last two are batch axes, and broadcast.
 *
 * @throws `ShapeError` if the inner sizes differ.
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
    throw new ShapeError({
      operation: "matmul",
      expected: "matrices of at least 2 axes",
      got: [x.shape, y.shape],
      gotWords: told,
      fix: "reshape a vector to [1, n] or [n, 1]",
    });
  const [inner, other] = [x.shape.at(transposeA ? -2 : -1)!, y.shape.at(transposeB ? -1 : -2)!];
  if (inner !== other)
    throw new ShapeError({
      operation: "matmul",
      what: `the inner sizes of ${told}`,
      expected: "equal",
      got: [inner, other],
      gotWords: `${inner} and ${other}`,
    });
  const lead = broadcastShapes("matmul", x.shape.slice(0, -2), y.shape.slice(0, -2));
  const full = (t: Tensor): Tensor =>
    sameShape(t.shape.slice(0, -2), lead) ? t : broadcastTo(t, [...lead, ...t.shape.slice(-2)]);
  return record(matmulOperation, [full(x), full(y)], { transposeA, transposeB });
}
