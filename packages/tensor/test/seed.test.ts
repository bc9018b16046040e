import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { seed } from "./seed.ts";

seed("the reference in float64", () => reference({ precision: "float64" }), 12);
seed("the cpu backend", () => cpu(), 5);
