import {
  anyOption,
  booleanOption,
  checkOptions,
  checkValue,
  geometryOption,
  numberFrom,
  oneOf,
  wholeFrom,
  type OptionCheck,
  type OptionChecks,
  type Pair,
  type WindowOptions,
} from "@convlens/backend";
import type { ReduceOptions } from "./broadcast.ts";
import type { ResizeOptions } from "./resize.ts";

// Checks of options that operations and layers have in common.

/** Accepts a whole number of at least 1. */
export const countOption: OptionCheck = /* @__PURE__ */ wholeFrom(1);

/** Accepts finite numbers. */
export const finiteOption: OptionCheck = (value) => (Number.isFinite(value) ? undefined : "a finite number");

const isPair = (value: unknown, least: number, depth = 1): boolean =>
  Array.isArray(value)
    ? depth > 0 && value.length === 2 && value.every((part) => isPair(part, least, depth - 1))
    : wholeFrom(least)(value) === undefined;

/** Accepts a whole number of at least `least`, or a pair of them: `[height, width]`. */
export const pairFrom =
  (least: number): OptionCheck =>
  (value) =>
    isPair(value, least) ? undefined : `a whole number of at least ${least}, or [height, width] of two`;

const paddingOption: OptionCheck = (value) =>
  value === "same" || value === "valid" || isPair(value, 0, 2)
    ? undefined
    : '"same", "valid", a whole number of at least 0, or numbers [vertical, horizontal] or [[top, bottom], [left, right]]';

/** Checks of the options of a window that slides over an image. */
export const windowChecks: OptionChecks<WindowOptions> = {
  stride: /* @__PURE__ */ pairFrom(1),
  padding: paddingOption,
  dilation: /* @__PURE__ */ pairFrom(1),
  geometry: geometryOption,
};

/** Checks of the options of a window that slides along a signal. */
export const signalChecks: OptionChecks<WindowOptions> = {
  ...windowChecks,
  stride: countOption,
  dilation: countOption,
};

/** Checks of the options of a pooling over an image. */
export const poolChecks: OptionChecks<WindowOptions & { readonly kernelSize: Pair }> = {
  ...windowChecks,
  kernelSize: /* @__PURE__ */ pairFrom(1),
};

/** Checks of how images are resized. */
export const resizeChecks: OptionChecks<Pick<ResizeOptions, "mode" | "alignCorners">> = {
  mode: /* @__PURE__ */ oneOf("nearest", "bilinear", "bicubic"),
  alignCorners: booleanOption,
};

/** Check of the epsilon of a normalization. */
export const epsilonOption: OptionCheck = /* @__PURE__ */ numberFrom(0);

/** Checks of normalizations with a scale and a shift. */
export const affineChecks: Readonly<Record<"epsilon" | "scale" | "shift", OptionCheck>> = {
  epsilon: epsilonOption,
  scale: anyOption,
  shift: anyOption,
};

/** Checks the options of a reduction. */
export const checkReduce = (owner: string, options: ReduceOptions): void =>
  checkOptions(owner, options, { keepAxes: booleanOption });

/** Checks options that give the height and width of the result. */
export function checkExtent<O extends { readonly height: number; readonly width: number }>(
  owner: string,
  options: O,
  others: Omit<OptionChecks<O>, "height" | "width">,
): void {
  const size = wholeFrom(1);
  checkOptions(owner, options, { height: size, width: size, ...others } as OptionChecks<O>);
  for (const name of ["height", "width"] as const) checkValue(owner, name, options[name], size);
}

/** Checks options among which `kernelSize` is required. */
export function checkWindow<O extends { readonly kernelSize: unknown }>(
  owner: string,
  options: O,
  checks: OptionChecks<O> & { readonly kernelSize: OptionCheck },
): void {
  checkOptions(owner, options, checks);
  checkValue(owner, "kernelSize", options.kernelSize, checks.kernelSize);
}
