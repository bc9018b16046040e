import {
  broadcastShapes,
  type Attributes,
  type Inputs,
  type Operations,
  type OptimizerSteps,
  type Shape,
} from "@convlens/backend";
import type { Rules } from "../operation.ts";
import { record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, divide, multiply, sqrt, subtract } from "./elementwise.ts";

// Composites, so that a backend can compute each in one pass over the parameter, in place.

function step<K extends keyof OptimizerSteps>(
  name: K,
  lower: (inputs: Inputs<Operations[K], Tensor>, attributes: Attributes<K>) => Tensor,
): Rules<K> {
  const shape = (inputs: readonly Shape[]): Shape => inputs.reduce((a, b) => broadcastShapes(name, a, b));
  return { name, shape, lower };
}

const movingAverageOperation = /* @__PURE__ */ step("movingAverage", ([old, fresh], { keep }) =>
  add(multiply(old, keep), multiply(fresh, 1 - keep)),
);
const momentumOperation = /* @__PURE__ */ step("momentumStep", ([velocity, gradient], { momentum }) =>
  add(multiply(velocity, momentum), gradient),
);
const sgdOperation = /* @__PURE__ */ step("sgdStep", ([parameter, gradient, rate]) =>
  subtract(parameter, multiply(rate, gradient)),
);
const adamOperation = /* @__PURE__ */ step(
  "adamStep",
  ([parameter, first, second, rate, correction1, correction2], { epsilon }) =>
    subtract(
      parameter,
      multiply(rate, divide(divide(first, correction1), add(sqrt(divide(second, correction2)), epsilon))),
    ),
);

/** `keep · old + (1 − keep) · fresh` */
export const movingAverage = (old: Operand, fresh: Operand, keep: number): Tensor =>
  record(movingAverageOperation, [old, fresh], { keep });

/** `momentum · velocity + gradient` */
export const momentumStep = (velocity: Operand, gradient: Operand, momentum: number): Tensor =>
  record(momentumOperation, [velocity, gradient], { momentum });

/** `parameter − rate · gradient` */
export const sgdStep = (parameter: Operand, gradient: Operand, rate: Operand): Tensor =>
  record(sgdOperation, [parameter, gradient, rate], {});

/** `parameter − rate · (first / correction1) / (√(second / correction2) + epsilon)` (Kingma 2015) */
export const adamStep = (
  parameter: Operand,
  first: Operand,
  second: Operand,
  rate: Operand,
  correction1: Operand,
  correction2: Operand,
  epsilon: number,
): Tensor => record(adamOperation, [parameter, first, second, rate, correction1, correction2], { epsilon });
