import { conv2dGeometry, convOutputShape, type Conv2dGeometry, type Shape, type Sliding } from "@convlens/backend";
import {
  conv2d,
  evaluate,
  matmul,
  reshape,
  slice,
  tensor,
  transpose,
  type Conv2dOptions,
  type Tensor,
} from "@convlens/tensor";
import { fourierTransform, powerOfTwo, type Complex } from "./fourier.ts";
import { toColumns, toRows } from "./toColumns.ts";
import { denseMatrix, matrixOf } from "./toMatrix.ts";

/** An algorithm for convolutions. */
export type ConvolutionAlgorithm = "sliding" | "columns" | "matrix" | "fourier";

/** The result of a convolution and its cost. */
export interface Convolved {
  /** `[n, oh, ow, f]`; its values are known. */
  readonly output: Tensor;
  /** Number of real multiplications. */
  readonly products: number;
  /** Number of intermediate numbers, beside the input, the filters and the output. */
  readonly numbers: number;
}

/** Computes a convolution by one algorithm. */
type Way = (x: Tensor, filters: Tensor, options: Conv2dOptions, g: Conv2dGeometry) => Promise<Convolved>;

const known = async (t: Tensor): Promise<Tensor> => tensor(await t.data(), t.shape);
const slidProducts = (g: Conv2dGeometry): number =>
  convOutputShape(g).reduce((a, b) => a * b, 1) * g.height.window * g.width.window * (g.inChannels / g.groups);

/** The definition: filters slide over the input. */
const sliding: Way = async (x, filters, options, g) => ({
  output: await known(conv2d(x, filters, options)),
  products: slidProducts(g),
  numbers: 0,
});

/** im2col: windows as columns, filters as rows, and one matrix product for each group. */
const columns: Way = async (x, filters, { groups: count = 1, ...window }, g) => {
  const [n, h, w] = x.shape as [number, number, number];
  const [kh, kw] = filters.shape as [number, number];
  const [c, f] = [g.inChannels / count, g.outChannels / count];
  const groups = Array.from({ length: count }, (_, group) => {
    const seen = toColumns(slice(x, [0, 0, 0, group * c], [n, h, w, c]), { ...window, kernelSize: [kh, kw] });
    const rows = toRows(slice(filters, [0, 0, 0, group * f], [kh, kw, c, f]));
    return { maps: matmul(rows, seen), size: seen.size };
  });
  const maps = await evaluate(...groups.map((group) => group.maps));
  // [n, f, places] of each group → [n, places, f] of all.
  const shape = convOutputShape(g);
  const places = g.height.output * g.width.output;
  const values = new Float64Array(n * places * g.outChannels);
  for (const [group, made] of maps.entries())
    for (let i = 0; i < made.length; i++) {
      const [image, filter, place] = [Math.floor(i / (f * places)), Math.floor(i / places) % f, i % places];
      values[(image * places + place) * g.outChannels + group * f + filter] = made[i]!;
    }
  return {
    output: tensor(values, shape),
    products: slidProducts(g),
    numbers: groups.reduce((sum, { size }) => sum + size, 0),
  };
};

/** The dense Toeplitz matrix times each flattened image. */
const matrix: Way = async (x, filters, options, g) => {
  const one = slice(x, [0, 0, 0, 0], [1, ...x.shape.slice(1)]);
  const toeplitz = denseMatrix(matrixOf(conv2d(one, filters, options), filters));
  const images = reshape(x, [g.batch, toeplitz.shape[1]!]);
  const output = await known(reshape(matmul(images, transpose(toeplitz)), convOutputShape(g)));
  return { output, products: g.batch * toeplitz.size, numbers: toeplitz.size };
};

/** Returns the Fourier transform of a real image. */
function transformed(shape: Shape, fill: (re: Float64Array) => void): Complex {
  const size = shape[0]! * shape[1]!;
  const z: Complex = { re: new Float64Array(size), im: new Float64Array(size) };
  fill(z.re);
  fourierTransform(z, shape);
  return z;
}

