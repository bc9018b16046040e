import type { Kernels } from "@convlens/backend";
import type { Block } from "./heap.ts";
import { gatherKernels } from "./kernels/gather.ts";
import { lpPool2dKernels } from "./kernels/lpPool2d.ts";
import { momentsKernels } from "./kernels/moments.ts";
import { normalizeKernels } from "./kernels/normalize.ts";
import { randomUniform } from "./kernels/random.ts";
import { resizeKernels } from "./kernels/resize.ts";
import type { Runtime } from "./runtime.ts";

/** Kernels that a plain model does not need. They are loaded together, by the first program that needs one. */
export const lazyKernels = (runtime: Runtime): Kernels<Block> => ({
  ...gatherKernels(runtime),
  ...lpPool2dKernels(runtime),
  ...momentsKernels(runtime),
  ...normalizeKernels(runtime),
  ...resizeKernels(runtime),
  randomUniform: randomUniform(runtime),
});
