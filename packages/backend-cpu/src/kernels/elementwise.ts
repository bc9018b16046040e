import { broadcastSteps, type Kernel, type None, type OperationName, type Shape } from "@convlens/backend";
import {
  calculate,
  calculate4,
  compare,
  compare4,
  each4,
  load,
  load4,
  number,
  splat,
  type Arithmetic,
  type Comparison,
  type Expression,
} from "../assembler/expression.ts";
import { ModuleWriter } from "../assembler/module.ts";
import type { Block, Heap } from "../heap.ts";

/** An operation on one number of each input, and on four. */
interface Pointwise {
  readonly one: (...x: Expression<"f32">[]) => Expression<"f32">;
  readonly four: (...x: Expression<"v128">[]) => Expression<"v128">;
}

const arithmetic = (name: Arithmetic): Pointwise => ({
  one: (...x) => calculate(name, ...x),
  four: (...x) => calculate4(name, ...x),
});
const comparison = (name: Comparison): Pointwise => ({
  one: (a, b) => compare(name, a!, b!),
  four: (a, b) => compare4(name, a!, b!),
});
/** An operation with a constant as its second (or first) number. */
const withConstant = (name: Arithmetic, value: number, first = false): Pointwise => ({
  one: (x) => (first ? calculate(name, number(value), x!) : calculate(name, x!, number(value))),
  four: (x) => (first ? calculate4(name, each4(number(value)), x!) : calculate4(name, x!, each4(number(value)))),
});

/** The operations below. */
type PlainName = Extract<
  OperationName,
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "maximum"
  | "minimum"
  | "equal"
  | "greater"
  | "greaterEqual"
  | "negate"
  | "absolute"
  | "sqrt"
  | "reciprocal"
  | "relu"
  | "copy"
>;

/** Operations that are a few instructions. WebAssembly's maximum and minimum give NaN if either is, as they must. */
const pointwise: Readonly<Record<PlainName, Pointwise>> = {
  add: arithmetic("add"),
  subtract: arithmetic("sub"),
  multiply: arithmetic("mul"),
  divide: arithmetic("div"),
  maximum: arithmetic("max"),
  minimum: arithmetic("min"),
  equal: comparison("eq"),
  greater: comparison("gt"),
  greaterEqual: comparison("ge"),
  negate: arithmetic("neg"),
  absolute: arithmetic("abs"),
  sqrt: arithmetic("sqrt"),
  reciprocal: withConstant("div", 1, true),
  relu: withConstant("max", 0),
  copy: { one: (x) => x!, four: (x) => x! },
};

/** One loop: how often, and how many bytes each input moves. */
interface Loop {
  readonly count: number;
  readonly steps: readonly number[];
}

/** The axes of the output as loops, neighbours joined wherever every input goes on in even steps. */
export function loopsOf(inputs: readonly Shape[], output: Shape): Loop[] {
  const steps = inputs.map((shape) => broadcastSteps(shape, output));
  const loops: Loop[] = [];
  output.forEach((count, axis) => {
    if (count === 1) return;
    const own: Loop = { count, steps: steps.map((each) => 4 * each[axis]!) };
    const outer = loops.at(-1);
    if (outer?.steps.every((step, i) => step === own.steps[i]! * count))
      loops.splice(-1, 1, { count: outer.count * count, steps: own.steps });
    else loops.push(own);
  });
  return loops.length === 0 ? [{ count: 1, steps: inputs.map(() => 0) }] : loops;
}

/** Writes the loops for one operation. */
export function writePointwise({ one, four }: Pointwise, loops: readonly Loop[]): ModuleWriter {
  const inputs = loops[0]!.steps.map((_, i) => `x${i}`);
  const module = new ModuleWriter();
  module.function("run", [...inputs, "y"], (f, ...addresses) => {
    const to = addresses.at(-1)!;
    const from = addresses.slice(0, -1);
    const loop = (depth: number): void => {
      const { count, steps } = loops[depth]!;
      if (depth < loops.length - 1) {
        const inner = loops[depth + 1]!;
        f.times(count, () => {
          loop(depth + 1);
          from.forEach((address, i) => f.advance(address, steps[i]! - inner.count * inner.steps[i]!));
        });
        return;
      }
      const move = (numbers: number): void => {
        from.forEach((address, i) => f.advance(address, numbers * steps[i]!));
        f.advance(to, 4 * numbers);
      };
      f.times(Math.floor(count / 4), () => {
        f.store4(to, four(...from.map((address, i) => (steps[i] === 0 ? splat(address) : load4(address)))));
        move(4);
      });
      f.times(count % 4, () => {
        f.store(to, one(...from.map((address) => load(address))));
        move(1);
      });
    };
    loop(0);
  });
  return module;
}

/** Kernels of the operations that are a few instructions. */
export function elementwiseKernels(heap: Heap): Record<PlainName, Kernel<Block, None>> {
  const kernel =
    (name: PlainName): Kernel<Block, None> =>
    ({ inputs, output }) => {
      if (output.includes(0)) return () => undefined;
      const loops = loopsOf(inputs, output);
      const run = heap.functions(`${name} ${JSON.stringify(loops)}`, () => writePointwise(pointwise[name], loops))[
        "run"
      ]!;
      return (from, y) => run(...from.map(({ start }) => start), y.start);
    };
  const names = Object.keys(pointwise) as PlainName[];
  return Object.fromEntries(names.map((name) => [name, kernel(name)])) as Record<PlainName, Kernel<Block, None>>;
}
