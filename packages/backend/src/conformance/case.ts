import type { OperationName, Operations } from "../operations.ts";
import type { Shape } from "../shape.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

/** One call of an operation: shapes, attributes, and what its inputs may hold. */
export interface Case<A = Operations[OperationName]> {
  readonly inputs: readonly Shape[];
  readonly attributes: A;
  readonly output: Shape;
  /** A number of an input; default: from −2 to 2. */
  readonly number?: (dice: Dice, input: number) => number;
  /** For composites and fusions: the same in primitives, from the feeds. */
  readonly meaning?: (write: Writer, feeds: readonly number[]) => number;
}

/** A way to make cases. */
export type Make<A> = (dice: Dice) => Case<A>;

/** Ways to make cases of some operations. */
export type Cases<K extends OperationName> = { readonly [N in K]: Make<Operations[N]> };

/** From −2 to 2, and now and then what is no number, or infinite. */
export const sometimesSpecial = (dice: Dice): number =>
  dice.unit() < 0.02 ? dice.pick([NaN, Infinity, -Infinity]) : 4 * dice.unit() - 2;
