import { sizeOf, type Kernel, type Normalization, type Shape } from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { foldedElements, foldedShape } from "./reduce.ts";
import { pointwise } from "./pointwise.ts";
import { summed } from "./summed.ts";

/** The mean over some axes of what a term makes of element `at` of the inputs; `o` is the number of the mean. */
function meanOver(
  gpu: Launcher,
  name: string,
  shape: Shape,
  axes: readonly number[],
  { inputs, value, numbers }: { inputs: Record<string, number>; value: string; numbers?: Record<string, number> },
): Launch {
  const { at, ...fold } = foldedElements(shape, axes);
  return summed(gpu, {
    name,
    inputs,
    length: sizeOf(foldedShape(shape, axes)),
    ...fold,
    term: `${at}\ntotal = total + ${value};`,
    result: `total / ${fold.terms}`,
    ...(numbers && { numbers }),
  });
}

/** Buffers for as long as something is computed with them. */
async function withBuffers(
  gpu: Launcher,
  lengths: readonly number[],
  use: (...buffers: Buffer[]) => Promise<void>,
): Promise<void> {
  const buffers = lengths.map((length) => gpu.buffer(length));
  try {
    await use(...buffers);
  } finally {
    for (const buffer of buffers) gpu.release(buffer);
  }
}

/** Mean and variance over some axes, in two passes: the mean of squares less the square of the mean would lose all digits. */
function moments(
  gpu: Launcher,
  shape: Shape,
  axes: readonly number[],
): { readonly mean: Launch; readonly variance: Launch; readonly count: number } {
  const [length, count] = [sizeOf(shape), sizeOf(foldedShape(shape, axes))];
  return {
    count,
    mean: meanOver(gpu, "mean", shape, axes, { inputs: { xs: length }, value: "xs[at]" }),
    variance: meanOver(gpu, "variance", shape, axes, {
      inputs: { xs: length, means: count },
      value: "(xs[at] - means[o]) * (xs[at] - means[o])",
    }),
  };
}

const normalize =
  (gpu: Launcher): Kernel<Buffer, Normalization> =>
  ({ inputs: [shape], output, attributes: { axes, epsilon } }) => {
    const { mean, variance, count } = moments(gpu, shape!, axes);
    const kept = foldedShape(shape!, axes);
    const each = pointwise(
      gpu,
      "normalize",
      { inputs: [shape!, kept, kept], output },
      "return (x0 - x1) / Math.sqrt(x2 + epsilon);",
      { epsilon },
    );
    return ([x], y) =>
      withBuffers(gpu, [count, count], async (means, variances) => {
        await mean([x!], means);
        await variance([x!, means], variances);
        await each([x!, means, variances], y);
      });
  };

/** (dy − mean of dy − y · mean of dy · y) / deviation, with y the normalised x. */
const normalizeGradient =
  (gpu: Launcher): Kernel<Buffer, Normalization> =>
  ({ inputs: [, shape], output, attributes: { axes, epsilon } }) => {
    const { mean, variance, count } = moments(gpu, shape!, axes);
    const kept = foldedShape(shape!, axes);
    const length = sizeOf(shape!);
    // Σ dy · (x − mean), which is divided by the variance in the end.
    const pull = meanOver(gpu, "pull", shape!, axes, {
      inputs: { slopes: length, xs: length, means: count },
      value: "slopes[at] * (xs[at] - means[o])",
    });
    const each = pointwise(
      gpu,
      "normalizeGradient",
      { inputs: [shape!, shape!, kept, kept, kept, kept], output },
      `const slope = x0;
const off = x1 - x2;
const square = x3 + epsilon;
return (slope - x4 - (off * x5) / square) / Math.sqrt(square);`,
      { epsilon },
    );
    return ([dy, x], dx) =>
      withBuffers(gpu, [count, count, count, count], async (means, variances, slopeMeans, pulls) => {
        await mean([x!], means);
        await variance([x!, means], variances);
        await mean([dy!], slopeMeans);
        await pull([dy!, x!, means], pulls);
        await each([dy!, x!, means, variances, slopeMeans, pulls], dx);
      });
  };

/** Kernels of normalisation over any axes, and of its gradient. */
export const normalizeKernels = (
  gpu: Launcher,
): Readonly<Record<"normalize" | "normalizeGradient", Kernel<Buffer, Normalization>>> => ({
  normalize: normalize(gpu),
  normalizeGradient: normalizeGradient(gpu),
});
