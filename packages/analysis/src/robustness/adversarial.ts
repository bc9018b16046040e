import {
  checkOptions,
  anyOption,
  numberFrom,
  checkValue,
  ShapeError,
  ValueError,
  wholeFrom,
  type OptionCheck,
  type Shape,
  type Values,
} from "@convlens/backend";
import { apply, singleTensor, type Layer } from "@convlens/layers";
import { argmax, compile, gradients, oneHot, softmaxCrossEntropy, sum, tensor, type Tensor } from "@convlens/tensor";
import { examplesIn } from "../examplesIn.ts";
import { rangeOption } from "../optionChecks.ts";

/** Options of {@link adversarial}. */
export interface AdversarialOptions {
  /** True class of each example. */
  readonly labels: ArrayLike<number>;
  /** Largest change of each number. */
  readonly epsilon: number;
  /** Number of steps: 1 for the fast gradient sign method, more for its iterated form. Default: 1. */
  readonly steps?: number;
  /** Size of a step. Default: epsilon for one step, else 2.5 · epsilon / steps. */
  readonly stepSize?: number;
  /** Range of the input. Default: 0 to 1. */
  readonly range?: readonly [low: number, high: number];
}

const epsilonOption: OptionCheck = /* @__PURE__ */ numberFrom(0);

/** Adversarial examples and the predictions for them. */
export interface Adversarial {
  /** Shape of the inputs. */
  readonly shape: Shape;
  readonly values: Values;
  /** Predicted classes before and after the attack. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Accuracy before and after the attack. */
  readonly accuracyBefore: number;
  readonly accuracy: number;
}

/**
 * Makes adversarial examples: each number is changed by `epsilon` in the direction in which the loss grows (the fast gradient sign
 * method, Goodfellow et al. 2015), or in several smaller steps, which are stronger (Kurakin et al. 2017, Madry et al. 2018). The
 * LeNet-5 of `convlens train mnist` still classifies 62.5 % of 200 test digits correctly after one step with epsilon 0.1, and
 * 27.0 % after ten, as `convlens inspect` shows.
 *
 * @param model - `[n, …] → [n, classes]`, logits.
 * @param x - `[n, …]`
 *
 * @example
 * ```ts
 * const batch = batchOf(data, [0, 1, 2, 3, 4, 5, 6, 7]);
 * const options = { labels: batch.targets.knownValues, epsilon: 0.1 };
 * const { accuracyBefore, accuracy } = await adversarial(model, batch.inputs, { ...options, steps: 10 });
 * ```
 */
export async function adversarial(model: Layer, x: Tensor, options: AdversarialOptions): Promise<Adversarial> {
  checkOptions("adversarial", options, {
    labels: anyOption,
    epsilon: epsilonOption,
    steps: wholeFrom(1),
    stepSize: numberFrom(0),
    range: rangeOption,
  });
  const { labels, epsilon, steps = 1, stepSize, range = [0, 1] } = options;
  const count = examplesIn(x, "adversarial");
  if (labels.length !== count)
    throw new ValueError({
      operation: "adversarial",
      expected: `one label for each of ${count} examples`,
      got: labels.length,
    });
  checkValue("adversarial", "epsilon", epsilon, epsilonOption);
  const right = tensor(labels);
  const run = compile((point: Tensor) => {
    const logits = singleTensor("output", apply(model, point), "adversarial");
    const [, depth] = logits.shape;
    if (depth === undefined || depth < 2 || logits.rank > 2)
      throw new ShapeError({
        operation: "adversarial",
        expected: "a model that makes scores [n, classes]",
        got: logits.shape,
      });
    const loss = sum(softmaxCrossEntropy(logits, oneHot(right, depth)));
    return { gradient: gradients(loss, [point], { unused: "zeros" })[0], classes: argmax(logits) };
  });
  const reach = stepSize ?? (steps === 1 ? epsilon : (2.5 * epsilon) / steps);
  const [low, high] = range;
  try {
    const original = await x.data();
    const first = await run(tensor(original, x.shape));
    const values = original.slice();
    let { gradient } = first;
    for (let step = 1; ; step++) {
      gradient.knownValues.forEach((derivative, i) => {
        const from = original[i]!;
        const moved = Math.min(from + epsilon, Math.max(from - epsilon, values[i]! + reach * Math.sign(derivative)));
        // A number that is outside of the range stays there.
        values[i] = Math.min(Math.max(high, from), Math.max(Math.min(low, from), moved));
      });
      const now = await run(tensor(values, x.shape));
      ({ gradient } = now);
      if (step < steps) continue;
      const [before, after] = [Array.from(first.classes.knownValues), Array.from(now.classes.knownValues)];
      const share = (classes: readonly number[]): number => classes.filter((c, i) => c === labels[i]).length / count;
      return { shape: x.shape, values, before, after, accuracyBefore: share(before), accuracy: share(after) };
    }
  } finally {
    run.dispose();
  }
}
