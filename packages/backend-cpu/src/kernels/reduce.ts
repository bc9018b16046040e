import { sizeOf, type ChainStep, type Shape } from "@convlens/backend";
import { strided } from "../callList.ts";
import { defineFunction } from "../defineFunction.ts";
import { after, NOWHERE, type Address, type Block } from "../heap.ts";
import type { CompiledFunction, Runtime, CpuKernel, CpuKernels } from "../runtime.ts";
import { chainOf, copied } from "./chain.ts";
import { foldsOf, writeFold, type Fold, type Reduction, type Source } from "./folds.ts";
import { defineElementwise, runLoops, runTasks, TASK, tasksOf } from "./loops.ts";
import { linksOf } from "./pointwise.ts";
import { splitCalls } from "./splitCalls.ts";

/** The tensors that are reduced: the results of a chain, or those of a single input. */
interface Inputs {
  readonly chain?: readonly ChainStep[];
  /** For each input, whether it is a single number. */
  readonly isOne: readonly boolean[];
}
const single: Inputs = { isOne: [false] };
const sourceOf = ({ chain, isOne }: Inputs): Source => ({
  chain: chainOf(chain === undefined ? copied : linksOf(chain), isOne.length),
  isOne,
});

interface FoldParameters {
  readonly reduction: Reduction;
  readonly fold: Fold;
  readonly inputs: Inputs;
}
const foldFunction = defineFunction({
  name: "fold",
  arity: ({ inputs }: FoldParameters) => inputs.isOne.length + 1,
  write: (f, { reduction, fold, inputs }: FoldParameters, ...addresses) =>
    writeFold(f, reduction, fold, sourceOf(inputs), addresses),
  work: ({ fold, inputs }) => fold.outer * fold.folded * fold.inner * Math.max(4, sourceOf(inputs).chain.length / 2),
});

/** A prepared fold, and the numbers of scratch memory that it needs. */
interface Run {
  readonly run: (from: readonly Address[], to: Address, scratch: Address) => void;
  readonly scratch: number;
}

/** Prepares a fold. All threads share a long one; the order of its sums does not depend on their number. */
function runOf(runtime: Runtime, reduction: Reduction, fold: Fold, inputs: Inputs): Run {
  const { outer, folded, inner } = fold;
  const codeOf = (fold: Fold, inputs: Inputs): CompiledFunction =>
    runtime.compile(foldFunction, { reduction, fold, inputs });
  const chunk = Math.ceil(TASK / inner);
  if (outer === 1 && folded >= 2 * chunk) {
    const run = splitCalls(folded, chunk, (count) => codeOf({ outer, folded: count, inner }, inputs));
    const parts = Math.ceil(folded / chunk);
    const join = codeOf({ outer, folded: parts, inner }, single);
    const steps = inputs.isOne.map((isOne) => (isOne ? 0 : chunk * inner));
    return {
      scratch: Math.ceil((parts * inner) / 4) * 4,
      run: (from, to, scratch) => {
        run(...from.map((x, i) => strided(x, steps[i]!)), strided(scratch, inner));
        join.call(scratch, to);
      },
    };
  }
  const run = runTasks(
    tasksOf(runtime, outer, folded * inner),
    [...inputs.isOne.map((isOne) => (isOne ? 0 : folded * inner)), inner],
    (count) => ({ code: codeOf({ outer: count, folded, inner }, inputs), counts: [] }),
  );
  const addresses = [...inputs.isOne, true].map(() => NOWHERE);
  return {
    scratch: 0,
    run: (from, to) => {
      for (let i = 0; i < from.length; i++) addresses[i] = from[i]!;
      addresses[from.length] = to;
      run(addresses);
    },
  };
}

/** Prepares a reduction over some axes of a shape. */
function reduced(
  runtime: Runtime,
  reduction: Reduction,
  { shape, axes }: { readonly shape: Shape; readonly axes: readonly number[] },
  inputs: Inputs,
): (inputs: readonly Block[], output: Block) => void {
  const folds = foldsOf(shape, axes);
  const runs = folds.map((fold, i) => runOf(runtime, reduction, fold, i === 0 ? inputs : single));
  // Intermediate results lie in the scratch memory, one behind the other.
  const lengths = folds.slice(0, -1).map(({ outer, inner }) => Math.ceil((outer * inner) / 4) * 4);
  const between = lengths.reduce((sum, length) => sum + length, 0);
  const wanted = between + Math.max(...runs.map(({ scratch }) => scratch));
  const [first, later] = [inputs.isOne.map(() => NOWHERE), [NOWHERE]];
  return (inputs, y) => {
    const scratch = wanted === 0 ? NOWHERE : runtime.scratch(wanted);
    for (let i = 0; i < first.length; i++) first[i] = inputs[i]!.start;
    let from = first;
    let next = scratch;
    for (let i = 0; i < runs.length; i++) {
      const to = i === runs.length - 1 ? y.start : next;
      runs[i]!.run(from, to, after(scratch, between));
      from = later;
      later[0] = to;
      next = after(next, lengths[i] ?? 0);
    }
  };
}

const fillElementwise = defineElementwise<number>("fill", (f, value) => f.constant4(value));

/** Prepares filling a tensor with a number. */
export function fill(runtime: Runtime, value: number, shape: Shape): (inputs: readonly Block[], output: Block) => void {
  if (shape.includes(0)) return () => undefined;
  const run = runLoops(runtime, fillElementwise, value, [{ count: sizeOf(shape), steps: [1] }]);
  return (_, y) => run(y.start);
}

/** An empty sum is 0, and an empty maximum −∞. */
const emptyResult = { sum: 0, max: -Infinity };

const reduction =
  (runtime: Runtime, name: Reduction): CpuKernel<Reduction> =>
  ({ inputs: [shape], output, attributes: { axes } }) =>
    sizeOf(shape) === 0
      ? fill(runtime, emptyResult[name], output)
      : reduced(runtime, name, { shape: shape, axes }, single);

const pointwiseSum =
  (runtime: Runtime): CpuKernel<"pointwiseSum"> =>
  ({ inputs, output, attributes: { steps, shape, axes } }) => {
    if (sizeOf(shape) === 0) return fill(runtime, emptyResult.sum, output);
    // If all tensors are single numbers, an input counts as one of the elements that are reduced.
    const isOne = inputs.map((input) => sizeOf(input) === 1 && sizeOf(shape) > 1);
    return reduced(runtime, "sum", { shape, axes }, { chain: steps, isOne });
  };

/** Reductions. */
export const reduceKernels = (runtime: Runtime): CpuKernels<"sum" | "max" | "pointwiseSum"> => ({
  sum: reduction(runtime, "sum"),
  max: reduction(runtime, "max"),
  pointwiseSum: pointwiseSum(runtime),
});
