import type { Attributes, OperationName } from "./operations.ts";
import type { Shape } from "./shape.ts";

/** Numbers on the host. */
export type Values = Float32Array | Float64Array;

/** What a recorded operation is there for: what the model makes, its gradients, or the new values of variables. */
export type Direction = "forward" | "backward" | "update";

/** In which part of a model an operation was recorded, and what for. */
export interface Scope {
  /** The layer, `layers.3 (Conv2d)`; of a gradient, the layer that it goes back through. */
  readonly path?: string | undefined;
  readonly direction: Direction;
}

/** One step of a program. Its value is numbered by its place, after feeds, variables and constants. */
export interface Instruction<K extends OperationName = OperationName> {
  readonly operation: K;
  /** Numbers of the values that it reads. */
  readonly inputs: readonly number[];
  readonly attributes: Attributes<K>;
  /** Of its value. */
  readonly shape: Shape;
  /** The line that recorded it, where call sites are captured. */
  readonly site?: string | undefined;
  /** The part of a model that recorded it, where one did. */
  readonly scope?: Scope | undefined;
}

/** A straight-line computation. Its values are numbered: feeds, then variables, constants, and instructions. */
export interface Program {
  /** Values given at each run. */
  readonly feeds: readonly Shape[];
  /** Memory that outlives the run. */
  readonly variables: readonly Shape[];
  /** What they are called, in messages. */
  readonly variableNames?: readonly string[];
  /** Values that never change. */
  readonly constants: readonly { readonly shape: Shape; readonly values: Values }[];
  readonly instructions: readonly Instruction[];
  /** Numbers of the values that a run returns. */
  readonly outputs: readonly number[];
  /**
   * After the last instruction, all at once: variable (its place in `variables`) ← value. The value is never a variable's own
   * memory: `copy` makes a value of it.
   */
  readonly updates: readonly { readonly variable: number; readonly value: number }[];
}

/** The number of the first instruction's value. */
export const firstInstruction = (p: Program): number => p.feeds.length + p.variables.length + p.constants.length;

/** The shape of every value, by its number. */
export const shapesOf = (p: Program): Shape[] => [
  ...p.feeds,
  ...p.variables,
  ...p.constants.map((constant) => constant.shape),
  ...p.instructions.map((step) => step.shape),
];

/** An instruction as a person reads it: `layers.3 (Conv2d), backward: conv2dInputGradient [8, 24, 24, 12] (model.ts:7)`. */
export function describeInstruction({ operation, shape, site, scope }: Instruction): string {
  const place = scope === undefined ? "" : `${[scope.path, scope.direction].filter(Boolean).join(", ")}: `;
  return `${place}${operation} [${shape.join(", ")}]${site === undefined ? "" : ` (${site})`}`;
}
