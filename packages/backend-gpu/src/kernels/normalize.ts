import {
  broadcastSteps,
  sizeOf,
  type Kernel,
  type KernelsOf,
  type Normalization,
  type Normalizations,
  type Operations,
  type Shape,
} from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { indexOf, joinedAxes, placesOf } from "./axes.ts";
import { joined } from "./movement.ts";
import { foldedElements, foldedShape } from "./reduce.ts";
import { summed } from "./summed.ts";

/** Number of elements that are left after a reduction over axes. A pair of results has twice as many, one behind the other. */
const keptOf = (shape: Shape, axes: readonly number[]): number => sizeOf(foldedShape(shape, axes));

/**
 * Sums of deviations from the first number. A large mean would cost a sum of the numbers themselves its precision. A deviation from
 * infinity counts as 0.
 */
const meanOf = (gpu: Launcher, shape: Shape, axes: readonly number[]): Launch => {
  const { at, terms, before } = foldedElements(shape, axes);
  return summed(gpu, {
    name: "mean",
    inputs: { xs: sizeOf(shape) },
    length: keptOf(shape, axes),
    terms,
    before: `${before}
let pivot = xs[first];
if (Math.abs(pivot) > 3.4e38) {
  pivot = 0;
}`,
    term: `${at}\ntotal = total + (xs[at] - pivot);`,
    result: `pivot + total / ${terms}`,
    whenEmpty: NaN,
  });
};

const varianceOf = (gpu: Launcher, shape: Shape, axes: readonly number[]): Launch => {
  const { at, terms, before } = foldedElements(shape, axes);
  const length = keptOf(shape, axes);
  return summed(gpu, {
    name: "variance",
    inputs: { means: length, xs: sizeOf(shape) },
    length,
    terms,
    before: `${before}\nconst mean = means[o];`,
    term: `${at}\nconst off = xs[at] - mean;\ntotal = total + off * off;`,
    result: `total / ${terms}`,
    whenEmpty: NaN,
  });
};

const moments =
  (gpu: Launcher): Kernel<Buffer, Operations["moments"]> =>
  ({ inputs: [shape], attributes: { axes } }) => {
    const length = keptOf(shape, axes);
    const [mean, variance] = [meanOf(gpu, shape, axes), varianceOf(gpu, shape, axes)];
    const pair = joined(gpu, [length, length], 1);
    return async ([x], output) => {
      const [means, variances] = [gpu.buffer(length), gpu.buffer(length)];
      try {
        await mean([x], means);
        await variance([means, x], variances);
        await pair([means, variances], output);
      } finally {
        for (const buffer of [means, variances]) gpu.release(buffer);
      }
    };
  };

/** A root and a quotient: graphics processors are less exact in an inverse square root. */
const deviationAt = (place: string): string => `Math.sqrt(moments[${place}] + epsilon)`;

const normalizeSums =
  (gpu: Launcher): Kernel<Buffer, Operations["normalizeSums"]> =>
  ({ inputs: [shape], output, attributes: { axes, epsilon } }) => {
    const kept = keptOf(shape, axes);
    const { at, terms, before } = foldedElements(shape, axes, "k");
    const [length, both] = [sizeOf(shape), sizeOf(output)];
    return summed(gpu, {
      name: "normalizeSums",
      inputs: { gradients: length, xs: length, moments: both },
      numbers: { epsilon },
      length: both,
      terms,
      before: `const half = quotient(o, ${kept});
const k = o - half * ${kept};
${before}
const mean = moments[k];
const deviation = ${deviationAt(`k + ${kept}`)};`,
      term: `${at}
let part = gradients[at];
if (half > 0) {
  part = part * ((xs[at] - mean) / deviation);
}
total = total + part;`,
    });
  };

/** One pass over elements with known moments `moments[k]` and `moments[k + kept]`; `x` is at `this.thread.x`. */
function overNormalized(
  gpu: Launcher,
  name: string,
  shape: Shape,
  { axes, epsilon }: Normalization,
  {
    whole,
    pairs,
    spread,
    result,
  }: {
    /** Names of the tensors of the whole shape. */
    readonly whole: readonly string[];
    /** Names of the pairs. */
    readonly pairs: readonly string[];
    /** Tensors that broadcast, which are read at `place` and their name. */
    readonly spread: Readonly<Record<string, Shape>>;
    readonly result: string;
  },
): Launch {
  const [length, kept] = [sizeOf(shape), keptOf(shape, axes)];
  const names = Object.keys(spread);
  const shapes = [foldedShape(shape, axes), ...Object.values(spread)];
  const { sizes, steps } = joinedAxes(
    shape,
    shapes.map((each) => broadcastSteps(each, shape)),
  );
  return gpu.prepare({
    name,
    inputs: {
      ...Object.fromEntries(whole.map((each) => [each, length])),
      ...Object.fromEntries(pairs.map((each) => [each, 2 * kept])),
      ...Object.fromEntries(names.map((each) => [each, sizeOf(spread[each]!)])),
    },
    numbers: { epsilon },
    length,
    body: `${placesOf("this.thread.x", sizes)}
const k = ${indexOf(steps[0]!)};
${names.map((each, i) => `const ${each}Here = ${each}[${indexOf(steps[i + 1]!)}];`).join("\n")}
const deviation = ${deviationAt(`k + ${kept}`)};
const normal = (xs[this.thread.x] - moments[k]) / deviation;
return ${result};`,
  });
}

const normalize =
  (gpu: Launcher): Kernel<Buffer, Operations["normalize"]> =>
  ({ inputs: [shape, , scale, shift], attributes }) =>
    overNormalized(gpu, "normalize", shape, attributes, {
      whole: ["xs"],
      pairs: ["moments"],
      spread: { scale: scale, shift: shift },
      result: "normal * scaleHere + shiftHere",
    });

const normalizeGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["normalizeGradient"]> =>
  ({ inputs: [shape, , , , scale], attributes }) => {
    const kept = keptOf(shape, attributes.axes);
    const count = sizeOf(shape) / kept;
    return overNormalized(gpu, "normalizeGradient", shape, attributes, {
      whole: ["gradients", "xs"],
      pairs: ["moments", "sums"],
      spread: { scale: scale },
      result: `(gradients[this.thread.x] - sums[k] / ${count} - normal * (sums[k + ${kept}] / ${count})) * (scaleHere / deviation)`,
    });
  };

/** Kernels of mean and variance, of normalization, and of its gradient. */
export const normalizeKernels = (gpu: Launcher): KernelsOf<Buffer, keyof Normalizations> => ({
  moments: moments(gpu),
  normalize: normalize(gpu),
  normalizeSums: normalizeSums(gpu),
  normalizeGradient: normalizeGradient(gpu),
});
