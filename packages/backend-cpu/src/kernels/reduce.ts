import { sizeOf, type Axes, type Kernel, type KernelCall, type Operations, type Shape } from "@convlens/backend";
import type { Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { chainOf, copied } from "./chain.ts";
import { foldsOf, writeFold, type Fold, type Reduction, type Source } from "./folds.ts";
import { runLoops, runTasks, TASK, tasksOf } from "./loops.ts";
import { linksOf } from "./pointwise.ts";

/** A source with a name that tells it from all others. */
interface NamedSource extends Source {
  readonly name: string;
}
const plain: NamedSource = { name: "", chain: chainOf(copied, 1), isOne: [false] };

function codeOf(runtime: Runtime, reduction: Reduction, fold: Fold, source: NamedSource): CompiledFunction {
  const work = fold.outer * fold.folded * fold.inner * Math.max(4, source.chain.length / 2);
  return runtime.code(
    `${reduction} ${JSON.stringify(fold)} ${source.name}`,
    [...source.isOne.map((_, i) => `x${i}`), "y"],
    (f, ...addresses) => writeFold(f, reduction, fold, source, addresses),
    work,
  );
}

/** How to do a fold, and how many numbers of scratch memory that takes. */
interface Run {
  readonly run: (from: readonly number[], to: number, scratch: number) => void;
  readonly scratch: number;
}

/** A fold, by all threads together where it is long; what is summed in which order does not depend on them. */
function runOf(runtime: Runtime, reduction: Reduction, fold: Fold, source: NamedSource): Run {
  const { outer, folded, inner } = fold;
  const chunk = Math.ceil(TASK / inner);
  if (outer === 1 && folded >= 2 * chunk) {
    const [chunks, rest] = [Math.floor(folded / chunk), folded % chunk];
    const main = codeOf(runtime, reduction, { outer, folded: chunk, inner }, source);
    const last = rest > 0 ? codeOf(runtime, reduction, { outer, folded: rest, inner }, source) : undefined;
    const parts = chunks + (rest > 0 ? 1 : 0);
    const join = codeOf(runtime, reduction, { outer, folded: parts, inner }, plain);
    const steps = source.isOne.map((isOne) => (isOne ? 0 : 4 * chunk * inner));
    return {
      scratch: Math.ceil((parts * inner) / 4) * 4,
      run: (from, to, scratch) => {
        main.callMany(chunks, ...from.map((x, i) => [x, steps[i]!] as const), [scratch, 4 * inner]);
        last?.call(...from.map((x, i) => x + chunks * steps[i]!), scratch + chunks * 4 * inner);
        join.call(scratch, to);
      },
    };
  }
  const run = runTasks(
    tasksOf(runtime, outer, folded * inner),
    [...source.isOne.map((isOne) => (isOne ? 0 : 4 * folded * inner)), 4 * inner],
    (count) => ({ code: codeOf(runtime, reduction, { outer: count, folded, inner }, source), extra: [] }),
  );
  const addresses = [...source.isOne, true].map(() => 0);
  return {
    scratch: 0,
    run: (from, to) => {
      for (let i = 0; i < from.length; i++) addresses[i] = from[i]!;
      addresses[from.length] = to;
      run(addresses);
    },
  };
}

/** Folds of what a source gives over some axes of a shape. */
function reduced(
  runtime: Runtime,
  reduction: Reduction,
  shape: Shape,
  axes: readonly number[],
  source: NamedSource,
): (inputs: readonly Block[], output: Block) => void {
  const folds = foldsOf(shape, axes);
  const runs = folds.map((fold, i) => runOf(runtime, reduction, fold, i === 0 ? source : plain));
  // Every result but the last lies in the scratch, behind the one before it.
  const lengths = folds.slice(0, -1).map(({ outer, inner }) => Math.ceil((outer * inner) / 4) * 4);
  const between = lengths.reduce((sum, length) => sum + length, 0);
  const wanted = between + Math.max(...runs.map(({ scratch }) => scratch));
  const [first, later] = [source.isOne.map(() => 0), [0]];
  return (inputs, y) => {
    const scratch = wanted === 0 ? 0 : runtime.scratch(wanted);
    for (let i = 0; i < first.length; i++) first[i] = inputs[i]!.start;
    let from = first;
    let next = scratch;
    for (let i = 0; i < runs.length; i++) {
      const to = i === runs.length - 1 ? y.start : next;
      runs[i]!.run(from, to, scratch + 4 * between);
      from = later;
      later[0] = to;
      next += 4 * (lengths[i] ?? 0);
    }
  };
}

/** Of nothing a sum is 0, and a maximum −∞. */
function ofNothing(
  runtime: Runtime,
  reduction: Reduction,
  output: Shape,
): (inputs: readonly Block[], output: Block) => void {
  const value = reduction === "sum" ? 0 : -Infinity;
  const loops = [{ count: sizeOf(output), steps: [4] }];
  const run = runLoops(runtime, `all ${value}`, (f) => f.constant4(value), loops);
  return (_, y) => run(y.start);
}

const reduction =
  (runtime: Runtime, name: Reduction): Kernel<Block, Axes> =>
  ({ inputs: [shape], output, attributes: { axes } }) =>
    sizeOf(shape!) === 0 ? ofNothing(runtime, name, output) : reduced(runtime, name, shape!, axes, plain);

const pointwiseSum =
  (runtime: Runtime): Kernel<Block, Operations["pointwiseSum"]> =>
  ({ inputs, output, attributes: { steps, shape, axes } }: KernelCall<Operations["pointwiseSum"]>) => {
    if (sizeOf(shape) === 0) return ofNothing(runtime, "sum", output);
    // Where all is one number, it is as many as are folded.
    const isOne = inputs.map((input) => sizeOf(input) === 1 && sizeOf(shape) > 1);
    const chain = chainOf(linksOf(steps), inputs.length);
    return reduced(runtime, "sum", shape, axes, { name: JSON.stringify([steps, isOne]), chain, isOne });
  };

/** Many numbers in, one out. */
export const reduceKernels = (
  runtime: Runtime,
): {
  readonly sum: Kernel<Block, Axes>;
  readonly max: Kernel<Block, Axes>;
  readonly pointwiseSum: Kernel<Block, Operations["pointwiseSum"]>;
} => ({
  sum: reduction(runtime, "sum"),
  max: reduction(runtime, "max"),
  pointwiseSum: pointwiseSum(runtime),
});
