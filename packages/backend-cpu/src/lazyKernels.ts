import { conv2dKernels } from "./kernels/conv2d.ts";
import { depthwise } from "./kernels/conv2d/depthwise.ts";
import { furtherFunctions } from "./kernels/furtherFunctions.ts";
import { gatherKernels } from "./kernels/gather.ts";
import { lpPool2dKernels } from "./kernels/lpPool2d.ts";
import { momentsKernels } from "./kernels/moments.ts";
import { normalizeKernels } from "./kernels/normalize.ts";
import { furtherPointwiseKernels } from "./kernels/pointwise.ts";
import { randomUniform } from "./kernels/random.ts";
import { resizeKernels } from "./kernels/resize.ts";
import type { Runtime, CpuKernels } from "./runtime.ts";
import type { LazyOperation } from "./lazyOperations.ts";

/** Kernels of the lazy operations, and those of convolutions that few models need. */
export const lazyKernels = (runtime: Runtime): CpuKernels<LazyOperation | keyof ReturnType<typeof conv2dKernels>> => ({
  ...conv2dKernels(runtime, depthwise),
  ...furtherPointwiseKernels(runtime, furtherFunctions),
  ...gatherKernels(runtime),
  ...lpPool2dKernels(runtime),
  ...momentsKernels(runtime),
  ...normalizeKernels(runtime),
  ...resizeKernels(runtime),
  randomUniform: randomUniform(runtime),
});
