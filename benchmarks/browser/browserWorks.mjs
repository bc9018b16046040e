// Workloads of the page: those of all libraries, and single operations of Convlens.
import { ourWorks } from "../works/ourWorks.mjs";
import { works } from "../works/works.mjs";
import { valuesOf } from "../works/values.mjs";

/** A hundred products of one number: the cost of a kernel that computes nothing. */
const launches = {
  name: "launches",
  title: "100 products of 1 × 1, one after the other",
  kind: "launches",
  flop: 200,
  tensors: { a: { shape: [1, 1] }, b: { shape: [1, 1], values: Float32Array.of(1) } },
};

export const browserWorks = () => [launches, ...works(), ...ourWorks().filter(({ name }) => !name.startsWith("3x3-"))];

/** A workload with the values of its tensors. */
export const withValues = (work) => ({
  ...work,
  tensors: Object.fromEntries(
    Object.entries(work.tensors).map(([name, tensor]) => [name, { values: valuesOf(name, tensor), ...tensor }]),
  ),
});
