import {
  anyOption,
  booleanOption,
  checkOptions,
  checkValue,
  functionOption,
  oneOf,
  wholeFrom,
  type OptionCheck,
  type OptionChecks,
  type WindowOptions,
} from "@convlens/backend";
import type { Conv1dOptions } from "@convlens/tensor";
import { checkCount, type WeightOptions } from "./weighted.ts";

/** Accepts a whole number of at least 1. */
export const countOption: OptionCheck = /* @__PURE__ */ wholeFrom(1);

/** Accepts finite numbers. */
export const finiteOption: OptionCheck = (value) => (Number.isFinite(value) ? undefined : "a finite number");

const isPair = (value: unknown, least: number, depth = 1): boolean =>
  Array.isArray(value)
    ? depth > 0 && value.length === 2 && value.every((part) => isPair(part, least, depth - 1))
    : wholeFrom(least)(value) === undefined;

/** Accepts a whole number of at least `least`, or one for the height and one for the width. */
export const pairFrom =
  (least: number): OptionCheck =>
  (value) =>
    isPair(value, least) ? undefined : `a whole number of at least ${least}, or [height, width] of two`;

const paddingOption: OptionCheck = (value) =>
  value === "same" || value === "valid" || isPair(value, 0, 2)
    ? undefined
    : '"same", "valid", a whole number of at least 0, or numbers [vertical, horizontal] or [[top, bottom], [left, right]]';

const geometryOption: OptionCheck = /* @__PURE__ */ oneOf("floor", "strict");

/** Options of everything that slides over images. */
export const windowChecks: OptionChecks<WindowOptions> = {
  stride: /* @__PURE__ */ pairFrom(1),
  padding: paddingOption,
  dilation: /* @__PURE__ */ pairFrom(1),
  geometry: geometryOption,
};

/** Options of everything that slides along signals. */
export const signalChecks: OptionChecks<Omit<Conv1dOptions, "groups">> = {
  stride: countOption,
  padding: paddingOption,
  dilation: countOption,
  geometry: geometryOption,
};

/** Options of filters and weights. */
export const weightChecks: OptionChecks<WeightOptions> = {
  bias: booleanOption,
  initializer: functionOption,
  biasInitializer: functionOption,
};

/**
 * Checks the options of a layer with filters: how many there are, their kernel size, and the rest by the table.
 *
 * @param counted - Name of the option that counts filters or units, which must be given.
 */
export function checkFilters<O extends object>(
  layer: string,
  options: O,
  checks: OptionChecks<O>,
  counted: string | undefined,
  size: OptionCheck = anyOption,
): void {
  checkOptions(layer, options, checks);
  const given = options as Readonly<Record<string, unknown>>;
  if (counted !== undefined) checkCount(layer, counted, given[counted] as number);
  if (Object.hasOwn(checks, "kernelSize")) checkValue(layer, "kernelSize", given["kernelSize"], size);
}

/** Checks the options of a pooling, whose kernel size must be given. */
export function checkPooling<O extends object>(layer: string, options: O, checks: OptionChecks<O>): void {
  checkOptions(layer, options, checks);
  checkValue(
    layer,
    "kernelSize",
    (options as { readonly kernelSize?: unknown }).kernelSize,
    (checks as Readonly<Record<string, OptionCheck>>)["kernelSize"]!,
  );
}

/** Refuses options for a layer that has none. */
export const checkNoOptions = (layer: string, [options = {}]: readonly unknown[]): void =>
  checkOptions(layer, options as object, {});
