import {
  sizeOf,
  stepsOf,
  type Kernel,
  type KernelsOf,
  type Operations,
  type Reductions,
  type Shape,
} from "@convlens/backend";
import type { Buffer, Launcher } from "../launcher.ts";
import { indexOf, joinedAxes, placesOf } from "./axes.ts";
import { summed } from "./summed.ts";

/** The shape with all reduced axes of size 1. */
export const foldedShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

/**
 * Number of elements that are reduced to one, and statements that find them: `at` is the index of element `m` of output `o`.
 *
 * @param number - The index of the output, as an expression. Default: `o`.
 */
export function foldedElements(
  input: Shape,
  axes: readonly number[],
  number = "o",
): { readonly terms: number; readonly before: string; readonly at: string } {
  const folded = input.map((size, axis) => (axes.includes(axis) ? size : 1));
  const own = stepsOf(input);
  const outer = joinedAxes(foldedShape(input, axes), [own]);
  const inner = joinedAxes(folded, [own]);
  return {
    terms: sizeOf(folded),
    before: `${placesOf(number, outer.sizes)}\nconst first = ${indexOf(outer.steps[0]!)};`,
    at: `${placesOf("m", inner.sizes, "b")}\nconst at = first + ${indexOf(inner.steps[0]!, { name: "b" })};`,
  };
}

const sum =
  (gpu: Launcher): Kernel<Buffer, Operations["sum"]> =>
  ({ inputs: [shape], output, attributes: { axes } }) => {
    const { at, ...fold } = foldedElements(shape, axes);
    return summed(gpu, {
      name: "sum",
      inputs: { xs: sizeOf(shape) },
      length: sizeOf(output),
      ...fold,
      term: `${at}\ntotal = total + xs[at];`,
    });
  };

/** The maximum of `total` and `part`, or NaN. */
const larger = "if (part > total) { total = part; } else { if (notANumber(part) > 0) { total = part; } }";

const max =
  (gpu: Launcher): Kernel<Buffer, Operations["max"]> =>
  ({ inputs: [shape], output, attributes: { axes } }) => {
    const { at, before, terms } = foldedElements(shape, axes);
    return summed(gpu, {
      name: "max",
      inputs: { xs: sizeOf(shape) },
      length: sizeOf(output),
      terms,
      // Kernels have no infinity literal.
      before: `${before}\nconst start = xs[first];`,
      start: "start",
      term: `${at}\nconst part = xs[at];\n${larger}`,
      join: larger,
      whenEmpty: -Infinity,
    });
  };

/** The index of the first maximum. NaN counts as the maximum. */
const argmax =
  (gpu: Launcher): Kernel<Buffer, Operations["argmax"]> =>
  ({ inputs: [shape], output, attributes: { axis } }) => {
    const [length, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
    return gpu.prepare({
      name: "argmax",
      inputs: { xs: sizeOf(shape) },
      length: sizeOf(output),
      body: `const outer = quotient(this.thread.x, ${inner});
const first = outer * ${length * inner} + this.thread.x - outer * ${inner};
let best = xs[first];
let place = 0;
for (let i = 1; i < ${length}; i++) {
  const rival = xs[first + i * ${inner}];
  let wins = 0;
  if (rival > best) {
    wins = 1;
  }
  if (notANumber(rival) > notANumber(best)) {
    wins = 1;
  }
  if (wins > 0) {
    best = rival;
    place = i;
  }
}
return place;`,
    });
  };

/** Kernels of reductions. */
export const reduceKernels = (gpu: Launcher): KernelsOf<Buffer, keyof Reductions> => ({
  sum: sum(gpu),
  max: max(gpu),
  argmax: argmax(gpu),
});
