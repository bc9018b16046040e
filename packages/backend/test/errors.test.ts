import { inspect } from "node:util";
import { atPath, atStep, BackendError, ConvlensError, ShapeError, ValueError } from "@convlens/backend";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { show } from "../src/show.ts";

const times = (text: string, word: string): number => text.split(word).length - 1;

describe("the sentence of an error", () => {
  it.each([
    [{ expected: "a tensor", got: 3 }, "expected a tensor, got 3"],
    [{ operation: "sum", expected: [2, 3], got: [4], fix: "reshape it" }, "sum: expected [2, 3], got [4]; reshape it"],
    [
      { operation: "conv2d", what: "stride", axis: "height", expected: "1", got: "0" },
      'conv2d: stride (height) must be 1, got "0"',
    ],
    [{ what: "sizes", axis: -1, expected: "equal" }, "sizes (axis -1) must be equal"],
    [{ operation: "f", what: "x", expected: "given", got: undefined }, "f: x must be given, got undefined"],
    [{ expected: "rows", got: [], gotWords: "none" }, "expected rows, got none"],
    [{ problem: "the backend failed" }, "the backend failed"],
    [{ problem: "truncated", expected: "8 bytes", got: 3 }, "truncated: expected 8 bytes, got 3"],
    [
      { step: 7, path: "layers.0 (Conv2d)", direction: "backward", operation: "log", problem: "a NaN" },
      "step 7: layers.0 (Conv2d), backward: log: a NaN",
    ],
  ])("is composed from its parts: %#", (parts, sentence) => {
    expect(new ValueError(parts).message).toBe(sentence);
  });

  it("contains every part that is text, each part once", () => {
    const word = fc.stringMatching(/^[a-z]{9}$/);
    const parts = fc.record(
      { operation: word, path: word, problem: word, what: word, fix: word, gotWords: word, got: word },
      { requiredKeys: ["problem"] },
    );
    fc.assert(
      fc.property(parts, word, (some, expected) => {
        const details = { ...some, expected };
        const { message } = new ShapeError(details);
        const { got, gotWords, ...rest } = details;
        for (const part of Object.values(rest)) expect(times(message, part)).toBeGreaterThan(0);
        if (got !== undefined) expect(message).toContain(`, got ${gotWords ?? `"${got}"`}`);
      }),
    );
  });
});

describe("a value in an error", () => {
  it.each([
    ["a", '"a"'],
    ["a".repeat(41), `"${"a".repeat(40)}…"`],
    [[], "[]"],
    [[2, [3]], "[2, [3]]"],
    [Array.from({ length: 31 }, () => 0), "an array of 31"],
    [Array.from({ length: 20 }, () => 1000), "an array of 20"],
    [7n, "7n"],
    [null, "null"],
    [Math.max, "the function max"],
    [() => 0, "a function"],
    [new Map(), "an object (Map)"],
    [Object.create(null), "an object (Object)"],
    [Promise.resolve(), "an object (Promise)"],
  ])("is short: %#", (value, text) => {
    expect(show(value)).toBe(text);
  });
});

it("an error that is printed names its cause once", () => {
  const error = new BackendError({ problem: "the backend failed", cause: new RangeError("no memory is left") });
  expect(error.cause).toBeInstanceOf(RangeError);
  expect(error.details).toEqual({ problem: "the backend failed" });
  expect(times(inspect(error), "RangeError: no memory is left")).toBe(1);
  const placed = atPath(new ValueError({ problem: "a stride of 0" }), "layers.0 (Conv2d)");
  expect(times(inspect(placed), "layers.0 (Conv2d): a stride of 0")).toBe(1);
  expect(placed).toMatchObject({ details: { path: "layers.0 (Conv2d)" }, cause: { message: "a stride of 0" } });
});

it("a path is added once, and only to errors of this library", () => {
  const inner = atPath(new ShapeError({ operation: "conv2d", expected: 3, got: 1 }), "layers.0 (Conv2d)");
  expect(inner).toBeInstanceOf(ShapeError);
  expect((inner as Error).message).toBe("layers.0 (Conv2d): conv2d: expected 3, got 1");
  expect(atPath(inner, "outer")).toBe(inner);
  expect(atStep(inner, 2)).toBe(inner);
  expect((atStep(new BackendError({ path: "a", problem: "p" }), 2) as Error).message).toBe("step 2: a: p");
  const other = new TypeError("x is not a function");
  expect(atPath(other, "layers.0")).toBe(other);
  expect(new ConvlensError({ problem: "p" }).name).toBe("ConvlensError");
});
