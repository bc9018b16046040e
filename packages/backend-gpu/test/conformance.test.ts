import type { OperationName } from "@convlens/backend";
import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, expect, it } from "vitest";
import { gpuBackend } from "../src/gpuBackend.ts";
import { hostDevice } from "./devices.ts";

for (const executor of ["webasm", "cpu"] as const) {
  const device = await hostDevice(executor);
  describe(`the kernels conform on gpu.js's executor ${executor}`, () =>
    conformance(() => gpuBackend(device), {
      describe,
      it,
      reference: () => reference({ precision: "float64" }),
      rounds: 10,
    }));
}

it("has a kernel for every operation of the contract except those that need none", async () => {
  // A composite without a kernel would pass, since it is lowered before.
  const operations: string[] = [];
  conformance(reference, {
    describe: (name, body) => (name.startsWith("each operation") ? body() : undefined),
    it: (name) => operations.push(name),
    reference,
  });
  const backend = gpuBackend(await hostDevice("cpu"));
  expect(operations).toContain("normalizeGradient");
  const lacking = operations.filter((operation) => !backend.supports(operation as OperationName));
  // Plans alias a reshape; the other two are lowered to elementwise operations, which are computed as one chain.
  expect(lacking).toEqual(["reshape", "softplus", "sigmoidCrossEntropy"]);
});
