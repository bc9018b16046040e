import type { OperationName } from "@convlens/backend";
import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, expect, it } from "vitest";
import { cpu } from "../src/index.ts";

for (const threads of [1, 2, 3])
  describe(`the cpu backend conforms on ${threads} threads`, () =>
    conformance(() => cpu({ threads }), {
      describe,
      it,
      reference: () => reference({ precision: "float64" }),
      // More threads run the same kernels on parts of the work.
      rounds: threads === 1 ? 60 : 20,
    }));

it("has a kernel for every operation of the contract except those that need none", async () => {
  // A composite without a kernel would pass, since it is lowered before.
  const operations: string[] = [];
  conformance(reference, {
    describe: (name, body) => (name.startsWith("each operation") ? body() : undefined),
    it: (name) => operations.push(name),
    reference,
  });
  const backend = await cpu({ threads: 1 });
  expect(operations).toContain("normalizeGradient");
  const lacking = operations.filter((operation) => !backend.supports(operation as OperationName));
  // Plans alias a reshape; the other two are lowered to elementwise operations, which are computed as one chain.
  expect(lacking).toEqual(["reshape", "softplus", "sigmoidCrossEntropy"]);
});
