import { sizeOf, type Kernel, type Operations } from "@convlens/backend";
import type { Buffer, Launcher } from "../launcher.ts";
import { places } from "./axes.ts";
import { summed } from "./summed.ts";

/** y[i, j] = Σ a[i, l] · b[l, j] for every matrix of the batch. Long sums are divided among threads. */
export const matmul =
  (gpu: Launcher): Kernel<Buffer, Operations["matmul"]> =>
  ({ inputs: [shapeA, shapeB], output, attributes: { transposeA, transposeB } }) => {
    const [m, n] = output.slice(-2) as [number, number];
    const k = shapeA.at(transposeA ? -2 : -1)!;
    const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
    const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
    return summed(gpu, {
      name: "matmul",
      inputs: { xs: sizeOf(shapeA), ws: sizeOf(shapeB) },
      length: sizeOf(output),
      terms: k,
      before: `${places("o", { matrix: sizeOf(output.slice(0, -2)), i: m, j: n })}
const p = matrix * ${m * k} + i * ${rowA};
const q = matrix * ${k * n} + j * ${columnB};`,
      term: `total = total + xs[p + m * ${columnA}] * ws[q + m * ${rowB}];`,
    });
  };
