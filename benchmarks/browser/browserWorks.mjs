// What is measured in a page: what everybody is, and single operations, for us.
import { ourWorks } from "../works/ourWorks.mjs";
import { works } from "../works/works.mjs";
import { valuesOf } from "../works/values.mjs";

/** A hundred products of one number: what a kernel costs that has nothing to compute. */
const launches = {
  name: "launches",
  title: "100 products of 1 × 1, one after the other",
  kind: "launches",
  flop: 200,
  tensors: { a: { shape: [1, 1] }, b: { shape: [1, 1], values: Float32Array.of(1) } },
};

export const browserWorks = () => [launches, ...works(), ...ourWorks().filter(({ name }) => !name.startsWith("3x3-"))];

/** A work with the values of its tensors. */
export const withValues = (work) => ({
  ...work,
  tensors: Object.fromEntries(
    Object.entries(work.tensors).map(([name, tensor]) => [name, { values: valuesOf(name, tensor), ...tensor }]),
  ),
});
