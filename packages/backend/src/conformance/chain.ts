import type { Attributes, ChainStep, Inputs, OperationName, Operations } from "../operations.ts";
import { broadcastShapes, type Shape } from "../shape.ts";
import type { CompositeCase } from "./case.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

/** Estimate of a value before it is computed: its shape, largest magnitude and error. */
interface Estimate {
  readonly shape: Shape;
  readonly most: number;
  /** Error in units of float32 precision. */
  readonly error: number;
}

type Growth = Omit<Estimate, "shape"> | undefined;

/** An operation of a chain. */
interface Kind {
  readonly operation: OperationName;
  readonly operands: number;
  readonly attributes: Attributes<OperationName>;
  /** The estimate of the result; `undefined` where an operand must be exact and is not. */
  after(...x: readonly Estimate[]): Growth;
  /** Writes what the operation means, from its operands. */
  meaning(write: Writer, x: readonly number[], shape: Shape): number;
}

const kind = <K extends OperationName>(
  operation: K,
  operands: number,
  after: (...x: Inputs<Operations[K], Estimate>) => Growth,
  attributes: Attributes<K>,
  meaning: (write: Writer, x: Inputs<Operations[K], number>, shape: Shape) => number = (write, x, shape) =>
    write(operation, x, attributes, shape),
): Kind => ({ operation, operands, after, attributes, meaning });
const same = (x: Estimate): Growth => x;
const sum = (a: Estimate, b: Estimate): Growth => ({
  most: a.most + b.most,
  error: a.error + b.error + a.most + b.most,
});
const product = (a: Estimate, b: Estimate): Omit<Estimate, "shape"> => ({
  most: a.most * b.most,
  error: a.error * b.most + b.error * a.most + a.most * b.most,
});
const larger = (a: Estimate, b: Estimate): Growth => ({
  most: Math.max(a.most, b.most),
  error: Math.max(a.error, b.error),
});
/** Functions whose slope is at most 1. */
const smooth = (x: Estimate): Growth => ({ most: 1, error: x.error + 2 });
/** A comparison needs exact numbers. */
const exact = (...x: readonly Estimate[]): Growth =>
  x.every(({ error }) => error === 0) ? { most: 1, error: 0 } : undefined;

const kinds: readonly Kind[] = [
  ...(["negate", "absolute", "relu"] as const).map((name) => kind(name, 1, same, {})),
  ...(["tanh", "sigmoid", "sin", "cos"] as const).map((name) => kind(name, 1, smooth, {})),
  kind("sign", 1, exact, {}),
  kind("floor", 1, (x) => exact(x) && { most: x.most + 1, error: 0 }, {}),
  ...(["equal", "greater", "greaterEqual"] as const).map((name) => kind(name, 2, exact, {})),
  ...(["add", "subtract"] as const).map((name) => kind(name, 2, sum, {})),
  ...(["maximum", "minimum"] as const).map((name) => kind(name, 2, larger, {})),
  kind("multiply", 2, product, {}),
  kind("where", 3, (condition, a, b) => exact(condition) && larger(a, b), {}),
  kind("momentumStep", 2, sum, { momentum: 0.5 }, (write, [velocity, gradient], shape) =>
    write("add", [write("multiply", [velocity, write.constant(0.5)], {}, shape), gradient], {}, shape),
  ),
  kind(
    "sgdStep",
    3,
    (p, g, rate) => sum(p, { ...p, ...product(g, rate) }),
    {},
    (write, [p, g, rate], shape) => write("subtract", [p, write("multiply", [g, rate], {}, shape)], {}, shape),
  ),
];

/** A chain of random steps whose error stays within a few units. */
export function chainCase(dice: Dice): CompositeCase<Operations["pointwise"]> {
  const output = dice.shape();
  return chainOver(dice, [output, ...Array.from({ length: dice.int(0, 7) }, () => dice.shrunk(output))]);
}

/** The sum over some axes of such a chain. */
export function chainSumCase(dice: Dice): CompositeCase<Operations["pointwiseSum"]> {
  const shape = dice.shape();
  const one = shape.map(() => 1);
  const chain = chainOver(dice, [
    shape,
    ...Array.from({ length: dice.int(0, 7) }, () => dice.pick<Shape>([shape, one, []])),
  ]);
  const axes = shape.flatMap((_, axis) => (dice.unit() < 0.5 ? [axis] : []));
  const output = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return {
    ...chain,
    attributes: { ...chain.attributes, axes, shape },
    output,
    meaning: (write, feeds) => write("sum", [chain.meaning(write, feeds)], { axes }, output),
  };
}

/** A chain over inputs of these shapes, to the first of which all broadcast. */
function chainOver(dice: Dice, inputs: readonly [Shape, ...Shape[]]): CompositeCase<Operations["pointwise"]> {
  const values: Estimate[] = inputs.map((shape) => ({ shape, most: 1, error: 0 }));
  const taken: { readonly kind: Kind; readonly step: ChainStep; readonly shape: Shape }[] = [];
  const take = (next: Kind, operands: readonly number[]): void => {
    const x = operands.flatMap((operand) => values[operand] ?? []);
    const after = next.after(...x);
    if (after === undefined || after.most > 4 || after.error > 50) return;
    const { operation, attributes } = next;
    const shape = x.map((each) => each.shape).reduce((a, b) => broadcastShapes("test", a, b));
    values.push({ ...after, shape });
    taken.push({ kind: next, step: { operation, inputs: operands, attributes }, shape });
  };
  const last = (): number => values.length - 1;
  for (let tries = dice.int(0, 15); tries > 0; tries--) {
    const next = dice.pick(kinds);
    // Most steps continue with the latest value.
    take(
      next,
      Array.from({ length: next.operands }, () => (dice.unit() < 0.4 ? last() : dice.int(0, last()))),
    );
  }
  take(kind("maximum", 2, larger, {}), [last(), 0]);
  return {
    inputs,
    attributes: { steps: taken.map(({ step }) => step) },
    output: inputs[0],
    number: (d) => d.int(-64, 64) / 64,
    meaning: (write, feeds) => {
      const written = [...feeds];
      let result = 0;
      for (const { kind: each, step, shape } of taken) {
        const x = step.inputs.flatMap((operand) => written[operand] ?? []);
        written.push((result = each.meaning(write, x, shape)));
      }
      return result;
    },
  };
}
