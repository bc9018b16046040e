import { expect, it } from "vitest";
import { hashOfTraining, trainingHashes } from "./sameBits.ts";

it.each(trainingHashes)(
  "training on the %s backend gives the same bits in a browser as in Node",
  async (_, make, hash) => expect(await hashOfTraining(await make())).toBe(hash),
);
