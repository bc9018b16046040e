import { ShapeError, showShape, ValueError, type Values } from "@convlens/backend";
import { apply, predict, singleTensor, type Layer } from "@convlens/layers";
import { argmax, gradients, oneHot, sum, tensor, where, type GradientsOptions, type Tensor } from "@convlens/tensor";
import { examplesIn } from "../examplesIn.ts";
import { withCompiled } from "../withCompiled.ts";

/**
 * The output to explain: a class, for all examples or one for each, or a number of each example as a function of the output
 * `[n, …] → [n]`.
 */
export type Target = number | readonly number[] | ((output: Tensor) => Tensor);

/** A model, examples, and the score of each to explain. */
export interface Question {
  readonly model: Layer;
  /** `[n, …]`, with known values. */
  readonly x: Tensor;
  /** The explained classes, unless the target is a function. */
  readonly classes: readonly number[] | undefined;
  /** The explained score of each example: `[n, …] → [n]`. */
  readonly score: (output: Tensor) => Tensor;
}

/** Returns the predicted classes. */
async function answers(model: Layer, x: Tensor): Promise<number[]> {
  const output = singleTensor("output", await predict(model, x), "explain");
  classCount(output);
  return Array.from(await argmax(output).data());
}

/** Returns the number of classes of an output, or throws if it has none. */
function classCount({ shape }: Tensor): number {
  const [, count] = shape;
  if (count !== undefined && shape.length === 2) return count;
  throw new ShapeError({
    operation: "explain",
    expected: "a model that makes [batch, classes], for a class as the target",
    got: shape,
    fix: "give a function of the output as the target: { target: (y) => mean(y, [1, 2, 3]) }",
  });
}

/** Checks model, examples and target, and makes a question of them. */
export async function questionOf(model: Layer, x: Tensor, target?: Target): Promise<Question> {
  const count = examplesIn(x, "explain");
  const known = x.isKnown ? x : tensor(await x.data(), x.shape);
  if (typeof target === "function") return { model, x: known, classes: undefined, score: checkedScore(target) };
  const classes =
    target === undefined
      ? await answers(model, known)
      : typeof target === "number"
        ? Array.from({ length: count }, () => target)
        : target;
  if (classes.length !== count)
    throw new ValueError({
      operation: "explain",
      expected: `one class as the target, or one for each of ${count} examples`,
      got: classes.length,
    });
  return { model, x: known, classes, score: scoreOfClasses(classes) };
}

/** Returns a function to the output of one class of each example. */
function scoreOfClasses(classes: readonly number[]): (output: Tensor) => Tensor {
  return (output) => {
    const depth = classCount(output);
    const bad = classes.find((c) => !Number.isInteger(c) || c < 0 || c >= depth);
    if (bad !== undefined)
      throw new ValueError({
        operation: "explain",
        what: "the target",
        expected: `a class from 0 to ${depth - 1}`,
        got: bad,
      });
    // A product with the one-hot rows would be NaN if another class is infinite.
    return sum(where(oneHot(tensor(classes), depth), output, 0), -1);
  };
}

function checkedScore(score: (output: Tensor) => Tensor): (output: Tensor) => Tensor {
  return (output) => {
    const y = score(output);
    if (y.rank === 1 && y.shape[0] === output.shape[0]) return y;
    throw new ShapeError({
      operation: "explain",
      what: `the target made of ${showShape(output.shape)}`,
      expected: `one number for each example, ${showShape(output.shape.slice(0, 1))}`,
      got: y.shape,
    });
  };
}

/** The scores at a point and their gradients. */
type ScoreGradient = Readonly<Record<"scores" | "gradient", Values>>;

/** Options of the backward pass from the scores to a point: gradient rules, and another seed. */
export type Backward = (scores: Tensor, point: Tensor) => GradientsOptions;

/** Passes `use` a compiled function from inputs to their scores and gradients. */
export const withGradient = <R>(
  { model, score }: Question,
  use: (at: (point: Tensor) => Promise<ScoreGradient>) => Promise<R>,
  backward: Backward = () => ({}),
): Promise<R> =>
  withCompiled(
    (point) => {
      const scores = score(singleTensor("output", apply(model, point), "explain"));
      return { scores, gradient: gradients(scores, [point], { unused: "zeros", ...backward(scores, point) })[0] };
    },
    (run) =>
      use(async (point) => {
        const { scores, gradient } = await run(point);
        return { scores: scores.knownValues, gradient: gradient.knownValues };
      }),
  );

/** Passes `use` a compiled function from inputs to their scores. */
export const withScores = <R>(
  { model, score }: Question,
  use: (at: (point: Tensor) => Promise<Values>) => Promise<R>,
): Promise<R> =>
  withCompiled(
    (point) => ({ scores: score(singleTensor("output", apply(model, point), "explain")) }),
    (run) => use(async (point) => (await run(point)).scores.knownValues),
  );
