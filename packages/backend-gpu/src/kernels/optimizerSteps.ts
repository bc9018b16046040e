import type { Kernel, Operations } from "@convlens/backend";
import type { Buffer, Launcher } from "../launcher.ts";
import { elementwise } from "./elementwise.ts";

type Step = "movingAverage" | "momentumStep" | "sgdStep" | "adamStep";

/** Steps of optimizers, each in one pass over its parameter. What is set once for a training is an argument of the kernel. */
export const optimizerKernels = (gpu: Launcher): { readonly [K in Step]: Kernel<Buffer, Operations[K]> } => ({
  movingAverage: (call) => {
    const { keep } = call.attributes;
    return elementwise(gpu, "movingAverage", call, ["old", "fresh"], "return keep * old + share * fresh;", {
      keep,
      share: 1 - keep,
    });
  },
  momentumStep: (call) => {
    const { momentum } = call.attributes;
    return elementwise(gpu, "momentumStep", call, ["velocity", "slope"], "return momentum * velocity + slope;", {
      momentum,
    });
  },
  sgdStep: (call) =>
    elementwise(gpu, "sgdStep", call, ["parameter", "slope", "rate"], "return parameter - rate * slope;"),
  adamStep: (call) => {
    const { epsilon } = call.attributes;
    return elementwise(
      gpu,
      "adamStep",
      call,
      ["parameter", "first", "second", "rate", "correction1", "correction2"],
      "return parameter - (rate * (first / correction1)) / (Math.sqrt(second / correction2) + epsilon);",
      { epsilon },
    );
  },
});
