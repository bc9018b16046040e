import type { OptionCheck } from "@convlens/backend";

/** Accepts finite numbers. */
export const finiteOption: OptionCheck = (value) => (Number.isFinite(value) ? undefined : "a finite number");

/** Accepts texts, such as the name of a layer. */
export const textOption: OptionCheck = (value) => (typeof value === "string" ? undefined : "a text");

/** Accepts two finite numbers, the lower one first. */
export const rangeOption: OptionCheck = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1]
    ? undefined
    : "two finite numbers, the lower one first";
