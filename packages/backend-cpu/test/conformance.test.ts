import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, it } from "vitest";
import { cpu } from "../src/index.ts";

for (const threads of [1, 2, 3])
  describe(`the cpu backend conforms on ${threads} threads`, () =>
    conformance(() => cpu({ threads }), {
      describe,
      it,
      reference: () => reference({ precision: "float64" }),
      rounds: 60,
    }));
