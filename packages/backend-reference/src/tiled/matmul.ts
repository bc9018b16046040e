import { sizeOf, type Kernel, type Operations, type Values } from "@convlens/backend";
import { addProduct } from "./product.ts";

/** y[i, j] = Σ a[i, l] · b[l, j] for every matrix of the batch. */
export const tiledMatmul: Kernel<Values, Operations["matmul"]> = ({
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
    y.fill(0);
    for (let matrix = 0; matrix < batch; matrix++)
      addProduct(
        m,
        n,
        k,
        { values: a, start: matrix * m * k, row: rowA, column: columnA },
        { values: b, start: matrix * k * n, row: rowB, column: columnB },
        { values: y, start: matrix * m * n, row: n, column: 1 },
      );
  };
};
