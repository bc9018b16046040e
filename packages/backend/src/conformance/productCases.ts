import {
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  convTranspose2dGeometry,
  type Conv2dGeometry,
  type Padding,
} from "../geometry.ts";
import type { Operations, Products } from "../operations.ts";
import type { Cases, CompositeCase, CompositeCases } from "./case.ts";
import type { Dice } from "./dice.ts";

const padding = (dice: Dice): Padding =>
  dice.pick([
    0,
    1,
    "same",
    [1, 0],
    [
      [0, 1],
      [2, 0],
    ],
  ] as const);
const convolution = (dice: Dice): Conv2dGeometry => {
  const groups = dice.pick([1, 1, 2, 3]);
  const [c, f] = [dice.int(1, 3), groups * dice.int(1, 3)];
  const window = [dice.int(1, 4), dice.int(1, 4)] as const;
  const input = [dice.int(1, 3), dice.int(7, 11), dice.int(7, 11), c * groups];
  const options = {
    groups,
    padding: padding(dice),
    stride: [dice.int(1, 3), dice.int(1, 3)] as const,
    dilation: [dice.int(1, 2), dice.int(1, 2)] as const,
    geometry: dice.pick(["floor", "ceil"] as const),
  };
  // A transposed convolution has geometries that no convolution has: rows after the last window, and windows beyond the padding.
  return dice.unit() < 0.3 ? transposedConvolution(dice) : conv2dGeometry(input, [...window, c, f], options);
};
const transposedConvolution = (dice: Dice): Conv2dGeometry => {
  const groups = dice.pick([1, 1, 2, 3]);
  const channels = groups * dice.int(1, 3);
  const [stride, dilation] = [dice.int(1, 3), dice.int(1, 3)];
  return convTranspose2dGeometry(
    [dice.int(1, 2), dice.int(3, 6), dice.int(3, 6), channels],
    [dice.int(1, 3), dice.int(1, 3), dice.int(1, 3), channels],
    {
      groups,
      stride,
      dilation,
      padding: dice.pick([0, 1, "same"] as const),
      outputPadding: dice.int(0, Math.max(stride, dilation) - 1),
    },
  );
};
const withBias = (dice: Dice, { relu }: { readonly relu: boolean }): CompositeCase<Operations["conv2dBias"]> => {
  const geometry = convolution(dice);
  const output = convOutputShape(geometry);
  return {
    inputs: [convInputShape(geometry), convFilterShape(geometry), [geometry.outChannels]],
    attributes: { geometry },
    output,
    meaning: (write, [x, filters, bias]) => {
      const sum = write("add", [write("conv2d", [x, filters], { geometry }, output), bias], {}, output);
      return relu ? write("relu", [sum], {}, output) : sum;
    },
  };
};

/** Cases of matrix products and convolutions. */
export const productCases: Cases<keyof Products> & CompositeCases<"conv2dBias" | "conv2dBiasRelu"> = {
  matmul: (dice) => {
    const [m, k, n] = [dice.int(1, 9), dice.int(1, 17), dice.int(1, 9)];
    const batch = dice.shape(dice.int(0, 2));
    const [transposeA, transposeB] = [dice.unit() < 0.5, dice.unit() < 0.5];
    const [a, b] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
    return {
      inputs: [
        [...batch, ...a],
        [...batch, ...b],
      ],
      attributes: { transposeA, transposeB },
      output: [...batch, m, n],
    };
  },
  conv2d: (dice) => {
    const geometry = convolution(dice);
    return {
      inputs: [convInputShape(geometry), convFilterShape(geometry)],
      attributes: { geometry },
      output: convOutputShape(geometry),
    };
  },
  conv2dInputGradient: (dice) => {
    const geometry = convolution(dice);
    return {
      inputs: [convOutputShape(geometry), convFilterShape(geometry)],
      attributes: { geometry },
      output: convInputShape(geometry),
    };
  },
  conv2dFilterGradient: (dice) => {
    const geometry = convolution(dice);
    return {
      inputs: [convOutputShape(geometry), convInputShape(geometry)],
      attributes: { geometry },
      output: convFilterShape(geometry),
    };
  },
  conv2dBias: (dice) => withBias(dice, { relu: false }),
  conv2dBiasRelu: (dice) => withBias(dice, { relu: true }),
};
