import { booleanOption, numberAbove, type OptionChecks, ShapeError } from "@convlens/backend";
import {
  averagePool1d,
  averagePool2d,
  averagePool3d,
  lpPool1d,
  lpPool2d,
  max,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  mean,
  countOption,
  signalChecks,
  poolChecks,
  tripleFrom,
  volumeChecks,
  type AveragePool2dOptions,
  type AveragePool3dOptions,
  type LpPool2dOptions,
  type Pool1dOptions,
  type Pool2dOptions,
  type Pool3dOptions,
  type Tensor,
} from "@convlens/tensor";
import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

const overImages = <O extends Pool2dOptions>(
  name: string,
  pool: (x: Tensor, options: O) => Tensor,
  others: OptionChecks<Omit<O, keyof Pool2dOptions>>,
): FunctionLayerClass<O> =>
  functionLayer(name, pool, { ...poolChecks, ...others } as unknown as OptionChecks<O>, ["kernelSize"]);

const overSignals = <O extends Pool1dOptions>(
  name: string,
  pool: (x: Tensor, options: O) => Tensor,
  others: OptionChecks<Omit<O, keyof Pool1dOptions>>,
): FunctionLayerClass<O> =>
  functionLayer(name, pool, { ...signalChecks, kernelSize: countOption, ...others } as unknown as OptionChecks<O>, [
    "kernelSize",
  ]);

const overVolumes = <O extends Pool3dOptions>(
  name: string,
  pool: (x: Tensor, options: O) => Tensor,
  others: OptionChecks<Omit<O, keyof Pool3dOptions>>,
): FunctionLayerClass<O> =>
  functionLayer(name, pool, { ...volumeChecks, kernelSize: tripleFrom(1), ...others } as unknown as OptionChecks<O>, [
    "kernelSize",
  ]);

/** Options of {@link AveragePool1d}. */
export type AveragePool1dOptions = Parameters<typeof averagePool1d>[1];
/** Options of {@link LpPool1d}. */
export type LpPool1dOptions = Parameters<typeof lpPool1d>[1];

/** The largest number under each window of an image, for each channel: `[n, h, w, c] → [n, oh, ow, c]`. */
export const MaxPool2d: FunctionLayerClass<Pool2dOptions> = /* @__PURE__ */ overImages("MaxPool2d", maxPool2d, {});

/** The mean under each window of an image, for each channel: `[n, h, w, c] → [n, oh, ow, c]`. */
export const AveragePool2d: FunctionLayerClass<AveragePool2dOptions> = /* @__PURE__ */ overImages(
  "AveragePool2d",
  averagePool2d,
  { countPadding: booleanOption },
);

/** The p-norm of each window of an image, for each channel: `[n, h, w, c] → [n, oh, ow, c]`. */
export const LpPool2d: FunctionLayerClass<LpPool2dOptions> = /* @__PURE__ */ overImages("LpPool2d", lpPool2d, {
  p: /* @__PURE__ */ numberAbove(0),
});

/** The largest number under each window of a signal: `[n, l, c] → [n, ol, c]`. */
export const MaxPool1d: FunctionLayerClass<Pool1dOptions> = /* @__PURE__ */ overSignals("MaxPool1d", maxPool1d, {});

/** The mean under each window of a signal: `[n, l, c] → [n, ol, c]`. */
export const AveragePool1d: FunctionLayerClass<AveragePool1dOptions> = /* @__PURE__ */ overSignals(
  "AveragePool1d",
  averagePool1d,
  { countPadding: booleanOption },
);

/** The p-norm of each window of a signal: `[n, l, c] → [n, ol, c]`. */
export const LpPool1d: FunctionLayerClass<LpPool1dOptions> = /* @__PURE__ */ overSignals("LpPool1d", lpPool1d, {
  p: /* @__PURE__ */ numberAbove(0),
});

/** The largest number under each window of a volume, for each channel: `[n, d, h, w, c] → [n, od, oh, ow, c]`. */
export const MaxPool3d: FunctionLayerClass<Pool3dOptions> = /* @__PURE__ */ overVolumes("MaxPool3d", maxPool3d, {});

/** The mean under each window of a volume, for each channel: `[n, d, h, w, c] → [n, od, oh, ow, c]`. */
export const AveragePool3d: FunctionLayerClass<AveragePool3dOptions> = /* @__PURE__ */ overVolumes(
  "AveragePool3d",
  averagePool3d,
  { countPadding: booleanOption },
);

/** The spatial axes: all but the batch and the channels. */
function spatialAxes(x: Tensor): number[] {
  if (x.rank < 3)
    throw new ShapeError({
      expected: "maps [batch, height, width, channels] or [batch, length, channels]",
      got: x.shape,
    });
  return x.shape.map((_, axis) => axis).slice(1, -1);
}

/** Options of {@link GlobalAveragePool} and {@link GlobalMaxPool}. */
export interface GlobalPoolOptions {
  /** Whether height and width, or the length, stay as axes of size 1: `[n, 1, 1, c]`. Default: false. */
  readonly keepAxes?: boolean;
}

const overMaps = (
  name: string,
  pool: (x: Tensor, axes: readonly number[], options: GlobalPoolOptions) => Tensor,
): FunctionLayerClass<GlobalPoolOptions> =>
  functionLayer<GlobalPoolOptions>(name, (x, options) => pool(x, spatialAxes(x), options), { keepAxes: booleanOption });

/**
 * The largest number of each whole map: `[n, …, c] → [n, c]`, or `[n, 1, 1, c]` with `keepAxes`.
 *
 * @throws `ShapeError` for an input without height and width, or length.
 *
 * @example
 * ```ts
 * sequential([new Conv1d({ filters: 8, kernelSize: 5 }), new GlobalMaxPool(), new Dense({ units: 4 })]);
 * ```
 */
export const GlobalMaxPool: FunctionLayerClass<GlobalPoolOptions> = /* @__PURE__ */ overMaps("GlobalMaxPool", max);

/**
 * The mean of each whole map: `[n, …, c] → [n, c]`, or `[n, 1, 1, c]` with `keepAxes`.
 *
 * @throws `ShapeError` for an input without height and width, or length.
 *
 * @example
 * ```ts
 * new GlobalAveragePool({ keepAxes: true }).call(ones([2, 5, 5, 3])).shape; // [2, 1, 1, 3]
 * ```
 */
export const GlobalAveragePool: FunctionLayerClass<GlobalPoolOptions> = /* @__PURE__ */ overMaps(
  "GlobalAveragePool",
  mean,
);
