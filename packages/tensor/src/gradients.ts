import { anyOption, checkOptions, functionOption, oneOf, sameShape, ShapeError, UsageError } from "@convlens/backend";
import { broadcastTo } from "./ops/broadcast.ts";
import { add } from "./ops/elementwise.ts";
import type { Operation } from "./operation.ts";
import { operand, record, type Operand } from "./record.ts";
import { within } from "./scope.ts";
import { sorted } from "./sorted.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/**
 * A replacement for the gradient rule of an operation: from the gradient `dy` of its result `y` to the gradient of each input,
 * `null` where none flows. It returns `undefined` to keep the rule of the operation.
 */
export type GradientRule = (dy: Tensor, y: Tensor) => readonly (Tensor | null)[] | undefined;

/** Options of {@link gradients}. */
export interface GradientsOptions {
  /** Gradient of `y` itself, of its shape. Default: ones, which gives the gradients of its sum. */
  readonly seed?: Operand;
  /** Treatment of an `x` that `y` does not depend on: `"zeros"` as its gradient, or an error (default). */
  readonly unused?: "error" | "zeros";
  /** Gradient rules to use instead of those of the operations, for explanation methods. */
  readonly rule?: GradientRule;
}

/**
 * Records the gradients of `y` (of its sum, if it is not a scalar) with respect to each of `xs`: inputs, variables, or any
 * tensor between them and `y`. The gradients are recorded tensors, so they can be differentiated again.
 *
 * @throws `UsageError` if `y` does not depend on one of them.
 *
 * @example
 * ```ts
 * const x = tensor([1, 2, 3]);
 * const [dx] = gradients(square(x), [x]); // 2, 4, 6
 * ```
 */
export function gradients<const Xs extends readonly Operand[]>(
  y: Operand,
  xs: Xs,
  options?: GradientsOptions,
): { -readonly [I in keyof Xs]: Tensor };
export function gradients(y: Operand, xs: readonly Operand[], options: GradientsOptions = {}): Tensor[] {
  checkOptions("gradients", options, { seed: anyOption, unused: oneOf("error", "zeros"), rule: functionOption });
  const { seed, unused = "error", rule: other } = options;
  const from = operand(y);
  const wanted = xs.map(operand);
  const start = seed === undefined ? broadcastTo(1, from.shape) : operand(seed);
  if (!sameShape(start.shape, from.shape))
    throw new ShapeError({
      operation: "gradients",
      what: "the shape of the seed",
      expected: from.shape,
      got: start.shape,
    });

  // Only tensors on a path from one of xs to y matter.
  const targets = new Set(wanted);
  const leading = new Set<Tensor>();
  const order = sorted([from], (t) => t.inputs);
  for (const t of order) if (targets.has(t) || t.inputs.some((x) => leading.has(x))) leading.add(t);

  const found = new Map<Tensor, Tensor>([[from, start]]);
  for (const t of order.reverse()) {
    const dy = found.get(t);
    if (dy === undefined || t.source.kind !== "operation" || !t.inputs.some((x) => leading.has(x))) continue;
    const { operation } = t.source;
    within({ path: t.scope?.path, direction: "backward" }, () => {
      const rule = other?.(dy, t) ?? operation.gradient?.(dy, t) ?? throughLowering(t, dy, other);
      rule.forEach((dx, i) => {
        const x = t.inputs[i]!;
        if (dx === null || !leading.has(x)) return;
        const before = found.get(x);
        found.set(x, before === undefined ? dx : add(before, dx));
      });
    });
  }

  return wanted.map((x, i) => {
    const gradient = found.get(x);
    if (gradient !== undefined) return gradient;
    // The only paths are through comparisons, sign and similar operations, whose gradient is 0.
    if (leading.has(x) || unused === "zeros") return broadcastTo(0, x.shape);
    const asked = xs[i] as Tensor;
    const assigned =
      asked.source.kind === "variable"
        ? ` as ${(asked as Variable).name} is now (was it assigned after y was recorded?)`
        : "";
    throw new UsageError({
      operation: "gradients",
      problem: `${from.toString()} does not depend on ${asked.toString()}${assigned}`,
      fix: 'pass { unused: "zeros" } to get zeros',
    });
  });
}

// A copy of a tensor with its own identity, which lowers to its input.
const standIn: Operation<"copy"> = {
  name: "copy",
  shape: ([x]) => x,
  gradient: (dy) => [dy],
  lower: ([x]) => x,
};

/**
 * Differentiates a composite without a rule through its lowering. Its inputs may depend on each other or be equal; stand-ins are
 * independent, so that only the contribution of the composite itself is found.
 */
function throughLowering(t: Tensor, dy: Tensor, rule: GradientRule | undefined): readonly (Tensor | null)[] {
  const { source } = t;
  if (source.kind !== "operation" || source.operation.lower === undefined)
    throw new UsageError({ operation: "gradients", problem: `${t.toString()} has no gradient rule` });
  const inputs = source.inputs.map((x) => record(standIn, [x], {}));
  return gradients(source.operation.lower(inputs, source.attributes), inputs, {
    seed: dy,
    unused: "zeros",
    ...(rule && { rule }),
  });
}
