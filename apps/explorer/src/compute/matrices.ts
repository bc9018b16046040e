import { toColumns, toMatrix, toRows } from "@convlens/analysis";
import { Conv2d, type Layer } from "@convlens/layers";
import { absolute, conv2d, evaluate, matmul, max, reshape, subtract, tensor, transpose, zeros } from "@convlens/tensor";
import type { ConvolutionRequest } from "./convolution.ts";

/** A convolution as products of matrices. */
export interface MatricesAnswer {
  /** The inputs of each window as a column (im2col): `[taps, places]`; only without groups. */
  readonly columns: Float32Array | undefined;
  /** Filters as rows: `[filters, taps]`. */
  readonly rows: Float32Array | undefined;
  /** Their product: `[filters, places]`, without bias. */
  readonly product: Float32Array;
  readonly taps: number;
  readonly places: number;
  /** Index of the weight at each entry of the one matrix `[places · filters, inputs]` (Toeplitz), or −1 for a zero. */
  readonly weightAt: Int32Array;
  readonly matrix: Float32Array;
  readonly inputs: number;
  readonly nonZeros: number;
  readonly distinct: number;
  /** Largest difference between the products and the convolution. */
  readonly difference: number;
}

/** Writes a convolution as matrices, and multiplies them. */
export async function matrices(request: ConvolutionRequest): Promise<MatricesAnswer> {
  const { inputShape, filterShape, stride, padding, dilation, groups } = request;
  const [kh, kw, depth, filters] = filterShape;
  const options = { stride, padding, dilation } as const;
  const x = tensor(request.input, [1, ...inputShape]);
  const w = tensor(request.filters, filterShape);
  const y = conv2d(x, w, { ...options, groups });
  const places = y.shape[1]! * y.shape[2]!;
  const inputs = x.size;

  const layer: Layer = new Conv2d({
    filters,
    kernelSize: [kh, kw],
    ...options,
    groups,
    bias: false,
    geometry: "floor",
  });
  layer.call(zeros([1, ...inputShape]));
  const { entries, nonZeros, distinct } = toMatrix(layer, inputShape);
  const weightAt = new Int32Array(places * filters * inputs).fill(-1);
  const matrix = new Float32Array(weightAt.length);
  for (const [i, row] of entries.row.entries()) {
    const at = row * inputs + entries.column[i]!;
    weightAt[at] = entries.weight[i]!;
    matrix[at] = request.filters[entries.weight[i]!]!;
  }
  const byToeplitz = matmul(tensor(matrix, [places * filters, inputs]), reshape(x, [inputs, 1]));
  const direct = reshape(y, [places, filters]);
  const [product, first, columns, rows] =
    groups === 1
      ? await (async () => {
          const seen = reshape(toColumns(x, { kernelSize: [kh, kw], ...options, geometry: "floor" }), [
            kh * kw * depth,
            places,
          ]);
          const byColumns = matmul(toRows(w), seen);
          return evaluate(
            byColumns,
            reshape(max(absolute(subtract(transpose(byColumns), direct))), [1]),
            seen,
            toRows(w),
          );
        })()
      : await evaluate(transpose(direct), zeros([1]));
  const [second] = await evaluate(
    reshape(max(absolute(subtract(reshape(byToeplitz, [places, filters]), direct))), [1]),
  );
  return {
    columns: columns && Float32Array.from(columns),
    rows: rows && Float32Array.from(rows),
    product: Float32Array.from(product),
    taps: kh * kw * depth,
    places,
    weightAt,
    matrix,
    inputs,
    nonZeros,
    distinct,
    difference: Math.max(first[0]!, second[0]!),
  };
}
