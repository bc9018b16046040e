import fc from "fast-check";
import { expect, it } from "vitest";
import type { Field, WholeField, ChoiceField } from "../src/fields.ts";
import { panels } from "../src/panels/panels.ts";
import { openPage, textOf } from "./page.ts";

const hostile = ["__proto__.x=y", "constructor.name=x", "conv2d.__proto__=1", "only=__proto__", "%", "=", "v=2&v=1"];

it.each(hostile)("#v=1&%s opens the whole page", (piece) => {
  openPage(`#v=1&${piece}`);
  expect(textOf("h1")).toContain("Convolutional nets");
  expect(document.querySelectorAll("section.panel")).toHaveLength(panels.length);
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

/** Texts that mean a value of the field, or may. */
function textsOf(field: Field<unknown>): fc.Arbitrary<string> {
  const { options, least, most } = field as Partial<WholeField & ChoiceField<string>>;
  if (options !== undefined) return fc.constantFrom(...options);
  if (least !== undefined && most !== undefined) {
    return fc.oneof(fc.integer({ min: least, max: most }), fc.constantFrom(least, most)).map(String);
  }
  return fc.oneof(fc.constantFrom("0", "1", field.print(field.initial)), fc.string({ maxLength: 20 }));
}

it.each(panels)("every state of $id can be shown", async ({ id, fields }) => {
  const all = Object.entries(fields as Record<string, Field<unknown>>);
  const states = fc.record(Object.fromEntries(all.map(([name, field]) => [name, textsOf(field)])));
  await fc.assert(
    fc.asyncProperty(states, async (texts) => {
      const hash = new URLSearchParams({ v: "1", only: id });
      for (const [name, text] of Object.entries(texts)) hash.append(`${id}.${name}`, text);
      openPage(`#${hash}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(document.querySelector(`#${id} .figure`)).not.toBeNull();
      expect(textOf(`#${id} [role=alert]`)).not.toContain("This panel failed");
    }),
    { numRuns: 20 },
  );
});
