import type { Attributes, OperationName } from "./operations.ts";
import type { Shape } from "./shape.ts";

/** Values on the host. */
export type Values = Float32Array | Float64Array;

/** Purpose of a recorded operation: the output of the model, its gradients, or the new values of variables. */
export type Direction = "forward" | "backward" | "update";

/** Part of a model that recorded an operation, and its purpose. */
export interface Scope {
  /** The layer, `layers.3 (Conv2d)`; for a gradient, the layer that it goes back through. */
  readonly path?: string | undefined;
  readonly direction: Direction;
}

/** One instruction of a program. Its value is numbered by its position, after feeds, variables and constants. */
export interface Instruction<K extends OperationName = OperationName> {
  readonly operation: K;
  /** Numbers of the values that it reads. */
  readonly inputs: readonly number[];
  readonly attributes: Attributes<K>;
  /** Shape of its value. */
  readonly shape: Shape;
  /** The line that recorded it, where call sites are captured. */
  readonly site?: string | undefined;
  /** The part of a model that recorded it, if any. */
  readonly scope?: Scope | undefined;
}

/** A computation without branches. Its values are numbered: feeds, then variables, constants and instructions. */
export interface Program {
  /** Shapes of the values passed at each run. */
  readonly feeds: readonly Shape[];
  /** Shapes of the variables, whose memory outlives the run. */
  readonly variables: readonly Shape[];
  /** Names of the variables, for messages. */
  readonly variableNames?: readonly string[];
  /** Values that never change. */
  readonly constants: readonly { readonly shape: Shape; readonly values: Values }[];
  readonly instructions: readonly Instruction[];
  /** Numbers of the values that a run returns. */
  readonly outputs: readonly number[];
  /**
   * Updates after the last instruction, all at once: variable (its index in `variables`) ← value. The value is never the memory
   * of a variable itself; a `copy` instruction makes a value from it.
   */
  readonly updates: readonly { readonly variable: number; readonly value: number }[];
}

/** Number of the first instruction's value. */
export const firstInstruction = (p: Program): number => p.feeds.length + p.variables.length + p.constants.length;

/** Shapes of all values, by number. */
export const shapesOf = (p: Program): Shape[] => [
  ...p.feeds,
  ...p.variables,
  ...p.constants.map((constant) => constant.shape),
  ...p.instructions.map((step) => step.shape),
];

/** Finds the instructions that read a value, by the numbers of their values; `NaN` stands for an output or an update. */
export function readersOf(p: Program): (value: number) => readonly number[] {
  const readers = new Map<number, number[]>();
  const add = (value: number, reader: number): void => {
    const known = readers.get(value);
    if (known === undefined) readers.set(value, [reader]);
    else known.push(reader);
  };
  const first = firstInstruction(p);
  p.instructions.forEach(({ inputs }, i) => new Set(inputs).forEach((input) => add(input, first + i)));
  for (const value of [...p.outputs, ...p.updates.map((update) => update.value)]) add(value, NaN);
  return (value) => readers.get(value) ?? [];
}

/** Describes an instruction for messages: `layers.3 (Conv2d), backward: conv2dInputGradient [8, 24, 24, 12] (model.ts:7)`. */
export function describeInstruction({ operation, shape, site, scope }: Instruction): string {
  const place = scope === undefined ? "" : `${[scope.path, scope.direction].filter(Boolean).join(", ")}: `;
  return `${place}${operation} [${shape.join(", ")}]${site === undefined ? "" : ` (${site})`}`;
}
