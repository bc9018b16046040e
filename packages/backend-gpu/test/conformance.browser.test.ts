import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, it } from "vitest";
import { gpu } from "../src/index.ts";

for (const mode of ["webgl2", "webgpu"] as const)
  describe(`the gpu backend conforms through ${mode}`, () =>
    conformance(() => gpu({ mode, allowSoftware: true }), {
      describe,
      it,
      reference: () => reference({ precision: "float64" }),
      rounds: 5,
    }));
