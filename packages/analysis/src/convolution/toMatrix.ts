import { meetings, ShapeError, sizeOf, traitsOf, UsageError, type Conv2dGeometry, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { concat, gather, reshape, tensor, type Tensor } from "@convlens/tensor";
import { recordModel, variableBehind } from "../recordModel.ts";

/** A layer as a matrix: y = matrix · x, with input and output flattened. */
export interface LayerMatrix {
  /** Number of rows, one for each output of one example. */
  readonly rows: number;
  /** Number of columns, one for each input. */
  readonly columns: number;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** The nonzero entries, row by row. */
  readonly entries: {
    readonly row: Int32Array;
    readonly column: Int32Array;
    /** Index of the weight in the layer's filters, row-major. */
    readonly weight: Int32Array;
  };
  /** Number of nonzero entries. */
  readonly nonZeros: number;
  /** Number of distinct weights among them. */
  readonly distinct: number;
  /** The weights of the layer. */
  readonly weights: Tensor;
}

interface Entry {
  readonly row: number;
  readonly column: number;
  readonly weight: number;
}

/** Visits the entries of a convolution: a Toeplitz matrix of Toeplitz matrices. */
function convolutionEntries(g: Conv2dGeometry, visit: (output: number, input: number, weight: number) => void): void {
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const [rows, columns] = [meetings(g.height), meetings(g.width)];
  for (const [oy, ys] of rows.entries())
    for (const [ox, xs] of columns.entries())
      for (let filter = 0; filter < g.outChannels; filter++)
        for (const y of ys)
          for (const x of xs)
            for (let channel = 0; channel < c; channel++)
              visit(
                (oy * g.width.output + ox) * g.outChannels + filter,
                (y.input * g.width.input + x.input) * g.inChannels + Math.floor(filter / f) * c + channel,
                ((y.tap * g.width.window + x.tap) * c + channel) * g.outChannels + filter,
              );
}

function entriesOf(t: Tensor, { size: inputs }: Tensor): Entry[] {
  const entries: Entry[] = [];
  const { geometry } = t.attributes as { readonly geometry?: Conv2dGeometry };
  if (geometry !== undefined) {
    const transposed = t.operation === "conv2dInputGradient";
    convolutionEntries(geometry, (output, input, weight) =>
      entries.push({ row: transposed ? input : output, column: transposed ? output : input, weight }),
    );
    if (transposed) entries.sort((a, b) => a.row - b.row || a.column - b.column);
  } else {
    for (let row = 0; row < t.size; row++)
      for (let column = 0; column < inputs; column++) entries.push({ row, column, weight: column * t.size + row });
  }
  return entries;
}

/** Returns the matrix of a convolution or a product `t` of one example `x`. */
export function matrixOf(t: Tensor, x: Tensor, weights: Tensor): LayerMatrix {
  const entries = entriesOf(t, x);
  return {
    rows: t.size,
    columns: x.size,
    inputShape: x.shape.slice(1),
    outputShape: t.shape.slice(1),
    entries: {
      row: Int32Array.from(entries, ({ row }) => row),
      column: Int32Array.from(entries, ({ column }) => column),
      weight: Int32Array.from(entries, ({ weight }) => weight),
    },
    nonZeros: entries.length,
    distinct: new Set(entries.map(({ weight }) => weight)).size,
    weights,
  };
}

/**
 * Returns a layer as a matrix. For a fully connected layer it holds its weights; for a convolution it is mostly zeros, and the
 * same few weights shift from row to row (a Toeplitz matrix; in two dimensions a block Toeplitz matrix).
 *
 * @param layer - A convolution (1D, 2D, depthwise or transposed) or a `Dense`.
 * @param inputShape - Shape of one example.
 * @throws `UsageError` for a layer that does not multiply its input by weights once.
 *
 * @example
 * ```ts
 * const { rows, columns, nonZeros, distinct } = toMatrix(new Conv1d({ filters: 1, kernelSize: 2 }), [9, 1]);
 * [rows, columns, nonZeros, distinct]; // 8 · 9 entries, of which 16 are not 0, and those are 2 weights
 * ```
 */
export function toMatrix(layer: Layer, inputShape: Shape): LayerMatrix {
  const recorded = recordModel(layer, inputShape);
  const products = recorded.tensors.flatMap((t) => {
    const { weighs, slides } = traitsOf(t.operation);
    const [x, weights] = t.inputs;
    if (!weighs || x?.size !== recorded.input.size || weights === undefined) return [];
    return slides || weights.rank === 2 ? [{ t, x, weights: variableBehind(weights, recorded) }] : [];
  });
  const [product] = products;
  if (product?.weights === undefined || products.length > 1)
    throw new UsageError({
      operation: "toMatrix",
      expected: "a layer that multiplies its input by weights once, such as a Conv2d or a Dense",
      got: products.length,
      gotWords: `one that does so ${products.length} times`,
    });
  const matrix = matrixOf(product.t, product.x, product.weights);
  return { ...matrix, inputShape, outputShape: recorded.output.shape.slice(1) };
}

/** Largest number of entries of a dense matrix. */
const LARGEST = 2 ** 26;

/**
 * Returns the dense matrix `[rows, columns]`. It is recorded from the weights of the layer, so that gradients flow through it:
 * the gradient of a weight is the sum over all its copies.
 *
 * @throws `ShapeError` if it would have more than 2²⁶ entries.
 *
 * @example
 * ```ts
 * const layer = new Conv1d({ filters: 1, kernelSize: 2, bias: false });
 * const matrix = denseMatrix(toMatrix(layer, [9, 1])); // [8, 9]
 * const y = matmul(matrix, reshape(range(9), [9, 1])); // the output of the layer for 0, 1, … 8
 * ```
 */
export function denseMatrix({ rows, columns, entries, weights }: LayerMatrix): Tensor {
  if (rows * columns > LARGEST)
    throw new ShapeError({
      operation: "denseMatrix",
      expected: `at most ${LARGEST} entries`,
      got: rows * columns,
      gotWords: `${rows} · ${columns}`,
      fix: "use the entries that are not 0",
    });
  // All other entries point to a 0 behind the weights.
  const zero = sizeOf(weights.shape);
  const where = new Float64Array(rows * columns).fill(zero);
  entries.row.forEach((row, i) => (where[row * columns + entries.column[i]!] = entries.weight[i]!));
  return gather(concat([reshape(weights, [zero]), tensor([0])]), tensor(where, [rows, columns]));
}
