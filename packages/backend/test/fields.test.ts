import {
  arrayField,
  numberField,
  objectField,
  oneOf,
  optionalField,
  textField,
  wholeFrom,
  wrongField,
} from "@convlens/backend";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Run {
  readonly name: string;
  readonly losses: readonly number[];
  readonly epochs: readonly { readonly epoch: number; readonly testLoss?: number }[];
  readonly mode: string;
}

const check = objectField<Run>({
  name: textField,
  losses: arrayField(numberField),
  epochs: arrayField(objectField({ epoch: wholeFrom(0), testLoss: optionalField(numberField) })),
  mode: oneOf("max", "min"),
});
const good = { name: "a", losses: [1, NaN], epochs: [{ epoch: 0 }, { epoch: 1, testLoss: Infinity }], mode: "max" };

describe("wrongField", () => {
  it("accepts right fields, and ignores others", () => {
    expect(wrongField("run", good, check)).toBeUndefined();
    expect(wrongField("run", { ...good, more: 1 }, check)).toBeUndefined();
  });

  it("names the wrong field", () => {
    for (const [value, told] of [
      [null, "run is not an object"],
      [{}, "run.name is not a text"],
      [{ ...good, losses: 3 }, "run.losses is not an array"],
      [{ ...good, losses: [1, "2"] }, "run.losses[1] is not a number"],
      [{ ...good, epochs: [{ epoch: 0 }, null] }, "run.epochs[1] is not an object"],
      [{ ...good, epochs: [{ epoch: 0.5 }] }, "run.epochs[0].epoch is not a whole number of at least 0"],
      [{ ...good, epochs: [{ epoch: 0, testLoss: "1" }] }, "run.epochs[0].testLoss is not a number"],
      [{ ...good, mode: "toString" }, 'run.mode is not "max" or "min"'],
      // Inherited properties are not fields of a file.
      [Object.create(good), "run.name is not a text"],
    ] as const)
      expect(wrongField("run", value, check)).toBe(told);
  });

  it("returns a sentence or nothing, and never throws", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
        for (const each of [value, { ...good, epochs: value }, { ...good, epochs: [value] }])
          expect(["string", "undefined"]).toContain(typeof wrongField("x", each, check));
      }),
    );
  });
});
