import type { Movements, Section } from "../operations.ts";
import { sizeOf, type Shape } from "../shape.ts";
import type { Cases } from "./case.ts";
import type { Dice } from "./dice.ts";

/** A section of a larger tensor, with positive and negative steps. */
const section = (dice: Dice): { readonly whole: Shape; readonly part: Section } => {
  const whole = dice.shape(dice.int(1, 4));
  const step = whole.map(() => dice.pick([1, 1, 2, -1, -2]));
  const shape = whole.map((size, axis) => dice.int(1, Math.ceil(size / Math.abs(step[axis]!))));
  const begin = whole.map((size, axis) => {
    const reach = (shape[axis]! - 1) * step[axis]!;
    return reach < 0 ? dice.int(-reach, size - 1) : dice.int(0, size - 1 - reach);
  });
  return { whole, part: { begin, step, shape } };
};

/** Cases of operations that move numbers. */
export const movementCases: Cases<keyof Movements> = {
  reshape: (dice) => {
    const shape = dice.shape();
    const flat = [sizeOf(shape)];
    return { inputs: [shape], attributes: { shape: flat }, output: flat };
  },
  broadcast: (dice) => {
    const shape = dice.shape();
    return { inputs: [dice.shrunk(shape)], attributes: { shape }, output: shape };
  },
  transpose: (dice) => {
    const shape = dice.shape(dice.int(1, 4));
    const order = dice.order(shape.length);
    return { inputs: [shape], attributes: { order }, output: order.map((axis) => shape[axis]!) };
  },
  slice: (dice) => {
    const { whole, part } = section(dice);
    return { inputs: [whole], attributes: part, output: part.shape };
  },
  place: (dice) => {
    const { whole, part } = section(dice);
    return { inputs: [part.shape], attributes: { ...part, shape: whole }, output: whole };
  },
  concat: (dice) => {
    const shape = dice.shape(dice.int(1, 4));
    const axis = dice.int(0, shape.length - 1);
    const sizes = Array.from({ length: dice.int(1, 9) }, () => dice.int(1, 4));
    const [first = shape, ...others] = sizes.map((size) => shape.with(axis, size));
    return {
      inputs: [first, ...others],
      attributes: { axis },
      output: shape.with(
        axis,
        sizes.reduce((sum, size) => sum + size, 0),
      ),
    };
  },
  gather: (dice) => {
    const [table, indices] = [dice.shape(dice.int(1, 3)), dice.shape(dice.int(0, 2))];
    const number = (d: Dice, input: number): number => (input === 0 ? d.unit() : d.int(0, table[0]! - 1));
    return { inputs: [table, indices], attributes: {}, output: [...indices, ...table.slice(1)], number };
  },
  scatter: (dice) => {
    const [indices, rest] = [dice.shape(dice.int(0, 2)), dice.shape(dice.int(0, 2))];
    const size = dice.int(1, 6);
    // An index past the end is ignored.
    const number = (d: Dice, input: number): number => (input === 0 ? d.unit() : d.int(0, size));
    return { inputs: [[...indices, ...rest], indices], attributes: { size }, output: [size, ...rest], number };
  },
};
