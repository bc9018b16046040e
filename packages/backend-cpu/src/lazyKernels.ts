import { gatherKernels } from "./kernels/gather.ts";
import { lpPool2dKernels } from "./kernels/lpPool2d.ts";
import { momentsKernels } from "./kernels/moments.ts";
import { normalizeKernels } from "./kernels/normalize.ts";
import { randomUniform } from "./kernels/random.ts";
import { resizeKernels } from "./kernels/resize.ts";
import type { Runtime, CpuKernels } from "./runtime.ts";
import type { LazyOperation } from "./lazyOperations.ts";

/** Kernels of the lazy operations. */
export const lazyKernels = (runtime: Runtime): CpuKernels<LazyOperation> => ({
  ...gatherKernels(runtime),
  ...lpPool2dKernels(runtime),
  ...momentsKernels(runtime),
  ...normalizeKernels(runtime),
  ...resizeKernels(runtime),
  randomUniform: randomUniform(runtime),
});
