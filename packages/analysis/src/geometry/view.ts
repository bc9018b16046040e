import { offsetOf, placeOf, stepsOf, type Section, type Shape } from "@convlens/backend";
import type { Recorded } from "@convlens/tensor";

/** How one tensor lies in another: the element at a place is number `start` + Σ place · step of the other. */
export interface View {
  readonly start: number;
  readonly steps: readonly number[];
}

/** Returns how a section lies in a tensor of shape `whole`. */
export function sectionOf(whole: Shape, { begin, step }: Omit<Section, "shape">): View {
  const steps = stepsOf(whole);
  return { start: offsetOf(begin, steps), steps: steps.map((size, axis) => size * step[axis]!) };
}

/** Returns how a transpose lies in its input. */
export function transposeOf({ attributes, inputs: [x] }: Recorded<"transpose">): View {
  const steps = stepsOf(x.shape);
  return { start: 0, steps: attributes.order.map((axis) => steps[axis]!) };
}

/** Returns the number in the other tensor of element `i` of a view of this shape. */
export const throughView = (i: number, shape: Shape, { start, steps }: View): number =>
  start + offsetOf(placeOf(i, shape), steps);
