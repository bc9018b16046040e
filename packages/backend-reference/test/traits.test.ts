import { sizeOf, type Values } from "@convlens/backend";
import { describe, expect, it } from "vitest";
import type { Case } from "../../backend/src/conformance/case.ts";
import { cases } from "../../backend/src/conformance/cases.ts";
import { runOnce } from "../../backend/src/conformance/compare.ts";
import { Dice } from "../../backend/src/conformance/dice.ts";
import { programOf } from "../../backend/src/conformance/writer.ts";
import { traitsOf } from "../../backend/src/traits.ts";
import { reference } from "../src/index.ts";

type Name = keyof typeof cases;
const names = (Object.keys(cases) as Name[]).filter((name) => traitsOf(name).kind !== "fusion");
const backend = reference({ precision: "float64" });

/** A random call of an operation: its inputs, and a function that computes it on other inputs. */
interface Call extends Pick<Case, "inputs" | "attributes" | "output"> {
  readonly feeds: readonly Values[];
  readonly compute: (feeds: readonly ArrayLike<number>[]) => Promise<number[]>;
}
function callOf(name: Name, round: number): Call {
  const dice = new Dice(round);
  const made: Case = cases[name](dice);
  const feeds = made.inputs.map((shape, input) =>
    // A scale of 2 must not meet an infinity.
    Float64Array.from({ length: sizeOf(shape) }, () => finite(made.number?.(dice, input) ?? 4 * dice.unit() - 2)),
  );
  const program = programOf(made.inputs, (write, values) => [
    made.meaning?.(write, values) ?? write(name, values, made.attributes as never, made.output),
  ]);
  const compute = async (numbers: readonly ArrayLike<number>[]): Promise<number[]> => {
    const [result] = await runOnce(
      backend,
      program,
      numbers.map((values) => Float64Array.from(values)),
    );
    return [...(result ?? [])];
  };
  return { ...made, feeds, compute };
}
const finite = (x: number): number => (Number.isFinite(x) ? x : 0.75);

const scaled = (values: Values, factor: number): Values => values.map((x) => factor * x);
/** Whether the second input contains indices. */
const isIndexed = (name: Name): boolean => name === "gather" || name === "scatter";
const close = (got: readonly number[], want: readonly number[], what: string): void => {
  expect(got.length, what).toBe(want.length);
  got.forEach((x, i) =>
    expect(Math.abs(x - (want[i] ?? NaN)), `${what}, element ${i}`).toBeLessThan(1e-12 * (1 + Math.abs(x))),
  );
};

const having = (holds: (name: Name) => unknown): Name[] => names.filter(holds);
const each = (some: readonly Name[], check: (call: Call, name: Name) => Promise<void>): void =>
  it.each(some)("%s", async (name) => {
    for (let round = 0; round < 10; round++) await check(callOf(name, round), name);
  });

describe("a linear or piecewise linear operation doubles with its inputs", () =>
  each(
    having((name) => ["linear", "choice"].includes(traitsOf(name).kind)),
    async ({ feeds, compute }, name) => {
      const doubled = feeds.map((values, i) => (i === 1 && isIndexed(name) ? values : scaled(values, 2)));
      close(
        await compute(doubled),
        (await compute(feeds)).map((x) => 2 * x),
        name,
      );
    },
  ));

describe("a linear operation changes its sign with its inputs", () =>
  each(
    having((name) => traitsOf(name).kind === "linear"),
    async ({ feeds, compute }, name) => {
      const negated = feeds.map((values, i) => (i === 1 && isIndexed(name) ? values : scaled(values, -1)));
      close(
        await compute(negated),
        (await compute(feeds)).map((x) => -x),
        name,
      );
    },
  ));

describe("a product doubles with each input, a quotient halves with the second", () =>
  each(
    having((name) => ["product", "quotient"].includes(traitsOf(name).kind)),
    async ({ feeds, compute }, name) => {
      const result = await compute(feeds);
      for (const which of feeds.keys()) {
        const factor = traitsOf(name).kind === "quotient" && which === 1 ? 0.5 : 2;
        const doubled = feeds.map((values, i) => (i === which ? scaled(values, 2) : values));
        close(
          await compute(doubled),
          result.map((x) => factor * x),
          `${name}, input ${which}`,
        );
      }
    },
  ));

describe("a step function does not depend on the scale of its inputs", () =>
  each(
    // `copy` and `floor` scale with their input, and only their gradients are those of a step; a seed cannot be scaled.
    having((name) => traitsOf(name).kind === "step" && !["copy", "floor", "randomUniform"].includes(name)),
    async ({ feeds, compute }, name) =>
      close(await compute(feeds.map((values) => scaled(values, 2))), await compute(feeds), name),
  ));

describe("an operation that moves numbers makes no new ones", () =>
  each(
    having((name) => traitsOf(name).moves),
    async ({ feeds: [x = new Float64Array(0)], compute }) => {
      for (const y of await compute([x])) expect(x).toContain(y);
    },
  ));

describe("an elementwise result depends only on its own place", () =>
  each(
    having((name) => traitsOf(name).elementwise),
    async ({ inputs, feeds, output, compute }, name) => {
      const size = sizeOf(output);
      const whole = inputs.flatMap((shape, i) => (sizeOf(shape) === size ? [i] : []));
      if (size < 2 || whole.length === 0) return;
      const result = await compute(feeds);
      const changed = feeds.map((values, i) =>
        whole.includes(i) ? Float64Array.from(values).fill(1.5, 0, 1) : values,
      );
      close((await compute(changed)).slice(1), result.slice(1), name);
    },
  ));

describe("an increasing operation keeps the order along the last axis", () =>
  each(
    having((name) => traitsOf(name).increasing),
    async ({ feeds: [x = new Float64Array(0)], output, compute }) => {
      const y = await compute([x]);
      const length = output.at(-1) ?? 1;
      for (let i = 1; i < y.length; i++)
        if (i % length > 0)
          expect(Math.sign((y[i] ?? NaN) - (y[i - 1] ?? NaN))).toBe(Math.sign((x[i] ?? NaN) - (x[i - 1] ?? NaN)));
    },
  ));

describe("an activation function keeps its bounds", () =>
  each(
    having((name) => traitsOf(name).bounds),
    async ({ feeds: [x = new Float64Array(0)], compute }, name) => {
      const [low, high] = traitsOf(name).bounds ?? [NaN, NaN];
      for (const y of await compute([scaled(x, 30)])) expect(y >= low && y <= high, `${y}`).toBe(true);
    },
  ));

it("an operation with a geometry slides, and weights are the second of two inputs", () => {
  for (const name of names) {
    const { attributes, inputs } = callOf(name, 0);
    expect(traitsOf(name).slides !== undefined, name).toBe("geometry" in (attributes as object));
    if (traitsOf(name).weighs) expect([traitsOf(name).kind, inputs.length], name).toEqual(["product", 2]);
  }
});
