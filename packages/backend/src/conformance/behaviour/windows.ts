import { traitsOf } from "../../traits.ts";
import { sizeOf } from "../../shape.ts";
import type { Setting } from "./setting.ts";
import { sometimesSpecial, type Case } from "../case.ts";
import { cases } from "../cases.ts";
import { compare, runOnce } from "../compare.ts";
import { Dice } from "../dice.ts";
import { programOf } from "../writer.ts";

/** Operations that multiply, add up or choose what lies under a window. */
const windowed = (Object.keys(cases) as (keyof typeof cases)[]).filter((operation) => {
  const { kind, slides } = traitsOf(operation);
  return slides && kind !== "mixed";
});

/** Infinity and NaN must reach the outputs whose windows contain them, and no others. */
export async function windowsOverSpecialNumbers({ backend, reference, tolerance, rounds }: Setting): Promise<void> {
  for (const operation of windowed) {
    for (let round = 0; round < rounds; round++) {
      const dice = new Dice(round);
      const { inputs, attributes, output, meaning } = (cases[operation] as (dice: Dice) => Case)(dice);
      // A composite that the backend does not support is never sent to it.
      if (meaning !== undefined && !backend.supports(operation)) break;
      const feeds = inputs.map((shape) => Float32Array.from({ length: sizeOf(shape) }, () => sometimesSpecial(dice)));
      const program = programOf(inputs, (write, values) => [write(operation, values, attributes as never, output)]);
      const oracle = meaning === undefined ? program : programOf(inputs, (write, feeds) => [meaning(write, feeds)]);
      const [got, want] = [await runOnce(backend, program, feeds), await runOnce(reference, oracle, feeds)];
      compare(got[0]!, want[0]!, tolerance, `${operation}, round ${round}, ${JSON.stringify(attributes)}`);
    }
  }
}
