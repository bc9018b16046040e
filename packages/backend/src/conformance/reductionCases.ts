import type { Operations, Reductions } from "../operations.ts";
import { coarse, type Case, type Cases } from "./case.ts";
import type { Dice } from "./dice.ts";

const reduction = (dice: Dice): Case<Operations["sum"]> => {
  const shape = dice.shape(dice.int(1, 4));
  const axes = shape.flatMap((_, axis) => (dice.unit() < 0.5 ? [axis] : []));
  return { inputs: [shape], attributes: { axes }, output: shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) };
};

/** Cases of reductions over axes. */
export const reductionCases: Cases<keyof Reductions> = {
  sum: reduction,
  max: reduction,
  argmax: (dice) => {
    const shape = dice.shape(dice.int(1, 4));
    const axis = dice.int(0, shape.length - 1);
    return { inputs: [shape], attributes: { axis }, output: shape.with(axis, 1), number: coarse };
  },
};
