import { sizeOf, type Kernel, type None, type Shape } from "@convlens/backend";
import type { Buffer, Launcher } from "../launcher.ts";
import { through } from "./summed.ts";

/** Statements that find `high`, the largest of a row that begins at `first`, and `lost`, ln Σ e^(x − high). */
const rowTotals = (columns: number): string => `let high = xs[first];
for (let i = 1; i < ${columns}; i++) {
  if (xs[first + i] > high) {
    high = xs[first + i];
  }
}
let total = 0;
for (let i = 0; i < ${columns}; i++) {
  total = total + exponential(xs[first + i] - high);
}
const lost = logarithm(total);`;

const sizes = (shape: Shape): { readonly length: number; readonly columns: number; readonly rows: number } => {
  const [length, columns] = [sizeOf(shape), shape.at(-1)!];
  return { length, columns, rows: length / columns || 0 };
};

/** ln Σ eˣ of every row by one thread each, and then what is made of it and of x. */
const overRows =
  (gpu: Launcher, name: string, result: string): Kernel<Buffer, None> =>
  ({ inputs: [shape] }) => {
    const { length, columns, rows } = sizes(shape!);
    // Two numbers for each row: the difference to the first is taken before the second is, or large numbers would lose all.
    const totals = gpu.prepare({
      name: "rowTotals",
      inputs: { xs: length },
      length: 2 * rows,
      body: `const row = quotient(this.thread.x, 2);
const first = row * ${columns};
${rowTotals(columns)}
if (this.thread.x > 2 * row) {
  return lost;
}
return high;`,
    });
    const each = gpu.prepare({
      name,
      inputs: { totals: 2 * rows, xs: length },
      length,
      body: `const row = quotient(this.thread.x, ${columns});
return ${result};`,
    });
    return through(gpu, 2 * rows, totals, each);
  };

const ofRow = "xs[this.thread.x] - totals[2 * row] - totals[2 * row + 1]";

/** Kernels of softmax and its like, which take a row of the last axis for one thing. */
export const softmaxKernels = (
  gpu: Launcher,
): Readonly<Record<"softmax" | "logSoftmax" | "softmaxCrossEntropy", Kernel<Buffer, None>>> => ({
  softmax: overRows(gpu, "softmax", `exponential(${ofRow})`),
  logSoftmax: overRows(gpu, "logSoftmax", ofRow),
  softmaxCrossEntropy: ({ inputs: [shape] }) => {
    const { length, columns, rows } = sizes(shape!);
    return gpu.prepare({
      name: "softmaxCrossEntropy",
      inputs: { xs: length, targets: length },
      length: rows,
      body: `const first = this.thread.x * ${columns};
${rowTotals(columns)}
let loss = 0;
for (let i = 0; i < ${columns}; i++) {
  loss = loss - targets[first + i] * (xs[first + i] - high - lost);
}
return loss;`,
    });
  },
});
