import { checkOptions, conv2dGeometry, convTranspose2dGeometry, wholeFrom, type GeometryMode } from "@convlens/backend";
import { operand, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { conv2d, convTranspose2d } from "./conv2d.ts";
import { asImage, asSignal, onWidth, padWidth, type Padding1d } from "./oneDimension.ts";
import { countOption, signalChecks } from "./options.ts";

/** Options of {@link conv1d}. */
export interface Conv1dOptions {
  readonly stride?: number | undefined;
  readonly padding?: Padding1d | undefined;
  readonly dilation?: number | undefined;
  readonly groups?: number | undefined;
  readonly geometry?: GeometryMode | undefined;
}

/**
 * Convolution of a signal. The filters slide along it: each is many copies of the same neuron side by side.
 *
 * @param x - `[n, l, c]`
 * @param filters - `[k, c / groups, f]`
 * @returns `[n, ol, f]`
 *
 * @example
 * ```ts
 * const x = tensor([0, 1, 2, -1, 1, -3, 0], [1, 7, 1]);
 * conv1d(x, tensor([1, 0, -1], [3, 1, 1])); // -2, 2, 1, 2, 1
 * ```
 */
export function conv1d(x: Operand, filters: Operand, given: Conv1dOptions = {}): Tensor {
  checkOptions("conv1d", given, { ...signalChecks, groups: countOption });
  const { stride = 1, padding = 0, dilation = 1, groups = 1, geometry } = given;
  const image = asImage("conv1d", operand(x));
  const weights = asImage("conv1d", operand(filters), "filters [length, channels, filters]");
  const options = {
    stride: onWidth(stride),
    padding: padWidth(padding),
    dilation: onWidth(dilation),
    groups,
    geometry,
  };
  conv2dGeometry(image.shape, weights.shape, options, "conv1d");
  return asSignal(conv2d(image, weights, options));
}

/** Options of {@link convTranspose1d}. */
export interface ConvTranspose1dOptions extends Omit<Conv1dOptions, "geometry"> {
  /** Number of elements added to the end of the output. */
  readonly outputPadding?: number | undefined;
}

/**
 * Transposed convolution of a signal: {@link conv1d} run backwards.
 *
 * @param x - `[n, l, c]`
 * @param filters - `[k, f / groups, c]`
 * @returns `[n, (l − 1) · stride + k − padding + outputPadding, f]`; with `"same"` padding `[n, l · stride + outputPadding, f]`
 */
export function convTranspose1d(x: Operand, filters: Operand, given: ConvTranspose1dOptions = {}): Tensor {
  const { geometry: _, ...checks } = signalChecks;
  checkOptions("convTranspose1d", given, { ...checks, groups: countOption, outputPadding: wholeFrom(0) });
  const { stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0 } = given;
  const image = asImage("convTranspose1d", operand(x));
  const weights = asImage("convTranspose1d", operand(filters), "filters [length, filters, channels]");
  const options = {
    stride: onWidth(stride),
    padding: padWidth(padding),
    dilation: onWidth(dilation),
    groups,
    outputPadding: onWidth(outputPadding, 0),
  };
  convTranspose2dGeometry(image.shape, weights.shape, options, "convTranspose1d");
  return asSignal(convTranspose2d(image, weights, options));
}
