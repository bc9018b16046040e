import {
  checkValue,
  conv2dGeometry,
  convOutputShape,
  oneOf,
  sizeOf,
  type Conv2dGeometry,
  type Sliding,
} from "@convlens/backend";
import {
  concat,
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
import { addProduct, fourierTransform, powerOfTwo, transformOf, zeros } from "./fourier.ts";
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
  sizeOf(convOutputShape(g)) * g.height.window * g.width.window * (g.inChannels / g.groups);

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
  // [n, f, places] of each group → [n, places, f] of all.
  const maps = groups.map((group) => transpose(group.maps, [0, 2, 1]));
  return {
    output: await known(reshape(concat(maps, 2), convOutputShape(g))),
    products: slidProducts(g),
    numbers: groups.reduce((sum, { size }) => sum + size, 0),
  };
};

/** The dense Toeplitz matrix times each flattened image. */
const matrix: Way = async (x, filters, options, g) => {
  const one = slice(x, [0, 0, 0, 0], [1, ...x.shape.slice(1)]);
  const toeplitz = denseMatrix(matrixOf(conv2d(one, filters, options), one, filters));
  const images = reshape(x, [g.batch, one.size]);
  const output = await known(reshape(matmul(images, transpose(toeplitz)), convOutputShape(g)));
  return { output, products: g.batch * toeplitz.size, numbers: toeplitz.size };
};

/** The convolution theorem: one transform of each image and filter, then a complex product per pair and frequency. */
const fourier: Way = async (x, filters, _, g) => {
  const [input, weights] = await evaluate(x, filters);
  const { height: h, width: w, inChannels, outChannels } = g;
  const [c, f] = [inChannels / g.groups, outChannels / g.groups];
  // Circular wrap-around reaches only positions outside all windows.
  const padded = (s: Sliding): number => powerOfTwo(s.before + s.input + s.after);
  const shape = [padded(h), padded(w)] as const;
  /** Places in a transformed image, from those along its axes. */
  const places = (along: (s: Sliding) => readonly [count: number, first: number, step: number]): number[] => {
    const [rows, columns] = [h, w].map((s) => {
      const [length, first, step] = along(s);
      return Array.from({ length }, (_unused, i) => first + i * step);
    }) as [number[], number[]];
    return rows.flatMap((row) => columns.map((column) => row * shape[1] + column));
  };
  const pixels = places((s) => [s.input, s.before, 1]);
  const tapPlaces = places((s) => [s.window, 0, s.dilation]);
  const positions = places((s) => [s.output, 0, s.stride]);
  const taps = Array.from({ length: c * outChannels }, (_unused, i) =>
    transformOf(shape, tapPlaces, (tap) => weights[tap * c * outChannels + i]!),
  );
  const values = new Float64Array(sizeOf(convOutputShape(g)));
  for (let image = 0; image < g.batch; image++) {
    const maps = Array.from({ length: inChannels }, (_unused, channel) =>
      transformOf(shape, pixels, (pixel) => input[(image * pixels.length + pixel) * inChannels + channel]!),
    );
    for (let filter = 0; filter < outChannels; filter++) {
      const sum = zeros(shape);
      const first = Math.floor(filter / f) * c;
      for (const [channel, map] of maps.slice(first, first + c).entries())
        addProduct(sum, map, taps[channel * outChannels + filter]!);
      fourierTransform(sum, shape, true);
      for (const [i, at] of positions.entries())
        values[(image * positions.length + i) * outChannels + filter] = sum.re[at]!;
    }
  }
  // A transform of n numbers takes n/2 · log₂ n complex products of four real ones each.
  const size = sizeOf(shape);
  const transforms = taps.length + g.batch * (inChannels + outChannels);
  return {
    output: tensor(values, convOutputShape(g)),
    products: transforms * 2 * size * Math.log2(size) + g.batch * c * outChannels * 4 * size,
    numbers: 2 * size * (taps.length + inChannels + 1),
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
  checkValue("convolveBy", "algorithm", algorithm, oneOf(...Object.keys(ways)));
  const g = conv2dGeometry(x.shape, filters.shape, options, "convolveBy");
  return ways[algorithm](x, filters, options, g);
}
