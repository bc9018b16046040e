import type { BinaryOp, Elementwise, UnaryOp } from "../operations.ts";
import { broadcastShapes } from "../shape.ts";
import { coarse, positive, type Case, type Cases } from "./case.ts";
import type { Dice } from "./dice.ts";

const unary = (dice: Dice): Case<UnaryOp> => {
  const shape = dice.shape();
  return { inputs: [shape], attributes: {}, output: shape };
};
const binary = (dice: Dice): Case<BinaryOp> => {
  const shape = dice.shape();
  const [a, b] = [dice.shrunk(shape), dice.shrunk(shape)];
  return { inputs: [a, b], attributes: {}, output: broadcastShapes("test", a, b) };
};
const comparison = (dice: Dice): Case<BinaryOp> => ({ ...binary(dice), number: coarse });

/** Cases of elementwise operations. */
export const elementwiseCases: Cases<keyof Elementwise> = {
  negate: unary,
  absolute: unary,
  sign: (dice) => ({ ...unary(dice), number: coarse }),
  // A quarter of the numbers are whole.
  floor: (dice) => ({ ...unary(dice), number: (d) => d.int(-12, 12) / 4 }),
  exp: unary,
  expm1: unary,
  log: (dice) => ({ ...unary(dice), number: positive }),
  log1p: (dice) => ({ ...unary(dice), number: positive }),
  sqrt: (dice) => ({ ...unary(dice), number: positive }),
  reciprocal: (dice) => ({ ...unary(dice), number: positive }),
  sin: unary,
  cos: unary,
  tanh: unary,
  erf: unary,
  sigmoid: unary,
  relu: unary,
  copy: unary,
  add: binary,
  subtract: binary,
  multiply: binary,
  divide: (dice) => ({ ...binary(dice), number: positive }),
  power: (dice) => ({ ...binary(dice), number: positive }),
  maximum: binary,
  minimum: binary,
  equal: comparison,
  greater: comparison,
  greaterEqual: comparison,
  where: (dice) => {
    const shape = dice.shape();
    const [condition, a, b] = [dice.shrunk(shape), dice.shrunk(shape), dice.shrunk(shape)];
    const output = broadcastShapes("test", broadcastShapes("test", condition, a), b);
    return {
      inputs: [condition, a, b],
      attributes: {},
      output,
      number: (d, input) => (input === 0 ? d.int(0, 1) : d.unit()),
    };
  },
};
