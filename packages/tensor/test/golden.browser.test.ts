import { cpu } from "@convlens/backend-cpu";
import { golden } from "./golden.ts";

golden("the cpu backend in a browser", () => cpu(), 1e-5);
