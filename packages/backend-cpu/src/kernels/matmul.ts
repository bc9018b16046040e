import { sizeOf, type Kernel, type Operations } from "@convlens/backend";
import type { Block, Heap } from "../heap.ts";
import { packPanels, panelLength, productOf } from "./product.ts";

/** The product of matrices, for each of a batch. */
export const matmul =
  (heap: Heap): Kernel<Block, Operations["matmul"]> =>
  ({ inputs: [shapeA], output, attributes: { transposeA, transposeB } }) => {
    const [m, n] = output.slice(-2) as [number, number];
    const k = shapeA!.at(transposeA ? -2 : -1)!;
    const batch = sizeOf(output.slice(0, -2));
    const pack = packPanels(heap, {
      terms: k,
      columns: n,
      termStep: transposeB ? 4 : 4 * n,
      columnStep: transposeB ? 4 * k : 4,
    });
    const product = productOf(heap, {
      rows: m,
      rowStep: transposeA ? 4 : 4 * k,
      resultStep: 4 * n,
      columns: n,
      terms: [{ count: k, step: transposeA ? 4 * m : 4 }],
      accumulate: false,
    });
    return ([a, b], y) => {
      const panels = heap.scratch(panelLength(k, n));
      for (let matrix = 0; matrix < batch; matrix++) {
        pack(b!.start + 4 * matrix * k * n, panels);
        product(a!.start + 4 * matrix * m * k, panels, y.start + 4 * matrix * m * n);
      }
    };
  };