/**
 * The convolution theorem: each image and each filter is transformed once, and each pair costs one complex product per
 * frequency. Positions that a stride skips are computed, too.
 */
const fourier: Way = async (x, filters, _, g) => {
  const [input, weights] = await evaluate(x, filters);
  const { height: h, width: w } = g;
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  // Circular wrap-around reaches only positions outside all windows.
  const padded = (s: Sliding): number => powerOfTwo(s.before + s.input + s.after);
  const shape: Shape = [padded(h), padded(w)];
  const [rows, across] = shape as [number, number];
  const size = rows * across;
  const taps = Array.from({ length: c * g.outChannels }, (_unused, i) =>
    transformed(shape, (re) => {
      for (let ky = 0; ky < h.window; ky++)
        for (let kx = 0; kx < w.window; kx++)
          re[ky * h.dilation * across + kx * w.dilation] = weights[(ky * w.window + kx) * c * g.outChannels + i]!;
    }),
  );
  const values = new Float64Array(convOutputShape(g).reduce((a, b) => a * b, 1));
  for (let image = 0; image < g.batch; image++) {
    const maps = Array.from({ length: g.inChannels }, (_unused, channel) =>
      transformed(shape, (re) => {
        for (let y = 0; y < h.input; y++)
          for (let at = 0; at < w.input; at++)
            re[(y + h.before) * across + at + w.before] =
              input[((image * h.input + y) * w.input + at) * g.inChannels + channel]!;
      }),
    );
    for (let filter = 0; filter < g.outChannels; filter++) {
      const sum: Complex = { re: new Float64Array(size), im: new Float64Array(size) };
      for (let channel = 0; channel < c; channel++) {
        const [a, b] = [maps[Math.floor(filter / f) * c + channel]!, taps[channel * g.outChannels + filter]!];
        // A correlation multiplies by the conjugate.
        for (let i = 0; i < size; i++) {
          sum.re[i]! += a.re[i]! * b.re[i]! + a.im[i]! * b.im[i]!;
          sum.im[i]! += a.im[i]! * b.re[i]! - a.re[i]! * b.im[i]!;
        }
      }
      fourierTransform(sum, shape, true);
      for (let oy = 0; oy < h.output; oy++)
        for (let ox = 0; ox < w.output; ox++)
          values[((image * h.output + oy) * w.output + ox) * g.outChannels + filter] =
            sum.re[oy * h.stride * across + ox * w.stride]!;
    }
  }
  // A transform of n numbers takes n/2 · log₂ n complex products of four real ones each.
  const transforms = taps.length + g.batch * (g.inChannels + g.outChannels);
  return {
    output: tensor(values, convOutputShape(g)),
    products: transforms * 2 * size * Math.log2(size) + g.batch * c * g.outChannels * 4 * size,
    numbers: 2 * size * (taps.length + g.inChannels + 1),
  };
};

const ways: Readonly<Record<ConvolutionAlgorithm, Way>> = { sliding, columns, matrix, fourier };

/**
 * Computes a convolution by one of four algorithms: sliding filters, a matrix product over windows as columns (im2col), a product
 * with the dense Toeplitz matrix, or Fourier transforms. The results agree; the number of multiplications and the memory differ.
 *
 * @param x - `[n, h, w, c]`
 * @param filters - `[kh, kw, c / groups, f]`
 *
 * @example
 * ```ts
 * for (const algorithm of ["sliding", "columns", "matrix", "fourier"] as const) {
 *   const { output, products } = await convolveBy(algorithm, normal([1, 12, 12, 2]), ones([3, 3, 2, 4]));
 *   console.log(algorithm, output.shape, products);
 * }
 * ```
 */
export function convolveBy(
  algorithm: ConvolutionAlgorithm,
  x: Tensor,
  filters: Tensor,
  options: Conv2dOptions = {},
): Promise<Convolved> {
  const g = conv2dGeometry(x.shape, filters.shape, options, "convolveBy");
  return ways[algorithm](x, filters, options, g);
}
