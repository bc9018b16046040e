import { UsageError } from "@convlens/backend";
import { areTensors, Tensor } from "@convlens/tensor";

/** Advice for a loss of one output that is given several. */
export const USE_WEIGHTED_SUM =
  "compare each with its own target by weightedSum({ … }), or choose one with restrict(model, x, { input, output })";

/** Advice for a metric of one output that is given several. */
export const USE_METRIC_OF = 'choose one with metricOf("name", metric)';

/** @throws `UsageError` for several outputs or targets, where a loss or a metric compares one with one. */
export function checkOne(name: string, outputs: unknown, targets: unknown, fix: string): void {
  for (const [what, tensors] of [
    ["output", outputs],
    ["target", targets],
  ] as const)
    if (!(tensors instanceof Tensor) && areTensors(tensors))
      throw new UsageError({
        operation: name,
        what: `the ${what}`,
        expected: "one tensor",
        got: tensors,
        gotWords: `several: ${Object.keys(tensors).join(", ")}`,
        fix,
      });
}
