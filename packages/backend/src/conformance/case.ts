import type { Inputs, Op, Operations } from "../operations.ts";
import type { Shape } from "../shape.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

/** One call of an operation: shapes, attributes and the values of its inputs. */
export interface Case<O extends Op = Op> {
  readonly inputs: Inputs<O, Shape>;
  readonly attributes: O["attributes"];
  readonly output: Shape;
  /** Draws an element of an input. Default: from −2 to 2. */
  readonly number?: (dice: Dice, input: number) => number;
  /** For composites and fusions: records the same computation in primitives, from the feeds. */
  meaning?(this: void, write: Writer, feeds: Inputs<O, number>): number;
}

/** One call of a composite or a fusion. */
export type CompositeCase<O extends Op> = Case<O> & Required<Pick<Case<O>, "meaning">>;

/** Ways to make cases of primitives. */
export type Cases<K extends keyof Operations> = { readonly [N in K]: (dice: Dice) => Case<Operations[N]> };

/** Ways to make cases of composites or fusions. */
export type CompositeCases<K extends keyof Operations> = {
  readonly [N in K]: (dice: Dice) => CompositeCase<Operations[N]>;
};

/** Draws a number from 0.1 to 3.1. */
export const positive = (dice: Dice): number => 0.1 + 3 * dice.unit();

/** Draws one of a few numbers, so that many are equal. */
export const coarse = (dice: Dice): number => dice.int(-2, 2);

/** Draws from −2 to 2, with an occasional NaN or infinity. */
export const sometimesSpecial = (dice: Dice): number =>
  dice.unit() < 0.02 ? dice.pick([NaN, Infinity, -Infinity]) : 4 * dice.unit() - 2;
