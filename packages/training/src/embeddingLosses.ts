import { numberFrom, sameShape, ShapeError, showShape } from "@convlens/backend";
import {
  add,
  divide,
  equal,
  maximum,
  multiply,
  sqrt,
  square,
  subtract,
  sum,
  where,
  type Tensor,
} from "@convlens/tensor";
import { defineLoss, type LossWithOptions, type ReductionOption } from "./loss.ts";
import { checkSame } from "./losses.ts";

/** Options of {@link triplet} and {@link contrastive}. */
export interface MarginOptions extends ReductionOption {
  /** Distance beyond which embeddings are far enough apart. Default: 1. */
  readonly margin?: number;
}

/** Squared Euclidean distances along the last axis. */
const squaredDistance = (a: Tensor, b: Tensor): Tensor => sum(square(subtract(a, b)), -1);

/** Square root. Near 0, where its slope is infinite, it is constant. */
const rootOf = (x: Tensor): Tensor => sqrt(maximum(1e-12, x));

/** @throws `ShapeError` for embeddings of different shapes. */
function checkEmbeddings(operation: string, all: readonly Tensor[], count: number): void {
  const [first] = all;
  if (
    all.length === count &&
    first !== undefined &&
    first.rank > 0 &&
    all.every((t) => sameShape(t.shape, first.shape))
  )
    return;
  throw new ShapeError({
    operation,
    expected: `${count} embeddings […, d] of one shape`,
    got: all.map((t) => t?.shape),
    gotWords: all.map((t) => showShape(t.shape)).join(", "),
  });
}

/**
 * Triplet loss (Schroff 2015): max(0, d(anchor, positive) − d(anchor, negative) + margin) with the Euclidean distance d. Outputs are the
 * embeddings `[anchor, positive, negative]`, each `[n, d]`; targets are not used.
 *
 * @example
 * ```ts
 * triplet([tensor([[0, 0]]), tensor([[0, 1]]), tensor([[3, 4]])], undefined); // max(0, 1 − 5 + 1)
 * ```
 */
export const triplet: LossWithOptions<MarginOptions, readonly [Tensor, Tensor, Tensor], unknown> =
  /* @__PURE__ */ defineLoss<MarginOptions, readonly [Tensor, Tensor, Tensor], unknown>(
    "triplet",
    { margin: /* @__PURE__ */ numberFrom(0) },
    (embeddings, _, { margin = 1 }) => {
      checkEmbeddings("triplet", embeddings, 3);
      const [anchor, positive, negative] = embeddings;
      const [near, far] = [positive, negative].map((other) => rootOf(squaredDistance(anchor, other))) as [
        Tensor,
        Tensor,
      ];
      return { each: maximum(0, add(subtract(near, far), margin)) };
    },
  );

/**
 * Contrastive loss of pairs (Hadsell 2006): ½ d² of embeddings that belong together, ½ max(0, margin − d)² of others, with the Euclidean
 * distance d. Outputs are the embeddings `[first, second]`, each `[n, d]`; targets `[n]` are 1 for pairs that belong together, else 0.
 *
 * @example
 * ```ts
 * contrastive([tensor([[0, 0]]), tensor([[3, 4]])], tensor([1])); // ½ · 25
 * ```
 */
export const contrastive: LossWithOptions<MarginOptions, readonly [Tensor, Tensor], Tensor> =
  /* @__PURE__ */ defineLoss<MarginOptions, readonly [Tensor, Tensor], Tensor>(
    "contrastive",
    { margin: /* @__PURE__ */ numberFrom(0) },
    (embeddings, targets, { margin = 1 }) => {
      checkEmbeddings("contrastive", embeddings, 2);
      const squares = squaredDistance(...embeddings);
      checkSame("contrastive", squares, targets);
      const apart = square(maximum(0, subtract(margin, rootOf(squares))));
      return { each: multiply(add(multiply(targets, squares), multiply(subtract(1, targets), apart)), 0.5) };
    },
  );

/**
 * 1 − the cosine of the angle between outputs and targets along the last axis; 1 where one of them is 0.
 *
 * @example
 * ```ts
 * cosineSimilarityLoss(tensor([[1, 0]]), tensor([[1, 1]])); // 1 − 0.7071
 * ```
 */
export const cosineSimilarityLoss: LossWithOptions<ReductionOption> = /* @__PURE__ */ defineLoss<ReductionOption>(
  "cosineSimilarityLoss",
  {},
  (outputs, targets) => {
    checkSame("cosineSimilarityLoss", outputs, targets);
    const length = (x: Tensor): Tensor => sqrt(maximum(1e-30, sum(square(x), -1)));
    const lengths = multiply(length(outputs), length(targets));
    const product = sum(multiply(outputs, targets), -1);
    // At 0 there is no direction, and no gradient.
    const isZero = equal(multiply(sum(square(outputs), -1), sum(square(targets), -1)), 0);
    return { each: subtract(1, where(isZero, 0, divide(product, where(isZero, 1, lengths)))) };
  },
);
