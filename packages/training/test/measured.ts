import { evaluate, tensor, tensorsIn, type NestedNumbers, type Tensor } from "@convlens/tensor";
import { mergeSums, recordMetrics, sumsOf, valuesOf, type MetricSums } from "../src/metric.ts";
import type { Metric } from "../src/index.ts";

/** Rows of a batch. */
type Rows = readonly NestedNumbers[];

/** Value of a metric of examples, cut into batches of these sizes; the rest is the last batch. */
export async function measured<Value>(
  metric: Metric<Tensor, Tensor, Value>,
  outputs: Rows,
  targets: Rows,
  sizes: readonly number[] = [],
): Promise<Value> {
  const metrics = { metric };
  let sums: MetricSums | undefined;
  let from = 0;
  for (const size of [...sizes, Infinity]) {
    const [x, y] = [outputs.slice(from, from + size), targets.slice(from, from + size)];
    if (x.length === 0) break;
    from += size;
    const recorded = recordMetrics(metrics, tensor(x), tensor(y));
    await evaluate(...tensorsIn(recorded));
    const fresh = sumsOf(recorded);
    sums = sums === undefined ? fresh : mergeSums(metrics, sums, fresh);
  }
  return valuesOf(metrics, sums!)["metric"] as Value;
}
