import { apply, type Layer } from "@convlens/layers";
import {
  argmax,
  clip,
  compile,
  divide,
  equal,
  gradients,
  maximum,
  mean,
  minimum,
  multiply,
  sqrt,
  square,
  subtract,
  sum,
  add,
  within,
  type Compiled,
  type Tensor,
  type Variable,
} from "@convlens/tensor";
import type { Loss } from "./losses.ts";
import type { Optimizer } from "./optimizer.ts";

/** Limits on the gradients of one step. With both, `value` comes first, and `norm` measures what it has left. */
export interface ClipOptions {
  /** Each number is held between −value and value. */
  readonly value?: number;
  /** All gradients together, as one vector, are shortened to this length. */
  readonly norm?: number;
}

/** What a {@link trainStep} is made of. */
export interface TrainStepOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** The parameters that learn, and what each one's rate is multiplied by. */
  readonly parameters: ReadonlyMap<string, Variable>;
  readonly factors: ReadonlyMap<string, number>;
  readonly clip?: ClipOptions | undefined;
  /** Whether to measure how far the parameters move. */
  readonly diagnostics: boolean;
  readonly seed: number;
}

/** What one step computes: scalars. */
export interface StepResults {
  readonly [name: string]: Tensor;
  readonly loss: Tensor;
  /** The share of labels that were the largest output; NaN where targets are not labels. */
  readonly accuracy: Tensor;
  readonly gradientNorm: Tensor;
  readonly updateRatio: Tensor;
}

/** The length of all tensors together, as if they were one vector. */
const lengthOf = (tensors: readonly Tensor[]): Tensor =>
  sqrt(tensors.map((t) => sum(square(t))).reduce((a, b) => add(a, b)));

/** One step of learning as one program: forward, backward, optimizer, running statistics. */
export function trainStep(
  model: Layer,
  { loss, optimizer, parameters, factors, clip: limits = {}, diagnostics, seed }: TrainStepOptions,
): Compiled<[inputs: Tensor, targets: Tensor, rate: Tensor], StepResults> {
  return compile(
    (inputs: Tensor, targets: Tensor, rate: Tensor): StepResults => {
      const outputs = apply(model, inputs, { training: true });
      const error = within({ path: "loss", direction: "forward" }, () => loss(outputs, targets));
      const learning = [...factors.keys()].map((path) => ({ path, parameter: parameters.get(path)! }));
      const raw = gradients(
        error,
        learning.map(({ parameter }) => parameter),
      );
      const gradientNorm = lengthOf(raw);
      const bounded = within({ direction: "update" }, () => limited(raw, gradientNorm, limits));
      const before = learning.map(({ parameter }) => parameter.current);
      within({ direction: "update" }, () =>
        optimizer.update(
          learning.map(({ path, parameter }, i) => {
            const factor = factors.get(path)!;
            return {
              path,
              parameter,
              gradient: bounded[i]!,
              rate: factor === 1 ? rate : multiply(rate, factor),
            };
          }),
        ),
      );
      const moved = diagnostics
        ? lengthOf(learning.map(({ parameter }, i) => subtract(parameter, before[i]!)))
        : undefined;
      const areLabels = targets.rank === outputs.rank - 1;
      return {
        loss: error,
        accuracy: areLabels ? mean(equal(argmax(outputs), targets)) : multiply(error, NaN),
        gradientNorm,
        updateRatio: moved === undefined ? multiply(error, NaN) : divide(moved, lengthOf(before)),
      };
    },
    { seed },
  );
}

/** Gradients within limits. `norm` is the length of all of them. */
function limited(all: readonly Tensor[], norm: Tensor, { value, norm: longest }: ClipOptions): readonly Tensor[] {
  const held = value === undefined ? all : all.map((gradient) => clip(gradient, -value, value));
  if (longest === undefined) return held;
  const length = value === undefined ? norm : lengthOf(held);
  const factor = minimum(1, divide(longest, maximum(length, 1e-12)));
  return held.map((gradient) => multiply(gradient, factor));
}
