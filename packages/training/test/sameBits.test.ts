import { expect, it } from "vitest";
import { hashOfTraining, trainingHashes } from "./sameBits.ts";

it.each(trainingHashes)(
  "training on the %s backend gives the bits that it gave when they were written down",
  async (_, make, hash) => expect(await hashOfTraining(await make())).toBe(hash),
);
