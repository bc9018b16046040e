import type { Chain, ChainStep, OperationName, Operations } from "../operations.ts";
import { broadcastShapes, type Shape } from "../shape.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

/** What is known of a number before it is computed: its shape, how large it is at most, and how far off. */
interface Estimate {
  readonly shape: Shape;
  readonly most: number;
  /** In units of float32. */
  readonly error: number;
}

/** Writes what an operation means, from its operands. */
type Meaning = (write: Writer, x: readonly number[], shape: Shape) => number;

interface Kind {
  readonly operation: OperationName;
  readonly operands: number;
  /** What becomes of the estimates; nothing, where they should be exact and are not. */
  readonly after: (...x: Estimate[]) => Omit<Estimate, "shape"> | undefined;
  readonly attributes: object;
  readonly meaning: Meaning;
}

const kind = (
  operation: OperationName,
  operands: number,
  after: Kind["after"],
  attributes: object = {},
  meaning: Meaning = (write, x, shape) => write(operation, x, attributes as Operations[OperationName], shape),
): Kind => ({ operation, operands, after, attributes, meaning });
const same: Kind["after"] = (x) => x;
const sum: Kind["after"] = (a, b) => ({ most: a!.most + b!.most, error: a!.error + b!.error + a!.most + b!.most });
const product = (a: Estimate, b: Estimate): Omit<Estimate, "shape"> => ({
  most: a.most * b.most,
  error: a.error * b.most + b.error * a.most + a.most * b.most,
});
const larger: Kind["after"] = (a, b) => ({ most: Math.max(a!.most, b!.most), error: Math.max(a!.error, b!.error) });
/** The slope of these functions is 1 at most. */
const smooth: Kind["after"] = (x) => ({ most: 1, error: x!.error + 2 });
/** What looks whether one number is larger than another must know them exactly. */
const exact: Kind["after"] = (...x) => (x.every(({ error }) => error === 0) ? { most: 1, error: 0 } : undefined);

const kinds: readonly Kind[] = [
  ...(["negate", "absolute", "relu"] as const).map((name) => kind(name, 1, same)),
  ...(["tanh", "sigmoid", "sin", "cos"] as const).map((name) => kind(name, 1, smooth)),
  ...(["sign", "equal", "greater", "greaterEqual"] as const).map((name) => kind(name, name === "sign" ? 1 : 2, exact)),
  ...(["add", "subtract"] as const).map((name) => kind(name, 2, sum)),
  ...(["maximum", "minimum"] as const).map((name) => kind(name, 2, larger)),
  kind("multiply", 2, (a, b) => product(a!, b!)),
  kind("where", 3, (condition, a, b) => exact(condition!) && larger(a!, b!)),
  kind(
    "momentumStep",
    2,
    (a, b) => sum(a!, b!),
    { momentum: 0.5 },
    (write, [velocity, gradient], shape) =>
      write("add", [write("multiply", [velocity!, write.constant(0.5)], {}, shape), gradient!], {}, shape),
  ),
  kind(
    "sgdStep",
    3,
    (p, g, rate) => sum(p!, { ...p!, ...product(g!, rate!) }),
    {},
    (write, [p, g, rate], shape) => write("subtract", [p!, write("multiply", [g!, rate!], {}, shape)], {}, shape),
  ),
];

/** A call of a chain, and what it means. */
interface ChainCase<A> {
  readonly inputs: readonly Shape[];
  readonly attributes: A;
  readonly output: Shape;
  readonly number: (dice: Dice) => number;
  readonly meaning: (write: Writer, feeds: readonly number[]) => number;
}

/** A chain of random steps, of which no error grows to more than a few units. */
export function chainCase(dice: Dice): ChainCase<Chain> {
  const output = dice.shape();
  return chainOver(dice, [output, ...Array.from({ length: dice.int(0, 7) }, () => dice.shrunk(output))]);
}

/** The sum over some axes of such a chain. */
export function chainSumCase(dice: Dice): ChainCase<Operations["pointwiseSum"]> {
  const shape = dice.shape();
  const one = shape.map(() => 1);
  const inputs = [shape, ...Array.from({ length: dice.int(0, 7) }, () => dice.pick([shape, one, []]))];
  const chain = chainOver(dice, inputs);
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
function chainOver(dice: Dice, inputs: readonly Shape[]): ChainCase<Chain> {
  const values: Estimate[] = inputs.map((shape) => ({ shape, most: 1, error: 0 }));
  const steps: ChainStep[] = [];
  const meanings: Meaning[] = [];
  const take = ({ operation, attributes, after, meaning }: Kind, operands: readonly number[]): void => {
    const x = operands.map((operand) => values[operand]!);
    const next = after(...x);
    if (next === undefined || next.most > 4 || next.error > 50) return;
    values.push({ ...next, shape: x.map((each) => each.shape).reduce((a, b) => broadcastShapes("test", a, b)) });
    steps.push({ operation, inputs: operands, attributes: attributes as Operations[OperationName] });
    meanings.push(meaning);
  };
  const last = (): number => values.length - 1;
  for (let tries = dice.int(0, 15); tries > 0; tries--) {
    const next = dice.pick(kinds);
    // Most go on with what was made last.
    take(
      next,
      Array.from({ length: next.operands }, () => (dice.unit() < 0.4 ? last() : dice.int(0, last()))),
    );
  }
  take(kind("maximum", 2, larger), [last(), 0]);
  return {
    inputs,
    attributes: { steps },
    output: inputs[0]!,
    number: (d) => d.int(-64, 64) / 64,
    meaning: (write, feeds) => {
      const written = [...feeds];
      meanings.forEach((meaning, i) => {
        const x = steps[i]!.inputs.map((operand) => written[operand]!);
        written.push(meaning(write, x, values[inputs.length + i]!.shape));
      });
      return written.at(-1)!;
    },
  };
}
