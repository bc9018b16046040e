import type { OperationName } from "@convlens/backend";
import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, expect, it } from "vitest";
import { cpu } from "../src/index.ts";
import { canAskToPack } from "../src/wide.ts";

/** On engines that can pack vectors, most suites run with packed ones. */
const wide = canAskToPack() ? "auto" : false;

for (const options of [{ threads: 1 }, { threads: 2, wide }, { threads: 3, wide }] as const)
  describe(`the cpu backend conforms on ${options.threads} threads${"wide" in options && wide ? ", with wide vectors" : ""}`, () =>
    conformance(() => cpu(options), {
      describe,
      it,
      reference: () => reference({ precision: "float64" }),
      // More threads run the same kernels on parts of the work.
      rounds: options.threads === 1 ? 60 : 20,
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
