import type { Shape } from "@convlens/backend";
import { int, type Pointer } from "../assembler/expression.ts";
import { isPacked, type FunctionWriter, type Machine } from "../assembler/function.ts";
import { i32, type Vector } from "../assembler/instructions.ts";
import { asCount, strided, type Count } from "../callList.ts";
import { defineFunction, type FunctionDefinition } from "../defineFunction.ts";
import { after, NOWHERE, type Address, type Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { chainOf, ChainWriter, type Chain, type Known, type Link, type Pointwise } from "./chain.ts";

/** A loop: its number of turns, and how many numbers each input and, last, the output moves in a turn. */
export interface Loop {
  readonly count: number;
  readonly steps: readonly number[];
}

/** Nested loops, the outermost first. */
export type Loops = readonly [Loop, ...Loop[]];

/**
 * The axes of a shape as loops. Neighbouring axes become one loop if all tensors have even steps there.
 *
 * @param steps - For each input and for the output, the step along each axis.
 */
export function loopsOf(shape: Shape, steps: readonly (readonly number[])[]): Loops {
  const loops: Loop[] = [];
  shape.forEach((count, axis) => {
    if (count === 1) return;
    const own: Loop = { count, steps: steps.map((each) => each[axis]!) };
    const outer = loops.at(-1);
    if (outer?.steps.every((step, i) => step === own.steps[i]! * count))
      loops.splice(-1, 1, { count: outer.count * count, steps: own.steps });
    else loops.push(own);
  });
  const [outermost = { count: 1, steps: steps.map(() => 0) }, ...others] = loops;
  return [outermost, ...others];
}

/** Numbers that are worth a call. */
export const TASK = 16384;

/** A division of equal items into calls: `calls` of `each` items, and one more of `rest`. */
export interface Tasks {
  readonly each: number;
  readonly calls: number;
  readonly rest: number;
}

/** Divides `count` items of `size` numbers each into tasks for all threads. */
export function tasksOf(runtime: Runtime, count: number, size: number): Tasks {
  if (runtime.threads === 1 || count * size < 2 * TASK) return { each: count, calls: 1, rest: 0 };
  const each = Math.min(count, Math.max(1, Math.round(TASK / size)));
  return { each, calls: Math.floor(count / each), rest: count % each };
}

/** Functions that compute an elementwise operation, or a chain of them, for parameters of type `P`. */
export interface Elementwise<P> {
  /** For numbers side by side. Their number is an argument, so all sizes share the function. */
  readonly row: FunctionDefinition<{ readonly parameters: P; readonly steps: readonly number[] }>;
  readonly nest: FunctionDefinition<{ readonly parameters: P; readonly loops: Loops }>;
}

/** Defines an elementwise operation. */
export const defineElementwise = <P>(
  name: string,
  formula: (f: FunctionWriter, parameters: P, ...x: Vector[]) => Vector,
): Elementwise<P> =>
  defineChain(
    name,
    (parameters) =>
      (f, ...x) =>
        formula(f, parameters, ...x),
  );

/** Defines a chain of elementwise operations. */
export function defineChain<P>(
  name: string,
  operationOf: (parameters: P) => Pointwise | readonly Link[],
): Elementwise<P> {
  const chain = (parameters: P, steps: readonly number[]): Chain => chainOf(operationOf(parameters), steps.length - 1);
  return {
    row: defineFunction({
      name: `${name} row`,
      arity: ({ steps }) => steps.length + 1,
      write: (f, { parameters, steps }, ...args) =>
        writeRow(f, chain(parameters, steps), steps, args.slice(0, -1), args.at(-1)!),
      work: ({ parameters, steps }) => TASK * workOf(chain(parameters, steps)),
    }),
    nest: defineFunction({
      name,
      arity: ({ loops }) => loops[0].steps.length,
      write: (f, { parameters, loops }, ...addresses) =>
        writeNest(f, chain(parameters, loops[0].steps), loops, addresses),
      work: ({ parameters, loops }) =>
        loops.reduce((size, { count }) => size * count, 1) * workOf(chain(parameters, loops[0].steps)),
    }),
  };
}

/** About how many products an element is worth. */
const workOf = ({ length }: Chain): number => Math.max(4, length / 2);

/** Prepares an elementwise operation over loops; the addresses are those of the inputs and, last, of the output. */
export function runLoops<P>(
  runtime: Runtime,
  operation: Elementwise<P>,
  parameters: P,
  loops: Loops,
): (...addresses: Address[]) => void {
  const run = prepare(runtime, operation, parameters, loops);
  return (...addresses) => run(addresses);
}

/** Prepares an elementwise operation from blocks to a block. */
export function runOverBlocks<P>(
  runtime: Runtime,
  operation: Elementwise<P>,
  parameters: P,
  loops: Loops,
): (inputs: readonly Block[], output: Block) => void {
  const run = prepare(runtime, operation, parameters, loops);
  const addresses = loops[0].steps.map(() => NOWHERE);
  const last = addresses.length - 1;
  return (inputs, output) => {
    for (let i = 0; i < last; i++) addresses[i] = inputs[i]!.start;
    addresses[last] = output.start;
    run(addresses);
  };
}

/** A function that computes some items, and the counts that it takes after the addresses. */
export interface ItemsCode {
  readonly code: CompiledFunction;
  readonly counts: readonly Count[];
}

function prepare<P>(
  runtime: Runtime,
  { row, nest }: Elementwise<P>,
  parameters: P,
  loops: Loops,
): (addresses: readonly Address[]) => void {
  const [outer, ...inner] = loops;
  const { steps } = outer;
  const isRow = inner.length === 0 && isContiguous(outer);
  const size = inner.reduce((product, { count }) => product * count, 1);
  return runTasks(tasksOf(runtime, outer.count, size), steps, (count) =>
    isRow
      ? { code: runtime.compile(row, { parameters, steps }), counts: [asCount(count)] }
      : { code: runtime.compile(nest, { parameters, loops: [{ count, steps }, ...inner] }), counts: [] },
  );
}

/** Runs the tasks of a division. Addresses move by `steps` from item to item. */
export function runTasks(
  { each, calls, rest }: Tasks,
  steps: readonly number[],
  codeOf: (items: number) => ItemsCode,
): (addresses: readonly Address[]) => void {
  const main = codeOf(each);
  const first = callAt(main, steps);
  if (calls === 1 && rest === 0) return (addresses) => first(addresses, 0);
  const last = rest === 0 ? undefined : callAt(codeOf(rest), steps);
  return (addresses) => {
    main.code.callMany(calls, ...addresses.map((address, i) => strided(address, each * steps[i]!)), ...main.counts);
    last?.(addresses, calls * each);
  };
}

/** Calls a function for the items from `done` on. The array of arguments is reused, so that a call leaves no garbage. */
function callAt(
  { code, counts }: ItemsCode,
  steps: readonly number[],
): (addresses: readonly Address[], done: number) => void {
  const args: (Address | Count)[] = [...steps.map(() => NOWHERE), ...counts];
  return (addresses, done) => {
    for (let i = 0; i < steps.length; i++) args[i] = after(addresses[i]!, done * steps[i]!);
    code.call(...args);
  };
}

/** Whether the output lies side by side, and each input, too, unless it is a single number. */
const isContiguous = ({ steps }: Loop): boolean =>
  steps.at(-1) === 1 && steps.every((step) => step === 0 || step === 1);

/** Instructions in one turn of a loop over vectors, of which there are at most four: then counting turns costs little. */
const LONG = 40;
/** Vectors in one turn of a loop: an even number where the engine packs two into one. */
const unrollOf = (machine: Machine, { length }: Chain): number =>
  (isPacked(machine) ? 2 : 1) * Math.min(4, Math.max(1, Math.floor(LONG / length)));

/** Writes `count` vectors of a chain, in pairs where the engine packs two into one. */
function writeVectors(f: FunctionWriter, writer: ChainWriter, known: Known, to: Pointer, count: number): void {
  let at = 0;
  for (const lanes of f.lanesOf(4 * count)) {
    f.storeLanes(to, writer.vector(known, at, lanes), at, lanes);
    at += lanes;
  }
}

/** Writes a chain over numbers side by side. */
function writeRow(
  f: FunctionWriter,
  chain: Chain,
  steps: readonly number[],
  addresses: readonly Pointer[],
  left: Pointer,
): void {
  const to = addresses.at(-1)!;
  const writer = new ChainWriter(f, chain, addresses.slice(0, -1));
  const known = writer.settle((input) => steps[input] === 0);
  const move = (numbers: number): void => addresses.forEach((address, i) => f.advance(address, numbers * steps[i]!));
  const writeTurns = (together: number): void => {
    const count = f.keep(i32.div_u(left, int(4 * together)));
    f.when(count, () =>
      f.times(count, () => {
        writeVectors(f, writer, known, to, together);
        move(4 * together);
      }),
    );
    f.set(left, i32.sub(left, i32.mul(count, int(4 * together))));
  };
  const together = unrollOf(f.machine, chain);
  writeTurns(together);
  if (together > 1) writeTurns(1);
  f.when(left, () =>
    f.times(left, () => {
      f.storeOne(to, writer.one(known));
      move(1);
    }),
  );
}

/** Instructions of a row that is written without a loop. */
const SHORT = 100;

/** Writes a chain over nested loops, four numbers at a time where the innermost loop is contiguous. */
function writeNest(f: FunctionWriter, chain: Chain, loops: Loops, addresses: readonly Pointer[]): void {
  const to = addresses.at(-1)!;
  const writer = new ChainWriter(f, chain, addresses.slice(0, -1));
  /** Writes numbers side by side; returns how far the addresses have moved. */
  const writeContiguous = (known: Known, { count, steps }: Loop): readonly number[] => {
    const vectors = Math.floor(count / 4);
    const isShort = (vectors + 1) * chain.length <= SHORT;
    const together = isShort ? vectors : unrollOf(f.machine, chain);
    const turns = isShort ? 0 : Math.floor(vectors / together);
    f.times(turns, () => {
      writeVectors(f, writer, known, to, together);
      addresses.forEach((address, i) => f.advance(address, 4 * together * steps[i]!));
    });
    const left = vectors - turns * together;
    writeVectors(f, writer, known, to, left);
    // The last vector may be read beyond the end of a row, but is not written there.
    const last = count % 4 > 0 ? f.keep(writer.vector(known, 4 * left)) : undefined;
    for (let i = 0; i < count % 4; i++) f.storeOne(to, last!, 4 * left + i, i);
    return steps.map((step) => 4 * turns * together * step);
  };
  const writeLoop = (loops: Loops, before: Known): readonly number[] => {
    const known = writer.settle((input) => loops.every(({ steps }) => steps[input] === 0), before);
    const [loop, next, ...others] = loops;
    if (next === undefined && isContiguous(loop)) return writeContiguous(known, loop);
    const { count, steps } = loop;
    f.times(count, () => {
      const moved = next && writeLoop([next, ...others], known);
      if (next === undefined) f.storeOne(to, writer.one(known));
      addresses.forEach((address, i) => f.advance(address, steps[i]! - (moved?.[i] ?? 0)));
    });
    return steps.map((step) => count * step);
  };
  writeLoop(loops, []);
}
