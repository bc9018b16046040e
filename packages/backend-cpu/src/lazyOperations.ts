import type { ChainStep, Conv2dGeometry, Instruction, OperationName } from "@convlens/backend";
import { isDepthwise } from "./kernels/conv2d/convolver.ts";

/** Operations that few models need. Their kernels are loaded together, by the first program that needs one. */
export const lazyOperations = [
  "gather",
  "scatter",
  "randomUniform",
  "lpPool2d",
  "lpPool2dGradient",
  "resize",
  "resizeGradient",
  "moments",
  "normalize",
  "normalizeSums",
  "normalizeGradient",
  "log1p",
  "sin",
  "cos",
  "tanh",
  "sigmoid",
  "erf",
  "power",
] as const;

/** The name of such an operation. */
export type LazyOperation = (typeof lazyOperations)[number];

const isLazy = (operation: OperationName): boolean => (lazyOperations as readonly OperationName[]).includes(operation);

/** Whether an instruction needs a kernel that is loaded lazily: for its operation, for one of its chain, or for its geometry. */
export function needsLazyKernel({ operation, attributes }: Instruction): boolean {
  const { steps, chain, geometry } = attributes as {
    readonly steps?: readonly ChainStep[];
    readonly chain?: readonly ChainStep[];
    readonly geometry?: Conv2dGeometry;
  };
  return (
    isLazy(operation) ||
    (steps ?? chain ?? []).some((step) => isLazy(step.operation)) ||
    (geometry?.groups !== undefined && isDepthwise(geometry))
  );
}
