import {
  anyOption,
  checkOptions,
  functionOption,
  oneOf,
  sameShape,
  ShapeError,
  showShape,
  UsageError,
} from "@convlens/backend";
import { broadcastTo } from "./ops/broadcast.ts";
import { add } from "./ops/elementwise.ts";
import type { Operation } from "./operation.ts";
import { operand, record, type Operand } from "./record.ts";
import { within } from "./scope.ts";
import { sorted } from "./sorted.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/**
 * A rule that stands in for an operation's own: from the gradient `dy` of what it made, `y`, the gradient of each of its inputs,
 * `null` where none flows. `undefined` leaves the operation its own rule.
 */
export type GradientRule = (dy: Tensor, y: Tensor) => readonly (Tensor | null)[] | undefined;

/** Options of {@link gradients}. */
export interface GradientsOptions {
  /** The gradient of `y` itself, of its shape; by default ones, which gives the gradients of its sum. */
  readonly seed?: Operand;
  /** What an `x` that `y` does not depend on gets. Default: an error. */
  readonly unused?: "error" | "zeros";
  /** Goes backward by other rules: those of an explanation, which are not gradients. */
  readonly rule?: GradientRule;
}

/**
 * The gradients of `y` (of its sum, if it is no scalar) with respect to each of `xs`: inputs, variables, or any tensor on
 * the way from them to `y`. They are recipes again, so they can be differentiated again.
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
    throw new ShapeError(
      `gradients: the seed ${showShape(start.shape)} must have the shape of y, ${showShape(from.shape)}`,
      {
        operation: "gradients",
        expected: from.shape,
        got: start.shape,
      },
    );

  // Only tensors that lead to y from one of xs matter.
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
    // Reached only through comparisons, sign and their like, whose gradient is 0.
    if (leading.has(x) || unused === "zeros") return broadcastTo(0, x.shape);
    const asked = xs[i] as Tensor;
    const assigned =
      asked.source.kind === "variable"
        ? ` as ${(asked as Variable).name} is now (was it assigned after y was recorded?)`
        : "";
    throw new UsageError(
      `gradients: ${from.toString()} does not depend on ${asked.toString()}${assigned}; pass { unused: "zeros" } if that is meant`,
      {
        operation: "gradients",
        fix: '{ unused: "zeros" }',
      },
    );
  });
}

// The same tensor as a thing of its own; it is gone once the program is made.
const standIn: Operation<"copy"> = {
  name: "copy",
  shape: ([x]) => x,
  gradient: (dy) => [dy],
  lower: ([x]) => x,
};

/**
 * A composite without a rule of its own is differentiated as what it is made of. One of its inputs may be made of another one,
 * or be the same; stand-ins are not, so that only what the composite itself does with each is found.
 */
function throughLowering(t: Tensor, dy: Tensor, rule: GradientRule | undefined): readonly (Tensor | null)[] {
  const { source } = t;
  if (source.kind !== "operation" || source.operation.lower === undefined)
    throw new UsageError(`gradients: ${t.toString()} has no gradient rule`, { operation: "gradients" });
  const inputs = source.inputs.map((x) => record(standIn, [x], {}));
  return gradients(source.operation.lower(inputs, source.attributes), inputs, {
    seed: dy,
    unused: "zeros",
    ...(rule && { rule }),
  });
}
