import { toColumns, toMatrix, toRows } from "@convlens/analysis";
import { Conv2d, type Layer } from "@convlens/layers";
import {
  absolute,
  conv2d,
  matmul,
  max,
  reshape,
  subtract,
  tensor,
  transpose,
  zeros,
  type Tensor,
} from "@convlens/tensor";
import type { ConvolutionRequest } from "./convolution.ts";
import { floats } from "./floats.ts";

/** Writes a convolution as matrices, and multiplies them. */
export async function matrices(request: ConvolutionRequest) {
  const { inputShape, filterShape, stride = 1, padding, dilation = 1, groups = 1 } = request;
  const [kh, kw, depth, filters] = filterShape;
  const options = { kernelSize: [kh, kw], stride, padding, dilation, geometry: "floor" } as const;
  const x = tensor(request.input, [1, ...inputShape]);
  const w = tensor(request.filters, filterShape);
  const y = conv2d(x, w, { stride, padding, dilation, groups });
  const [places, taps, inputs] = [y.size / filters, kh * kw * depth, x.size];
  const direct = reshape(y, [places, filters]);

  const layer: Layer = new Conv2d({ ...options, filters, groups, bias: false });
  layer.call(zeros([1, ...inputShape]));
  const { entries, nonZeros, distinct } = toMatrix(layer, inputShape);
  const weightAt = new Int32Array(places * filters * inputs).fill(-1);
  for (const [i, row] of entries.row.entries()) weightAt[row * inputs + entries.column[i]!] = entries.weight[i]!;
  const matrix = Float32Array.from(weightAt, (at) => request.filters[at] ?? 0);
  const byMatrix = reshape(matmul(tensor(matrix, [places * filters, inputs]), reshape(x, [inputs, 1])), direct.shape);

  const factors = groups === 1 ? ([toRows(w), reshape(toColumns(x, options), [taps, places])] as const) : undefined;
  const product = factors === undefined ? transpose(direct) : matmul(...factors);
  const apart = (other: Tensor): Tensor => max(absolute(subtract(other, direct)));
  const [made, first, second] = await floats(product, apart(transpose(product)), apart(byMatrix));
  const [rows, columns] = factors === undefined ? [] : await floats(...factors);
  return {
    /** The inputs of each window as a column (im2col), `[taps, places]`, and filters as rows, `[filters, taps]`; without groups. */
    ...{ columns, rows },
    /** Their product, `[filters, places]`, without bias, and its largest difference from the convolution. */
    ...{ product: made, difference: Math.max(...first, ...second), taps, places },
    /** One matrix `[places · filters, inputs]` (Toeplitz), and the index of the weight at each entry, or −1 for a zero. */
    ...{ matrix, weightAt, inputs, nonZeros, distinct },
  };
}

/** A convolution as products of matrices. */
export type MatricesAnswer = Awaited<ReturnType<typeof matrices>>;
