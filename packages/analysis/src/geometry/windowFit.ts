import {
  checkOptions,
  checkValue,
  fitWindow,
  GeometryError,
  wholeFrom,
  type OptionCheck,
  type OptionChecks,
} from "@convlens/backend";

/** A window along one axis. */
export interface WindowFitOptions {
  /** Size of the axis, W. */
  readonly input: number;
  /** Taps of the window, F. */
  readonly window: number;
  /** From one position to the next, S. Default: 1. */
  readonly stride?: number;
  /** Zeros on each side, P, or before and after. Default: 0. */
  readonly padding?: number | "same" | "valid" | readonly [before: number, after: number];
  /** From one tap to the next; 1 for a window without holes. Default: 1. */
  readonly dilation?: number;
}

/** How a window fits along an axis. */
export interface WindowFit {
  /** Number of positions, (W − F + 2P) / S + 1, which may be fractional. */
  readonly positions: number;
  /** Size of the output: the positions that the window takes; 0 for a window that is larger than the padded input. */
  readonly output: number;
  /** Elements at the end, padding included, that no position reaches. */
  readonly dropped: number;
  /** Whether `positions` is a whole number. */
  readonly fits: boolean;
  /** Why it does not fit, and how to fix it. */
  readonly why?: string;
}

const isSide = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const paddingOption: OptionCheck = (value) =>
  value === "same" || value === "valid" || (Array.isArray(value) && value.length === 2 ? value : [value]).every(isSide)
    ? undefined
    : '"same", "valid", a whole number of at least 0 or two of them, [before, after]';

const windowChecks: OptionChecks<WindowFitOptions> = {
  input: /* @__PURE__ */ wholeFrom(0),
  window: /* @__PURE__ */ wholeFrom(1),
  stride: /* @__PURE__ */ wholeFrom(1),
  padding: paddingOption,
  dilation: /* @__PURE__ */ wholeFrom(1),
};

/**
 * Returns how often a window fits along an axis, (W − F + 2P) / S + 1, and for a fraction what to change.
 *
 * @example
 * ```ts
 * windowFit({ input: 227, window: 11, stride: 4 }).output; // 55, the first layer of AlexNet
 * windowFit({ input: 224, window: 11, stride: 4 }).positions; // 54.25, which does not fit
 * ```
 */
export function windowFit(options: WindowFitOptions): WindowFit {
  checkOptions("windowFit", options, windowChecks);
  for (const name of ["input", "window"] as const) checkValue("windowFit", name, options[name], windowChecks[name]);
  const { input, window, stride = 1, padding = 0, dilation = 1 } = options;
  const both = padding === "valid" ? 0 : padding;
  const sides = typeof both === "number" ? ([both, both] as const) : both;
  const fit = fitWindow({ input, window, stride, dilation, padding: sides }, "length");
  const { output } = fit.sliding;
  return {
    positions: output === 0 ? 0 : fit.positions,
    output,
    dropped: fit.dropped,
    fits: fit.misfit === undefined,
    ...(fit.misfit && { why: new GeometryError(fit.misfit).message }),
  };
}
