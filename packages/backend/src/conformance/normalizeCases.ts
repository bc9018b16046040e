import { sizeOf, type Shape } from "../shape.ts";
import { sometimesSpecial, type CompositeCases } from "./case.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

/** Shape of a tensor of two to four axes, some of them normalized over and some long; and the shape of its moments. */
const folding = (dice: Dice): { readonly shape: Shape; readonly axes: readonly number[]; readonly kept: Shape } => {
  const shape = dice.shape(dice.int(1, 4)).map((size) => (dice.unit() < 0.2 ? dice.int(6, 40) : size));
  const axes = shape.flatMap((_, axis) => (dice.unit() < 0.5 ? [axis] : []));
  return { shape, axes, kept: shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) };
};
const partOf = (write: Writer, pair: number, index: number, kept: Shape): number => {
  const shape = [1, ...kept];
  const begin = shape.map((_, axis) => (axis === 0 ? index : 0));
  const part = write("slice", [pair], { begin, step: shape.map(() => 1), shape }, shape);
  return write("reshape", [part], { shape: kept }, kept);
};
/** Stacks two tensors of one shape: `[2, …]`. */
const pairOf = (write: Writer, first: number, second: number, kept: Shape): number => {
  const part = (value: number): number => write("reshape", [value], { shape: [1, ...kept] }, [1, ...kept]);
  return write("concat", [part(first), part(second)], { axis: 0 }, [2, ...kept]);
};
/** (x − mean) / √(variance + epsilon) from given moments, and the deviation. */
const normalization = (
  write: Writer,
  x: number,
  moments: number,
  { shape, kept, epsilon }: { readonly shape: Shape; readonly kept: Shape; readonly epsilon: number },
): { readonly normal: number; readonly deviation: number } => {
  const off = write("subtract", [x, partOf(write, moments, 0, kept)], {}, shape);
  const variance = write("add", [partOf(write, moments, 1, kept), write.constant(epsilon)], {}, kept);
  const deviation = write("sqrt", [variance], {}, kept);
  return { normal: write("divide", [off, deviation], {}, shape), deviation };
};
/** Draws moments, whose variances must not be negative. */
const withMoments =
  (moments: number) =>
  (dice: Dice, input: number): number =>
    input === moments ? 4 * dice.unit() : sometimesSpecial(dice);
/** Cases of moments, of normalization by them and of its gradients. */
export const normalizeCases: CompositeCases<"moments" | "normalize" | "normalizeSums" | "normalizeGradient"> = {
  moments: (dice) => {
    const { shape, axes, kept } = folding(dice);
    const count = sizeOf(shape) / sizeOf(kept);
    // So far from 0 that a difference of sums of squares would lose the variance.
    const shift = dice.pick([0, 0, 300]);
    return {
      inputs: [shape],
      attributes: { axes },
      output: [2, ...kept],
      number: (d) => shift + sometimesSpecial(d),
      meaning: (write, [x]) => {
        const mean = (value: number): number =>
          write("divide", [write("sum", [value], { axes }, kept), write.constant(count)], {}, kept);
        const center = mean(x);
        const off = write("subtract", [x, center], {}, shape);
        return pairOf(write, center, mean(write("multiply", [off, off], {}, shape)), kept);
      },
    };
  },
  normalize: (dice) => {
    const { shape, axes, kept } = folding(dice);
    return {
      inputs: [shape, [2, ...kept], dice.shrunk(kept), dice.shrunk(kept)],
      attributes: { axes, epsilon: 1e-3 },
      output: shape,
      number: withMoments(1),
      meaning: (write, [x, moments, scale, shift]) => {
        const { normal } = normalization(write, x, moments, { shape, kept, epsilon: 1e-3 });
        return write("add", [write("multiply", [normal, scale], {}, shape), shift], {}, shape);
      },
    };
  },
  normalizeSums: (dice) => {
    const { shape, axes, kept } = folding(dice);
    return {
      inputs: [shape, shape, [2, ...kept]],
      attributes: { axes, epsilon: 1e-2 },
      output: [2, ...kept],
      number: withMoments(2),
      meaning: (write, [dy, x, moments]) => {
        const { normal } = normalization(write, x, moments, { shape, kept, epsilon: 1e-2 });
        const products = write("multiply", [dy, normal], {}, shape);
        const sum = (value: number): number => write("sum", [value], { axes }, kept);
        return pairOf(write, sum(dy), sum(products), kept);
      },
    };
  },
  normalizeGradient: (dice) => {
    const { shape, axes, kept } = folding(dice);
    const count = sizeOf(shape) / sizeOf(kept);
    return {
      inputs: [shape, shape, [2, ...kept], [2, ...kept], dice.shrunk(kept)],
      attributes: { axes, epsilon: 1e-2 },
      output: shape,
      number: withMoments(2),
      meaning: (write, [dy, x, moments, sums, scale]) => {
        const { normal, deviation } = normalization(write, x, moments, { shape, kept, epsilon: 1e-2 });
        const mean = (i: number): number =>
          write("divide", [partOf(write, sums, i, kept), write.constant(count)], {}, kept);
        const rest = write("subtract", [dy, mean(0)], {}, shape);
        const off = write("subtract", [rest, write("multiply", [normal, mean(1)], {}, shape)], {}, shape);
        return write("multiply", [off, write("divide", [scale, deviation], {}, kept)], {}, shape);
      },
    };
  },
};
