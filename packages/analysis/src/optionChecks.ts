import type { OptionCheck } from "@convlens/backend";
import { isShape } from "@convlens/tensor";

/** Accepts the shape of one example of a model with one input. */
export const shapeOption: OptionCheck = (value) =>
  isShape(value)
    ? undefined
    : "the shape of one example, such as [28, 28, 1]; restrict(model, x, { input }) makes a model with one input";

/** Accepts strings, such as the name of a layer. */
export const textOption: OptionCheck = (value) => (typeof value === "string" ? undefined : "a text");

/** Accepts arrays of strings, such as the names of layers. */
export const textsOption: OptionCheck = (value) =>
  Array.isArray(value) && value.every((each) => typeof each === "string") ? undefined : "an array of texts";

/** Accepts arrays of numbers, such as the position of a unit; the shape is checked elsewhere. */
export const placeOption: OptionCheck = (value) =>
  Array.isArray(value) && value.every((each) => typeof each === "number") ? undefined : "an array of numbers";

/** Accepts two numbers, in any order. */
export const endsOption: OptionCheck = (value) =>
  Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === "number" && !Number.isNaN(each))
    ? undefined
    : "two numbers";

/** Accepts two finite numbers, the lower one first. */
export const rangeOption: OptionCheck = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1]
    ? undefined
    : "two finite numbers, the lower one first";
