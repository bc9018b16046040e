import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, it } from "vitest";
import { cpu } from "../src/index.ts";

describe("the cpu backend conforms in a browser", () =>
  conformance(cpu, { describe, it, reference: () => reference({ precision: "float64" }) }));
