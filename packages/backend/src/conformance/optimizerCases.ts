import type { Operations, OptimizerSteps } from "../operations.ts";
import { positive, type Case, type CompositeCases } from "./case.ts";
import type { Dice } from "./dice.ts";

const step = (dice: Dice): Case<Operations["momentumStep"]> => {
  const shape = dice.shape();
  return { inputs: [shape, shape], attributes: { momentum: 0.9 }, output: shape };
};

/** Cases of the updates of optimizers. */
export const optimizerCases: CompositeCases<keyof OptimizerSteps> = {
  movingAverage: (dice) => {
    const { inputs, output } = step(dice);
    return {
      inputs,
      attributes: { keep: 0.75 },
      output,
      meaning: (write, [old, fresh]) =>
        write(
          "add",
          [
            write("multiply", [old, write.constant(0.75)], {}, output),
            write("multiply", [fresh, write.constant(0.25)], {}, output),
          ],
          {},
          output,
        ),
    };
  },
  momentumStep: (dice) => {
    const made = step(dice);
    return {
      ...made,
      meaning: (write, [velocity, gradient]) =>
        write("add", [write("multiply", [velocity, write.constant(0.9)], {}, made.output), gradient], {}, made.output),
    };
  },
  sgdStep: (dice) => {
    const { inputs, output } = step(dice);
    return {
      inputs: [...inputs, []],
      attributes: {},
      output,
      meaning: (write, [p, g, rate]) => write("subtract", [p, write("multiply", [g, rate], {}, output)], {}, output),
    };
  },
  adamStep: (dice) => {
    const { output: shape } = step(dice);
    return {
      inputs: [shape, shape, shape, [], [], []],
      attributes: { epsilon: 1e-3 },
      output: shape,
      number: positive,
      meaning: (write, [p, first, second, rate, correction1, correction2]) => {
        const root = write("sqrt", [write("divide", [second, correction2], {}, shape)], {}, shape);
        const divisor = write("add", [root, write.constant(1e-3)], {}, shape);
        const way = write("divide", [write("divide", [first, correction1], {}, shape), divisor], {}, shape);
        return write("subtract", [p, write("multiply", [way, rate], {}, shape)], {}, shape);
      },
    };
  },
};
