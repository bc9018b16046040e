import type { KernelsOf, Primitives, Products, Values } from "@convlens/backend";
import { conv2dKernels } from "./kernels/conv2d.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { matmul } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { pool2dKernels } from "./kernels/pool2d.ts";
import { randomKernels } from "./kernels/random.ts";
import { reduceKernels } from "./kernels/reduce.ts";

/** Kernels of all primitive operations but products. */
export const kernelsWithoutProducts: KernelsOf<Values, Exclude<keyof Primitives, keyof Products>> = {
  ...elementwiseKernels,
  ...reduceKernels,
  ...movementKernels,
  ...pool2dKernels,
  ...randomKernels,
};

/** Kernels of all primitive operations as plain loops. They specify the results of all other kernels. */
export const referenceKernels: KernelsOf<Values, keyof Primitives> =
  // A call that is marked as pure, unlike a spread, is left out of a page that does not use it.
  /* @__PURE__ */ Object.assign({ matmul }, conv2dKernels, kernelsWithoutProducts);
