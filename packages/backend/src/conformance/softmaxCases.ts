import type { Shape } from "../shape.ts";
import { sometimesSpecial, type CompositeCases } from "./case.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

/** Draws a shape whose last axis holds the classes. */
const rows = (dice: Dice): Shape => [...dice.shape(dice.int(0, 2)), dice.int(1, 19)];
const folded = (shape: Shape): Shape => shape.with(shape.length - 1, 1);
const sumOfRows = (write: Writer, x: number, shape: Shape): number =>
  write("sum", [x], { axes: [shape.length - 1] }, folded(shape));
const logSoftmax = (write: Writer, x: number, shape: Shape): number => {
  const kept = folded(shape);
  const off = write("subtract", [x, write("max", [x], { axes: [shape.length - 1] }, kept)], {}, shape);
  const sum = sumOfRows(write, write("exp", [off], {}, shape), shape);
  return write("subtract", [off, write("log", [sum], {}, kept)], {}, shape);
};

/** ln(1 + e^−|x|) */
const lostBySign = (write: Writer, x: number, shape: Shape): number => {
  const negative = write("negate", [write("absolute", [x], {}, shape)], {}, shape);
  return write("log1p", [write("exp", [negative], {}, shape)], {}, shape);
};

/** Cases of softmax, sigmoid, their cross-entropies and gradients. */
export const softmaxCases: CompositeCases<
  | "softmax"
  | "softmaxGradient"
  | "logSoftmax"
  | "logSoftmaxGradient"
  | "softmaxCrossEntropy"
  | "softmaxCrossEntropyGradient"
  | "softplus"
  | "sigmoidCrossEntropy"
> = {
  softplus: (dice) => {
    const shape = dice.shape();
    return {
      inputs: [shape],
      attributes: {},
      output: shape,
      number: sometimesSpecial,
      meaning: (write, [x]) => write("add", [write("relu", [x], {}, shape), lostBySign(write, x, shape)], {}, shape),
    };
  },
  sigmoidCrossEntropy: (dice) => {
    const shape = dice.shape();
    return {
      inputs: [shape, shape],
      attributes: {},
      output: shape,
      number: (d, input) => (input === 1 ? d.pick([0, 1, d.unit()]) : sometimesSpecial(d)),
      meaning: (write, [x, t]) => {
        const zero = write.constant(0);
        const rest = write("subtract", [write.constant(1), t], {}, shape);
        const share = write("where", [write("greater", [x, zero], {}, shape), rest, t], {}, shape);
        const size = write("absolute", [x], {}, shape);
        const product = write("multiply", [share, size], {}, shape);
        const linear = write("where", [write("equal", [share, zero], {}, shape), zero, product], {}, shape);
        return write("add", [lostBySign(write, x, shape), linear], {}, shape);
      },
    };
  },
  softmax: (dice) => {
    const shape = rows(dice);
    return {
      inputs: [shape],
      attributes: {},
      output: shape,
      number: sometimesSpecial,
      meaning: (write, [x]) => write("exp", [logSoftmax(write, x, shape)], {}, shape),
    };
  },
  softmaxGradient: (dice) => {
    const shape = rows(dice);
    return {
      inputs: [shape, shape],
      attributes: {},
      output: shape,
      number: sometimesSpecial,
      meaning: (write, [dy, y]) => {
        const sum = sumOfRows(write, write("multiply", [dy, y], {}, shape), shape);
        return write("multiply", [y, write("subtract", [dy, sum], {}, shape)], {}, shape);
      },
    };
  },
  logSoftmax: (dice) => {
    const shape = rows(dice);
    return {
      inputs: [shape],
      attributes: {},
      output: shape,
      number: sometimesSpecial,
      meaning: (write, [x]) => logSoftmax(write, x, shape),
    };
  },
  logSoftmaxGradient: (dice) => {
    const shape = rows(dice);
    return {
      inputs: [shape, shape],
      attributes: {},
      output: shape,
      number: sometimesSpecial,
      meaning: (write, [dy, y]) => {
        const shares = write("exp", [y], {}, shape);
        const part = write("multiply", [shares, sumOfRows(write, dy, shape)], {}, shape);
        return write("subtract", [dy, part], {}, shape);
      },
    };
  },
  softmaxCrossEntropy: (dice) => {
    const shape = rows(dice);
    return {
      inputs: [shape, shape],
      attributes: {},
      output: folded(shape),
      // Some targets are 0, and some logits are −∞.
      number: (d, input) =>
        input === 1 ? d.pick([0, 0, 1, d.unit()]) : d.unit() < 0.1 ? -Infinity : sometimesSpecial(d),
      meaning: (write, [x, targets]) => {
        const products = write("multiply", [targets, logSoftmax(write, x, shape)], {}, shape);
        const zero = write.constant(0);
        const isAbsent = write("equal", [targets, zero], {}, shape);
        const terms = write("where", [isAbsent, zero, products], {}, shape);
        return write("negate", [sumOfRows(write, terms, shape)], {}, folded(shape));
      },
    };
  },
  softmaxCrossEntropyGradient: (dice) => {
    const shape = rows(dice);
    return {
      inputs: [folded(shape), shape, shape],
      attributes: {},
      output: shape,
      number: sometimesSpecial,
      meaning: (write, [dy, x, targets]) => {
        const shares = write("exp", [logSoftmax(write, x, shape)], {}, shape);
        const wanted = write("multiply", [shares, sumOfRows(write, targets, shape)], {}, shape);
        return write("multiply", [dy, write("subtract", [wanted, targets], {}, shape)], {}, shape);
      },
    };
  },
};
