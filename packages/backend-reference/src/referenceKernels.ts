import type { KernelsOf, Primitives, Values } from "@convlens/backend";
import { conv2dKernels } from "./kernels/conv2d.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { matmul } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { pool2dKernels } from "./kernels/pool2d.ts";
import { randomKernels } from "./kernels/random.ts";
import { reduceKernels } from "./kernels/reduce.ts";

/** Kernels of all primitive operations as plain loops. They specify the results of all other kernels. */
export const referenceKernels: KernelsOf<Values, keyof Primitives> = {
  ...elementwiseKernels,
  ...reduceKernels,
  ...movementKernels,
  matmul,
  ...conv2dKernels,
  ...pool2dKernels,
  ...randomKernels,
};
