import {
  checkOptions,
  anyOption,
  numberFrom,
  ShapeError,
  showShape,
  ValueError,
  type Shape,
  type Values,
} from "@convlens/backend";
import { apply, namePaths, type Layer } from "@convlens/layers";
import { argmax, compile, gradients, oneHot, softmaxCrossEntropy, sum, tensor, type Tensor } from "@convlens/tensor";
import { examplesIn } from "../examplesIn.ts";
import { rangeOption } from "../optionChecks.ts";

/** What {@link adversarial} is told. */
export interface AdversarialOptions {
  /** The right class of each example. */
  readonly labels: ArrayLike<number>;
  /** How far each number may be moved. */
  readonly epsilon: number;
  /** 1 for the fast gradient sign method; more for its iterated form. Default: 1. */
  readonly steps?: number;
  /** How far a step moves. Default: epsilon for one step; for more, 2.5 · epsilon / steps. */
  readonly stepSize?: number;
  /** What numbers of an input can be. Default: 0 to 1. */
  readonly range?: readonly [low: number, high: number];
}

/** Inputs that were moved a little, so that a model gets them wrong. */
export interface Adversarial {
  /** As the inputs. */
  readonly shape: Shape;
  readonly values: Values;
  /** The classes that the model gave before, and gives now. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** The share that is classified rightly, before and now. */
  readonly accuracyBefore: number;
  readonly accuracy: number;
}

/**
 * Inputs that look the same and are taken for something else: each number moved by `epsilon` in the direction in which the loss
 * grows (the fast gradient sign method, Goodfellow 2015), or in several smaller steps (Kurakin 2017, Madry 2018), which go further:
 * of the LeNet-5 that `convlens train mnist` makes, epsilon 0.1 leaves 62.5 % of 200 test digits right in one step and 27.0 % in ten,
 * as `convlens inspect` says.
 *
 * @param model - `[n, …] → [n, classes]`, logits.
 * @param x - `[n, …]`
 *
 * @example
 * ```ts
 * const [batch] = batches(data, { size: 8 });
 * const options = { labels: batch!.labels.values, epsilon: 0.1 };
 * const { accuracyBefore, accuracy } = await adversarial(model, batch!.inputs, { ...options, steps: 10 });
 * ```
 */
export async function adversarial(model: Layer, x: Tensor, options: AdversarialOptions): Promise<Adversarial> {
  checkOptions("adversarial", options, {
    labels: anyOption,
    epsilon: anyOption,
    steps: anyOption,
    stepSize: numberFrom(0),
    range: rangeOption,
  });
  const { labels, epsilon, steps = 1, stepSize, range = [0, 1] } = options;
  const count = examplesIn(x, "adversarial");
  if (labels.length !== count)
    throw new ValueError(`adversarial: ${labels.length} labels for ${count} examples; give one for each`, {
      operation: "adversarial",
      expected: count,
      got: labels.length,
    });
  if (!(epsilon >= 0) || !Number.isInteger(steps) || steps < 1)
    throw new ValueError(
      `adversarial: epsilon must not be negative and steps a whole number of at least 1, got ${epsilon} and ${steps}`,
      { operation: "adversarial", expected: "epsilon ≥ 0, steps ≥ 1", got: [epsilon, steps] },
    );
  namePaths(model);
  const right = tensor(labels);
  const run = compile((point: Tensor) => {
    const logits = apply(model, point);
    if (logits.rank !== 2 || logits.shape[1]! < 2)
      throw new ShapeError(
        `adversarial: expected a model that makes scores [n, classes], it makes ${showShape(logits.shape)}`,
        {
          operation: "adversarial",
          expected: "[n, classes]",
          got: logits.shape,
        },
      );
    const loss = sum(softmaxCrossEntropy(logits, oneHot(right, logits.shape.at(-1)!)));
    return { slopes: gradients(loss, [point], { unused: "zeros" })[0]!, classes: argmax(logits) };
  });
  const reach = stepSize ?? (steps === 1 ? epsilon : (2.5 * epsilon) / steps);
  const [low, high] = range;
  try {
    const original = await x.data();
    const first = await run(tensor(original, x.shape));
    const values = original.slice();
    let { slopes } = first;
    for (let step = 1; ; step++) {
      slopes.values.forEach((slope, i) => {
        const from = original[i]!;
        const moved = Math.min(from + epsilon, Math.max(from - epsilon, values[i]! + reach * Math.sign(slope)));
        // A number that was beyond the range is not pulled into it.
        values[i] = Math.min(Math.max(high, from), Math.max(Math.min(low, from), moved));
      });
      const now = await run(tensor(values, x.shape));
      ({ slopes } = now);
      if (step < steps) continue;
      const [before, after] = [first, now].map(({ classes }) => Array.from(classes.values)) as [number[], number[]];
      const share = (classes: readonly number[]): number => classes.filter((c, i) => c === labels[i]).length / count;
      return { shape: x.shape, values, before, after, accuracyBefore: share(before), accuracy: share(after) };
    }
  } finally {
    run.dispose();
  }
}
