import type { Shape } from "@convlens/backend";
import { int, type Local } from "../assembler/expression.ts";
import { i32 } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { chainOf, ChainWriter, type Chain, type Known, type Link, type Pointwise } from "./chain.ts";

/** One loop: how often, and how many bytes each input and, last, the output move. */
export interface Loop {
  readonly count: number;
  readonly steps: readonly number[];
}

/**
 * The axes of a shape as loops, neighbours joined wherever all go on in even steps.
 *
 * @param steps - Of each input and of the output, the step along each axis, in numbers.
 */
export function loopsOf(shape: Shape, steps: readonly (readonly number[])[]): Loop[] {
  const loops: Loop[] = [];
  shape.forEach((count, axis) => {
    if (count === 1) return;
    const own: Loop = { count, steps: steps.map((each) => 4 * each[axis]!) };
    const outer = loops.at(-1);
    if (outer?.steps.every((step, i) => step === own.steps[i]! * count))
      loops.splice(-1, 1, { count: outer.count * count, steps: own.steps });
    else loops.push(own);
  });
  return loops.length === 0 ? [{ count: 1, steps: steps.map(() => 0) }] : loops;
}

/** So many numbers are worth a call of their own. */
export const TASK = 16384;

/** Calls that do so many equal things each, and what is left over. */
export interface Tasks {
  readonly each: number;
  readonly calls: number;
  readonly rest: number;
}

/** `count` equal things, some at a time: as many as make a task of `size` numbers each. */
export function tasksOf(runtime: Runtime, count: number, size: number): Tasks {
  if (runtime.threads === 1 || count * size < 2 * TASK) return { each: count, calls: 1, rest: 0 };
  const each = Math.min(count, Math.max(1, Math.round(TASK / size)));
  return { each, calls: Math.floor(count / each), rest: count % each };
}

/**
 * `(…inputs, output)`: an operation, or a chain of them, in loops; four numbers at a time where they lie side by side. What a
 * chain makes on the way stays in registers, and what is the same in all rounds of a loop is computed before it.
 *
 * @param name - Tells the operation from all others.
 */
export function runLoops(
  runtime: Runtime,
  name: string,
  operation: Pointwise | readonly Link[],
  loops: readonly Loop[],
): (...addresses: number[]) => void {
  const run = prepare(runtime, name, operation, loops);
  return (...addresses) => run(addresses);
}

/** The same from block to block. */
export function runOverBlocks(
  runtime: Runtime,
  name: string,
  operation: Pointwise | readonly Link[],
  loops: readonly Loop[],
): (inputs: readonly Block[], output: Block) => void {
  const run = prepare(runtime, name, operation, loops);
  const addresses = loops[0]!.steps.map(() => 0);
  const last = addresses.length - 1;
  return (inputs, output) => {
    for (let i = 0; i < last; i++) addresses[i] = inputs[i]!.start;
    addresses[last] = output.start;
    run(addresses);
  };
}

/** Code that does so many equal things, and the arguments that it takes beside addresses. */
export interface Rounds {
  readonly code: CompiledFunction;
  readonly extra: readonly number[];
}

function prepare(
  runtime: Runtime,
  name: string,
  operation: Pointwise | readonly Link[],
  loops: readonly Loop[],
): (addresses: readonly number[]) => void {
  const [outer, ...inner] = loops as [Loop, ...Loop[]];
  const { steps } = outer;
  const chain = chainOf(operation, steps.length - 1);
  const isRow = inner.length === 0 && isTogether(outer);
  return runTasks(
    tasksOf(
      runtime,
      outer.count,
      inner.reduce((size, { count }) => size * count, 1),
    ),
    steps,
    (count) =>
      isRow
        ? { code: codeOfRow(runtime, name, chain, steps), extra: [count] }
        : { code: codeOfLoops(runtime, name, chain, [{ count, steps }, ...inner]), extra: [] },
  );
}

/** Calls code for so many rounds at a time, and once more for those that are left; addresses move on from round to round. */
export function runTasks(
  { each, calls, rest }: Tasks,
  steps: readonly number[],
  rounds: (count: number) => Rounds,
): (addresses: readonly number[]) => void {
  const main = rounds(each);
  const first = callOf(main, steps);
  if (calls === 1 && rest === 0) return (addresses) => first(addresses, 0);
  const last = rest === 0 ? undefined : callOf(rounds(rest), steps);
  return (addresses) => {
    main.code.callMany(calls, ...addresses.map((address, i) => [address, each * steps[i]!] as const), ...main.extra);
    last?.(addresses, calls * each);
  };
}

/** Calls code once, when some rounds are done; its arguments have an array of their own, so that a call leaves no garbage. */
function callOf(
  { code, extra }: Rounds,
  steps: readonly number[],
): (addresses: readonly number[], done: number) => void {
  const args = [...steps, ...extra];
  return (addresses, done) => {
    for (let i = 0; i < steps.length; i++) args[i] = addresses[i]! + done * steps[i]!;
    code.call(...args);
  };
}

