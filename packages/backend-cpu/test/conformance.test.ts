import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, it } from "vitest";
import { cpu } from "../src/index.ts";

describe("the cpu backend conforms", () =>
  conformance(cpu, { describe, it, reference: () => reference({ precision: "float64" }), rounds: 60 }));
