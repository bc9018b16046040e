import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, it } from "vitest";
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