/** Whether numbers lie side by side, or are one number. */
const isTogether = ({ steps }: Loop): boolean => steps.at(-1) === 4 && steps.every((step) => step === 0 || step === 4);

/** Vectors of so many instructions are written side by side, at most four: then counting them costs little. */
const LONG = 40;
const unrollOf = ({ length }: Chain): number => Math.min(4, Math.max(1, Math.floor(LONG / length)));

/** About how many products one number is worth. */
const workOf = ({ length }: Chain): number => Math.max(4, length / 2);

const namesOf = (steps: readonly number[]): string[] => [...steps.slice(1).map((_, i) => `x${i}`), "y"];

/** Code for numbers side by side, however many: so all sizes share it. */
function codeOfRow(runtime: Runtime, name: string, chain: Chain, steps: readonly number[]): CompiledFunction {
  const write = (f: FunctionWriter, ...parameters: Local<"i32">[]): void => {
    const addresses = parameters.slice(0, -1);
    const left = parameters.at(-1)!;
    const to = addresses.at(-1)!;
    const writer = new ChainWriter(f, chain, addresses.slice(0, -1));
    const known = writer.settle((input) => steps[input] === 0);
    const move = (numbers: number): void => addresses.forEach((address, i) => f.advance(address, numbers * steps[i]!));
    const writeVectors = (together: number): void => {
      const count = f.keep("count", i32.div_u(left, int(4 * together)));
      f.when(count, () =>
        f.times(count, () => {
          for (let i = 0; i < together; i++) f.store4(to, writer.vector(known, 16 * i), 16 * i);
          move(4 * together);
        }),
      );
      f.set(left, i32.sub(left, i32.mul(count, int(4 * together))));
    };
    const together = unrollOf(chain);
    writeVectors(together);
    if (together > 1) writeVectors(1);
    f.when(left, () =>
      f.times(left, () => {
        f.storeOne(to, writer.one(known));
        move(1);
      }),
    );
  };
  return runtime.code(`${name} row ${steps.join()}`, [...namesOf(steps), "numbers"], write, TASK * workOf(chain));
}

/** Rows of so many instructions are written without a loop. */
const SHORT = 100;

function codeOfLoops(runtime: Runtime, name: string, chain: Chain, loops: readonly Loop[]): CompiledFunction {
  const write = (f: FunctionWriter, ...addresses: Local<"i32">[]): void => {
    const to = addresses.at(-1)!;
    const writer = new ChainWriter(f, chain, addresses.slice(0, -1));
    const innermost = loops.at(-1)!;
    /** Writes numbers side by side; gives by how many bytes addresses have moved. */
    const writeRow = (known: Known): readonly number[] => {
      const { count, steps } = innermost;
      const writeVector = (i: number): void => f.store4(to, writer.vector(known, 16 * i), 16 * i);
      const vectors = Math.floor(count / 4);
      const isShort = (vectors + 1) * chain.length <= SHORT;
      const together = isShort ? vectors : unrollOf(chain);
      const turns = isShort ? 0 : Math.floor(vectors / together);
      f.times(turns, () => {
        for (let i = 0; i < together; i++) writeVector(i);
        addresses.forEach((address, i) => f.advance(address, 4 * together * steps[i]!));
      });
      const left = vectors - turns * together;
      for (let i = 0; i < left; i++) writeVector(i);
      // More is read than there is; only what there is is written.
      const last = count % 4 > 0 ? f.keep("last", writer.vector(known, 16 * left)) : undefined;
      for (let i = 0; i < count % 4; i++) f.storeOne(to, last!, 16 * left + 4 * i, i);
      return steps.map((step) => 4 * turns * together * step);
    };
    const writeLoop = (depth: number, before: Known): readonly number[] => {
      const known = writer.settle((input) => loops.slice(depth).every(({ steps }) => steps[input] === 0), before);
      const { count, steps } = loops[depth]!;
      const isInnermost = depth === loops.length - 1;
      if (isInnermost && isTogether(innermost)) return writeRow(known);
      f.times(count, () => {
        const moved = isInnermost ? undefined : writeLoop(depth + 1, known);
        if (isInnermost) f.storeOne(to, writer.one(known));
        addresses.forEach((address, i) => f.advance(address, steps[i]! - (moved?.[i] ?? 0)));
      });
      return steps.map((step) => count * step);
    };
    writeLoop(0, []);
  };
  const size = loops.reduce((size, { count }) => size * count, 1);
  return runtime.code(`${name} ${JSON.stringify(loops)}`, namesOf(loops[0]!.steps), write, size * workOf(chain));
}
