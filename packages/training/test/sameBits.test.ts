import { expect, it } from "vitest";
import { hashOfTraining, trainingHashes } from "./sameBits.ts";

it.each(trainingHashes)("training on the %s backend gives the recorded bits", async (_, make, hash) =>
  expect(await hashOfTraining(await make())).toBe(hash),
);
