import { checkOptions, checkShape, numberFrom, ValueError, type Shape } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { leaf, operand, record, type Operand } from "../record.ts";
import { randomKey, session } from "../session.ts";
import type { Tensor } from "../tensor.ts";
import { add, cos, divide, greaterEqual, log, multiply, sqrt, subtract } from "./elementwise.ts";
import { finiteOption } from "./options.ts";

const uniformOperation: Operation<"randomUniform"> = {
  name: "randomUniform",
  shape: (_, { shape }) => shape,
  gradient: () => [null],
};

/**
 * Records the next draw. In a compiled function the seed is fed, a new one for each run, and each draw has its own stream, so
 * draws are independent and a tensor never changes. Outside, each draw has its own key.
 */
function draw(shape: Shape): Tensor {
  const { recording } = session;
  if (recording.seed !== undefined)
    return record(uniformOperation, [recording.seed], { shape, stream: recording.draws++ });
  return record(uniformOperation, [leaf([2], randomKey(session.seed, session.draws++))], {
    shape,
    stream: 0,
  });
}

/** Uniform random numbers in [from, to). The seed is that of `compile`, or outside of it that of `setSeed`. */
export function uniform(shape: Shape, options: { readonly from?: number; readonly to?: number } = {}): Tensor {
  checkOptions("uniform", options, { from: finiteOption, to: finiteOption });
  const { from = 0, to = 1 } = options;
  const unit = draw([...checkShape("uniform", shape)]);
  return from === 0 && to === 1 ? unit : add(multiply(unit, to - from), from);
}

/** Normal random numbers (Box and Muller). */
export function normal(shape: Shape, options: { readonly mean?: number; readonly deviation?: number } = {}): Tensor {
  checkOptions("normal", options, { mean: finiteOption, deviation: numberFrom(0) });
  const { mean = 0, deviation = 1 } = options;
  // 1 − u is in (0, 1], so that its logarithm is finite.
  const radius = sqrt(multiply(log(subtract(1, uniform(shape))), -2));
  const turn = cos(multiply(uniform(shape), 2 * Math.PI));
  return add(multiply(multiply(radius, turn), deviation), mean);
}

/** Sets each element to 0 with probability `rate`, and scales the others so that the expected sum is unchanged (Srivastava 2014). */
export function dropout(x: Operand, rate: number): Tensor {
  if (!(rate >= 0 && rate < 1))
    throw new ValueError({ operation: "dropout", what: "the rate", expected: "at least 0 and less than 1", got: rate });
  const from = operand(x);
  return rate === 0 ? from : multiply(from, divide(greaterEqual(uniform(from.shape), rate), 1 - rate));
}
