import type { Inputs, Op, Operations } from "../operations.ts";
import type { Shape } from "../shape.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

/** One call of an operation: shapes, attributes, and what its inputs may hold. */
export interface Case<O extends Op = Op> {
  readonly inputs: Inputs<O, Shape>;
  readonly attributes: O["attributes"];
  readonly output: Shape;
  /** A number of an input; default: from −2 to 2. */
  readonly number?: (dice: Dice, input: number) => number;
  /** For composites and fusions: the same in primitives, from the feeds. */
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

/** From −2 to 2, and now and then what is no number, or infinite. */
export const sometimesSpecial = (dice: Dice): number =>
  dice.unit() < 0.02 ? dice.pick([NaN, Infinity, -Infinity]) : 4 * dice.unit() - 2;
