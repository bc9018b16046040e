import { describe } from "vitest";
import { cpu } from "../src/index.ts";
import { limits } from "./limits.ts";

describe.each([1, 2])("the cpu backend on %i threads", (threads) => limits(() => cpu({ threads })));
