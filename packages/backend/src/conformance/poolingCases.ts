import { pool2dGeometry, poolInputShape, poolOutputShape, type Pool2dGeometry } from "../geometry.ts";
import type { Poolings } from "../operations.ts";
import { coarse, type Cases, type CompositeCases } from "./case.ts";
import type { Dice } from "./dice.ts";

const pooling = (dice: Dice): Pool2dGeometry => {
  const size = [dice.int(2, 3), dice.int(2, 3)] as const;
  const input = [dice.int(1, 3), dice.int(6, 9), dice.int(6, 9), dice.int(1, 5)];
  return pool2dGeometry(input, {
    kernelSize: size,
    stride: [dice.int(1, 3), dice.int(1, 3)],
    dilation: dice.int(1, 2),
    padding: dice.pick([0, 1, "same"] as const),
    geometry: dice.pick(["floor", "ceil"] as const),
  });
};

/** Cases of pooling. */
export const poolingCases: Cases<keyof Poolings> & CompositeCases<"lpPool2d" | "lpPool2dGradient"> = {
  maxPool2d: (dice) => {
    const geometry = pooling(dice);
    return {
      inputs: [poolInputShape(geometry)],
      attributes: { geometry },
      output: poolOutputShape(geometry),
      number: coarse,
    };
  },
  maxPool2dGradient: (dice) => {
    const geometry = pooling(dice);
    return {
      inputs: [poolOutputShape(geometry), poolInputShape(geometry)],
      attributes: { geometry },
      output: poolInputShape(geometry),
      number: coarse,
    };
  },
  maxPool2dSelect: (dice) => {
    const geometry = pooling(dice);
    return {
      inputs: [poolInputShape(geometry), poolInputShape(geometry)],
      attributes: { geometry },
      output: poolOutputShape(geometry),
      number: (d, input) => (input === 0 ? d.unit() : coarse(d)),
    };
  },
  sumPool2d: (dice) => {
    const geometry = pooling(dice);
    return { inputs: [poolInputShape(geometry)], attributes: { geometry }, output: poolOutputShape(geometry) };
  },
  sumPool2dGradient: (dice) => {
    const geometry = pooling(dice);
    return { inputs: [poolOutputShape(geometry)], attributes: { geometry }, output: poolInputShape(geometry) };
  },
  lpPool2d: (dice) => {
    const geometry = pooling(dice);
    const [from, to] = [poolInputShape(geometry), poolOutputShape(geometry)];
    const p = dice.pick([1, 2, 3, 4, 2.5]);
    return {
      inputs: [from],
      attributes: { geometry, p },
      output: to,
      meaning: (write, [x]) => {
        const powers = write("power", [write("absolute", [x], {}, from), write.constant(p)], {}, from);
        return write("power", [write("sumPool2d", [powers], { geometry }, to), write.constant(1 / p)], {}, to);
      },
    };
  },
  lpPool2dGradient: (dice) => {
    const geometry = pooling(dice);
    const [from, to] = [poolInputShape(geometry), poolOutputShape(geometry)];
    const p = dice.pick([1, 2, 3, 2.5]);
    return {
      inputs: [to, from, to],
      attributes: { geometry, p },
      output: from,
      // Some windows are 0, none nearly so, since y is a divisor.
      number: (d, input) => (input !== 2 ? coarse(d) : d.unit() < 0.1 ? 0 : 0.1 + d.unit()),
      meaning: (write, [dy, x, y]) => {
        const slope = write("divide", [dy, write("power", [y, write.constant(p - 1)], {}, to)], {}, to);
        const isZero = write("equal", [y, write.constant(0)], {}, to);
        const share = write("where", [isZero, write.constant(0), slope], {}, to);
        const size = write("power", [write("absolute", [x], {}, from), write.constant(p - 1)], {}, from);
        const factor = write("multiply", [write("sign", [x], {}, from), size], {}, from);
        const dx = write("multiply", [factor, write("sumPool2dGradient", [share], { geometry }, from)], {}, from);
        const ones = write("broadcast", [write.constant(1)], { shape: to }, to);
        const isSeen = write("sumPool2dGradient", [ones], { geometry }, from);
        return write("where", [isSeen, dx, write.constant(0)], {}, from);
      },
    };
  },
};
