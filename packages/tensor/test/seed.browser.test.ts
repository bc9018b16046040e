import { cpu } from "@convlens/backend-cpu";
import { seed } from "./seed.ts";

seed("the cpu backend in a browser", () => cpu(), 5);
