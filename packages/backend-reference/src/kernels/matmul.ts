import { sizeOf, type Kernel, type Operations, type Values } from "@convlens/backend";

/** y[i, j] = Σ a[i, l] · b[l, j] for every matrix of the batch, summed in float64 in the order of l. */
export const matmul: Kernel<Values, Operations["matmul"]> = ({ inputs: [shapeA], output, attributes: { transposeA, transposeB } }) => {
  const [m, n] = output.slice(-2) as [number, number];
  const k = shapeA!.at(transposeA ? -2 : -1)!;
  const batch = sizeOf(output.slice(0, -2));
  const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
  const totals = new Float64Array(n);
  return ([a, b], y) => {
    for (let matrix = 0; matrix < batch; matrix++)
      for (let i = 0; i < m; i++) {
        const fromA = matrix * m * k + i * rowA;
        const fromB = matrix * k * n;
        totals.fill(0);
        if (transposeB)
          for (let j = 0; j < n; j++) {
            let total = 0;
            for (let l = 0; l < k; l++) total += a![fromA + l * columnA]! * b![fromB + j * k + l]!;
            totals[j] = total;
          }
        else
          for (let l = 0; l < k; l++) {
            const x = a![fromA + l * columnA]!;
            for (let j = 0; j < n; j++) totals[j]! += x * b![fromB + l * n + j]!;
          }
        y.set(totals, (matrix * m + i) * n);
      }
  };
};
