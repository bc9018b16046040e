import {
  anyOption,
  booleanOption,
  checkOptions,
  checkValue,
  numberFrom,
  oneOf,
  wholeFrom,
  type OptionCheck,
  type OptionChecks,
  type Pair,
  type WindowOptions,
} from "@convlens/backend";
import type { ReduceOptions } from "./broadcast.ts";

// Checks of options that several operations have. The numbers of a window are checked with its geometry.

const isPair = (value: unknown): boolean => Array.isArray(value) && value.length === 2;

/** The kernel size of a window along a signal. */
export const lengthOption: OptionCheck = (value) => (typeof value === "number" ? undefined : "a number");

/** The kernel size of a window over an image. */
export const pairOption: OptionCheck = (value) =>
  typeof value === "number" || isPair(value) ? undefined : "a number or a pair [height, width]";

const paddingOption: OptionCheck = (value) =>
  typeof value === "number" || isPair(value) || value === "same" || value === "valid"
    ? undefined
    : '"same", "valid", a number or a pair';

/** Accepts finite numbers. */
export const finiteOption: OptionCheck = (value) => (Number.isFinite(value) ? undefined : "a finite number");

/** Of a window that slides over an image. */
export const windowChecks: OptionChecks<WindowOptions> = {
  stride: pairOption,
  padding: paddingOption,
  dilation: pairOption,
  geometry: /* @__PURE__ */ oneOf("floor", "strict"),
};

/** Of a window that slides along a signal. */
export const signalChecks: OptionChecks<WindowOptions> = {
  ...windowChecks,
  stride: lengthOption,
  dilation: lengthOption,
};

/** Of a window of a given kernel size that slides over an image. */
export const poolChecks: OptionChecks<WindowOptions & { readonly kernelSize: Pair }> = {
  ...windowChecks,
  kernelSize: pairOption,
};

/** Of what is added to a variance. */
export const epsilonOption: OptionCheck = /* @__PURE__ */ numberFrom(0);

/** Of normalisations with a scale and a shift. */
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

/** Checks options of which `kernelSize` must be given. */
export function checkWindow<O extends { readonly kernelSize: unknown }>(
  owner: string,
  options: O,
  checks: OptionChecks<O> & { readonly kernelSize: OptionCheck },
): void {
  checkOptions(owner, options, checks);
  checkValue(owner, "kernelSize", options.kernelSize, checks.kernelSize);
}
