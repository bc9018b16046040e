import {
  sizeOf,
  type Kernel,
  type KernelsOf,
  type Operations,
  type RowOperations,
  type Shape,
  type UnaryOp,
} from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { through } from "./summed.ts";

/** Statements that compute `high`, the maximum of the row that begins at `first`, and `lost`, ln Σ e^(x − high). */
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

/** Computes the `totals` of each row, one number per thread, and then each element from them. */
function overRows(
  gpu: Launcher,
  name: string,
  shape: Shape,
  {
    inputs,
    count,
    totals,
    result,
  }: { inputs: Readonly<Record<string, number>>; count: number; totals: string; result: string },
): Launch {
  const { length, columns, rows } = sizes(shape);
  const first = gpu.prepare({
    name: "rowTotals",
    inputs,
    length: count * rows,
    body: `const row = quotient(this.thread.x, ${count});
const which = this.thread.x - row * ${count};
const first = row * ${columns};
${totals}`,
  });
  const second = gpu.prepare({
    name,
    inputs: { totals: count * rows, ...inputs },
    length,
    body: `const row = quotient(this.thread.x, ${columns});
return ${result};`,
  });
  return through(gpu, count * rows, first, second);
}

// The maximum and the logarithm are two numbers: x − high is exact, but x − (high + lost) is not.
const highAndLost = "if (which < 1) {\n  return high;\n}";
const logarithmOf = (count: number): string =>
  `xs[this.thread.x] - totals[${count} * row] - totals[${count} * row + 1]`;

const forward =
  (gpu: Launcher, name: string, result: string): Kernel<Buffer, UnaryOp> =>
  ({ inputs: [shape] }) =>
    overRows(gpu, name, shape, {
      inputs: { xs: sizeOf(shape) },
      count: 2,
      totals: `${rowTotals(shape.at(-1)!)}\n${highAndLost}\nreturn lost;`,
      result,
    });

/** Σ of a term over the columns of a row. */
const rowSum = (columns: number, term: string): string => `let sum = 0;
for (let i = 0; i < ${columns}; i++) {
  sum = sum + ${term};
}`;

const backward =
  (gpu: Launcher, name: string, term: string, result: string): Kernel<Buffer, Operations["softmaxGradient"]> =>
  ({ inputs: [shape] }) =>
    overRows(gpu, name, shape, {
      inputs: { gradients: sizeOf(shape), ys: sizeOf(shape) },
      count: 1,
      totals: `${rowSum(shape.at(-1)!, term)}\nreturn sum;`,
      result,
    });

const crossEntropy =
  (gpu: Launcher): Kernel<Buffer, Operations["softmaxCrossEntropy"]> =>
  ({ inputs: [shape] }) => {
    const { length, columns, rows } = sizes(shape);
    return gpu.prepare({
      name: "softmaxCrossEntropy",
      inputs: { xs: length, targets: length },
      length: rows,
      body: `const first = this.thread.x * ${columns};
${rowTotals(columns)}
${rowSum(columns, "choiceOf(targets[first + i], targets[first + i] * (xs[first + i] - high - lost), 0)")}
return -sum;`,
    });
  };

const crossEntropyGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["softmaxCrossEntropyGradient"]> =>
  ({ inputs: [, shape] }) => {
    const { length, columns, rows } = sizes(shape);
    return overRows(gpu, "softmaxCrossEntropyGradient", shape, {
      inputs: { gradients: rows, xs: length, targets: length },
      count: 3,
      totals: `${rowTotals(columns)}
${highAndLost}
if (which < 2) {
  return lost;
}
${rowSum(columns, "targets[first + i]")}
return sum;`,
      result: `gradients[row] * (exponential(${logarithmOf(3)}) * totals[3 * row + 2] - targets[this.thread.x])`,
    });
  };

/** Kernels of softmax, cross-entropy and their gradients, along the last axis. */
export const softmaxKernels = (gpu: Launcher): KernelsOf<Buffer, keyof RowOperations> => ({
  softmax: forward(gpu, "softmax", `exponential(${logarithmOf(2)})`),
  softmaxGradient: backward(
    gpu,
    "softmaxGradient",
    "gradients[first + i] * ys[first + i]",
    "ys[this.thread.x] * (gradients[this.thread.x] - totals[row])",
  ),
  logSoftmax: forward(gpu, "logSoftmax", logarithmOf(2)),
  logSoftmaxGradient: backward(
    gpu,
    "logSoftmaxGradient",
    "gradients[first + i]",
    "gradients[this.thread.x] - exponential(ys[this.thread.x]) * totals[row]",
  ),
  softmaxCrossEntropy: crossEntropy(gpu),
  softmaxCrossEntropyGradient: crossEntropyGradient(gpu),
});
