import type { KernelsOf, Normalizations } from "@convlens/backend";
import type { Block } from "./heap.ts";
import { gatherKernels } from "./kernels/gather.ts";
import { lpPool2dKernels } from "./kernels/lpPool2d.ts";
import { momentsKernels } from "./kernels/moments.ts";
import { normalizeKernels } from "./kernels/normalize.ts";
import { randomUniform } from "./kernels/random.ts";
import { resizeKernels } from "./kernels/resize.ts";
import type { Runtime } from "./runtime.ts";

/** Operations that few models need. */
export type LazyOperation =
  | keyof Normalizations
  | ("gather" | "scatter" | "lpPool2d" | "lpPool2dGradient" | "resize" | "resizeGradient" | "randomUniform");

/** Kernels that few models need. They are loaded together, by the first program that needs one. */
export const lazyKernels = (runtime: Runtime): KernelsOf<Block, LazyOperation> => ({
  ...gatherKernels(runtime),
  ...lpPool2dKernels(runtime),
  ...momentsKernels(runtime),
  ...normalizeKernels(runtime),
  ...resizeKernels(runtime),
  randomUniform: randomUniform(runtime),
});
