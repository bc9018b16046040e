import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { golden } from "./golden.ts";

golden("the reference in float64", () => reference({ precision: "float64" }), 1e-10);
golden("the reference in float32", () => reference(), 1e-5);
golden("the cpu backend", () => cpu(), 1e-5);
