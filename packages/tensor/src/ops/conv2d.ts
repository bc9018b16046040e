import {
  checkOptions,
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  convTranspose2dGeometry,
  type Conv2dGeometry,
  type Pair,
  type WindowOptions,
} from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { countOption, pairFrom, windowChecks } from "./options.ts";

// out[o] = Σ in[i] · filter[k] over all triples (i, k, o) of an input, a tap and an output. The sum is linear in both factors,
// so each gradient is the same sum with the roles exchanged, and the three operations are closed under differentiation.
const forward: Operation<"conv2d"> = {
  name: "conv2d",
  shape: (_, { geometry }) => convOutputShape(geometry),
  gradient: (dy, { inputs: [x, filters], attributes: { geometry: g } }) => [
    inputGradient(dy, filters, g),
    filterGradient(dy, x, g),
  ],
};
const toInput: Operation<"conv2dInputGradient"> = {
  name: "conv2dInputGradient",
  shape: (_, { geometry }) => convInputShape(geometry),
  gradient: (v, { inputs: [dy, filters], attributes: { geometry } }) => [
    record(forward, [v, filters], { geometry }),
    filterGradient(dy, v, geometry),
  ],
};
const toFilters: Operation<"conv2dFilterGradient"> = {
  name: "conv2dFilterGradient",
  shape: (_, { geometry }) => convFilterShape(geometry),
  gradient: (v, { inputs: [dy, x], attributes: { geometry } }) => [
    record(forward, [x, v], { geometry }),
    inputGradient(dy, v, geometry),
  ],
};
const inputGradient = (dy: Operand, filters: Operand, geometry: Conv2dGeometry): Tensor =>
  record(toInput, [dy, filters], { geometry });
const filterGradient = (dy: Operand, x: Operand, geometry: Conv2dGeometry): Tensor =>
  record(toFilters, [dy, x], { geometry });

/** Options of {@link conv2d}. */
export interface Conv2dOptions extends WindowOptions {
  /** Number of groups that channels and filters are divided into; with one group per channel it is a depthwise convolution. */
  readonly groups?: number | undefined;
}

/**
 * Convolution of images. The filters slide to every position of the image; each element of the result is the sum of the products
 * of the weights of a filter and the pixels under it, through the full depth of the input. (As is usual, the filter is not
 * flipped, so mathematically this is a cross-correlation.)
 *
 * @param x - `[n, h, w, c]`
 * @param filters - `[kh, kw, c / groups, f]`
 * @returns `[n, oh, ow, f]`: an activation map for each filter, along the last axis.
 * @throws `ShapeError` for wrong ranks or channels, `GeometryError` for a window that does not fit.
 *
 * @example
 * ```ts
 * conv2d(zeros([32, 28, 28, 1]), zeros([5, 5, 1, 12]), { padding: "same" }).shape; // [32, 28, 28, 12]
 * ```
 */
export function conv2d(x: Operand, filters: Operand, options: Conv2dOptions = {}): Tensor {
  checkOptions("conv2d", options, { ...windowChecks, groups: countOption });
  const [image, weights] = [operand(x), operand(filters)];
  return record(forward, [image, weights], { geometry: conv2dGeometry(image.shape, weights.shape, options) });
}

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dOptions extends Omit<Conv2dOptions, "geometry"> {
  /** Number of rows and columns added below and to the right, since with a stride several sizes have the same number of positions. */
  readonly outputPadding?: Pair | undefined;
}

/**
 * Transposed convolution: every pixel adds the filters, weighted by it, to a larger image. It is the gradient of {@link conv2d}
 * with respect to its input; with a stride it is the usual way to enlarge activation maps.
 *
 * @param x - `[n, h, w, c]`
 * @param filters - `[kh, kw, f / groups, c]`, as for the convolution that it runs backwards.
 * @returns `[n, (h − 1) · stride + kh − padding + outputPadding, …, f]`; with `"same"` padding `[n, h · stride + outputPadding, …, f]`
 */
export function convTranspose2d(x: Operand, filters: Operand, options: ConvTranspose2dOptions = {}): Tensor {
  const { geometry: _, ...checks } = windowChecks;
  checkOptions("convTranspose2d", options, { ...checks, groups: countOption, outputPadding: pairFrom(0) });
  const [image, weights] = [operand(x), operand(filters)];
  return inputGradient(image, weights, convTranspose2dGeometry(image.shape, weights.shape, options));
}
