import {
  ShapeError,
  sizeOf,
  traitsOf,
  UsageError,
  type Conv2dGeometry,
  type Shape,
  type Sliding,
} from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { concat, gather, reshape, tensor, type Tensor } from "@convlens/tensor";
import { recordModel } from "../recordModel.ts";
import { variableBehind } from "../structure/sharing.ts";

/** A layer as the matrix that its input is multiplied by: y = matrix · x, both laid out in a row. */
export interface LayerMatrix {
  /** One row for each output; of one example. */
  readonly rows: number;
  /** One column for each input. */
  readonly columns: number;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Entries that are not 0, in the order of rows, and in each row of columns. */
  readonly entries: {
    readonly row: Int32Array;
    readonly column: Int32Array;
    /** Which weight stands there: its number in the layer's filters, row-major. */
    readonly weight: Int32Array;
  };
  /** How many entries there are. */
  readonly nonZeros: number;
  /** How many weights they are copies of. */
  readonly distinct: number;
  /** The weights, as the layer keeps them. */
  readonly weights: Tensor;
}

interface Entry {
  readonly row: number;
  readonly column: number;
  readonly weight: number;
}

/** Meetings of one axis: for each output its inputs and the taps over them. */
function meetings(s: Sliding): { readonly input: number; readonly tap: number }[][] {
  return Array.from({ length: s.output }, (_, o) =>
    Array.from({ length: s.window }, (_unused, tap) => ({
      input: o * s.stride - s.before + tap * s.dilation,
      tap,
    })).filter(({ input }) => input >= 0 && input < s.input),
  );
}

/** Entries of a convolution: a Toeplitz matrix of one axis, whose entries are such matrices of the other. */
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

function entriesOf(t: Tensor, outputs: number): Entry[] {
  const entries: Entry[] = [];
  const { geometry } = t.attributes as { readonly geometry?: Conv2dGeometry };
  if (geometry !== undefined) {
    const transposed = t.operation === "conv2dInputGradient";
    convolutionEntries(geometry, (output, input, weight) =>
      entries.push({ row: transposed ? input : output, column: transposed ? output : input, weight }),
    );
    if (transposed) entries.sort((a, b) => a.row - b.row || a.column - b.column);
  } else {
    const inputs = t.inputs[0]!.size;
    for (let row = 0; row < outputs; row++)
      for (let column = 0; column < inputs; column++) entries.push({ row, column, weight: column * outputs + row });
  }
  return entries;
}

/** The matrix of a convolution or a product that was recorded for one example. */
export function matrixOf(t: Tensor, weights: Tensor): LayerMatrix {
  const entries = entriesOf(t, t.size);
  return {
    rows: t.size,
    columns: t.inputs[0]!.size,
    inputShape: t.inputs[0]!.shape.slice(1),
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
 * A layer as a matrix. Of a fully connected layer that is its weights; of a convolution it is mostly zeros, and the rest is the
 * same few weights over and over, shifted by one place from row to row (a Toeplitz matrix; in two dimensions one of blocks that
 * are such matrices).
 *
 * @param layer - A convolution (of signals, images, depthwise, transposed) or a `Dense`.
 * @param inputShape - Of one example.
 * @throws `UsageError` for a layer that does not multiply its input by weights exactly once.
 *
 * @example
 * ```ts
 * const { rows, columns, nonZeros, distinct } = toMatrix(new Conv1d({ filters: 1, kernelSize: 2 }), [9, 1]);
 * [rows, columns, nonZeros, distinct]; // 8 · 9 entries, of which 16 are not 0, and those are 2 weights
 * ```
 */
export function toMatrix(layer: Layer, inputShape: Shape): LayerMatrix {
  const recorded = recordModel(layer, inputShape);
  const products = recorded.tensors.filter(({ operation, inputs: [x, weights] }) => {
    const { weighs, slides } = traitsOf(operation);
    return weighs && (slides || weights?.rank === 2) && x?.size === recorded.input.size;
  });
  const [t] = products;
  const weights = t && variableBehind(t.inputs[1]!, recorded);
  if (products.length !== 1 || weights === undefined)
    throw new UsageError(
      `toMatrix: expected a layer that multiplies its input by weights once, such as a Conv2d or a Dense; this one does so ${products.length} times`,
      { operation: "toMatrix", expected: 1, got: products.length },
    );
  return { ...matrixOf(t!, weights), inputShape, outputShape: recorded.output.shape.slice(1) };
}

/** Beyond this many entries a matrix of zeros is no use to anybody. */
const LARGEST = 2 ** 26;

/**
 * The matrix with all its zeros: `[rows, columns]`. It is computed from the layer's weights, so that it follows them, and
 * gradients flow through it: the weights get the sum of the gradients of all their copies.
 *
 * @throws `ShapeError` if it would have more than 2²⁶ entries.
 *
 * @example
 * ```ts
 * const layer = new Conv1d({ filters: 1, kernelSize: 2, bias: false });
 * const matrix = denseMatrix(toMatrix(layer, [9, 1])); // [8, 9]
 * const y = matmul(matrix, reshape(range(9), [9, 1])); // what the layer makes of 0, 1, … 8
 * ```
 */
export function denseMatrix({ rows, columns, entries, weights }: LayerMatrix): Tensor {
  if (rows * columns > LARGEST)
    throw new ShapeError(
      `denseMatrix: ${rows} · ${columns} entries are too many to write down; use the entries that are not 0`,
      {
        operation: "denseMatrix",
        expected: `at most ${LARGEST}`,
        got: rows * columns,
        fix: "use the entries that are not 0",
      },
    );
  // The weights with a 0 behind them, which all the other entries point to.
  const zero = sizeOf(weights.shape);
  const where = new Float64Array(rows * columns).fill(zero);
  for (let i = 0; i < entries.row.length; i++)
    where[entries.row[i]! * columns + entries.column[i]!] = entries.weight[i]!;
  return gather(concat([reshape(weights, [zero]), tensor([0])]), tensor(where, [rows, columns]));
}
