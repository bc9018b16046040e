import { sizeOf, type Kernel, type Operations, type Values } from "@convlens/backend";

/** y[i, j] = Σ a[i, l] · b[l, j] for every matrix of the batch, summed in float64. */
export const matmul: Kernel<Values, Operations["matmul"]> = ({
  inputs: [shapeA],
  output,
  attributes: { transposeA, transposeB },
}) => {
  const [m, n] = output.slice(-2) as [number, number];
  const k = shapeA.at(transposeA ? -2 : -1)!;
  const batch = sizeOf(output.slice(0, -2));
  const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
  const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
  return ([a, b], y) => {
    for (let matrix = 0; matrix < batch; matrix++)
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let total = 0;
          for (let l = 0; l < k; l++)
            total += a[matrix * m * k + i * rowA + l * columnA]! * b[matrix * k * n + l * rowB + j * columnB]!;
          y[(matrix * m + i) * n + j] = total;
        }
  };
};
