import type { Attributes, TupleOf, Inputs, OperationName, Operations } from "../operations.ts";
import type { Instruction, Program } from "../program.ts";
import type { Shape } from "../shape.ts";

/** Appends an instruction and returns the number of its value. */
export interface Writer {
  <K extends OperationName>(
    operation: K,
    inputs: Inputs<Operations[K], number>,
    attributes: Attributes<K>,
    shape: Shape,
  ): number;
  /** Returns the number of a scalar constant. */
  constant(value: number): number;
}

/** A program over feeds: the callback writes instructions and returns the numbers of the outputs. */
export function programOf<const Feeds extends readonly Shape[]>(
  feeds: Feeds,
  body: (write: Writer, feeds: TupleOf<Feeds, number>) => readonly number[],
): Program;
export function programOf(
  feeds: readonly Shape[],
  body: (write: Writer, feeds: readonly number[]) => readonly number[],
): Program {
  // Constants precede instructions, and their count is known only at the end; until then their numbers are negative.
  const constants: number[] = [];
  const instructions: Instruction[] = [];
  const write = Object.assign(
    (
      operation: OperationName,
      inputs: readonly number[],
      attributes: Attributes<OperationName>,
      shape: Shape,
    ): number => {
      instructions.push({ operation, inputs, attributes, shape });
      return feeds.length + instructions.length - 1;
    },
    { constant: (value: number): number => -constants.push(value) },
  );
  const outputs = body(
    write,
    feeds.map((_, i) => i),
  );
  const final = (value: number): number => {
    if (value < 0) return feeds.length - value - 1;
    return value < feeds.length ? value : value + constants.length;
  };
  return {
    feeds,
    variables: [],
    constants: constants.map((value) => ({ shape: [], values: Float64Array.of(value) })),
    instructions: instructions.map((step) => ({ ...step, inputs: step.inputs.map(final) })),
    outputs: outputs.map(final),
    updates: [],
  };
}
