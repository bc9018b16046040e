import { expect, it } from "vitest";
import { hashOfTraining, TRAINING_HASH } from "./sameBits.ts";

it("training gives the bits that it gave when they were written down", async () =>
  expect(await hashOfTraining()).toBe(TRAINING_HASH));
