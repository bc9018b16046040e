import { expect, it } from "vitest";
import { hashOfMath, MATH_HASH } from "./hashOfMath.ts";

it("elementary and random functions have the same bits in a browser as in Node", () =>
  expect(hashOfMath()).toBe(MATH_HASH));
