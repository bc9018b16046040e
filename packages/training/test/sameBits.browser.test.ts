import { expect, it } from "vitest";
import { hashOfTraining, TRAINING_HASH } from "./sameBits.ts";

it("training gives the same bits in a browser as in Node", async () =>
  expect(await hashOfTraining()).toBe(TRAINING_HASH));
