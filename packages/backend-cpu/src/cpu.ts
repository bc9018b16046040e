import { kernelBackend, type Backend } from "@convlens/backend";
import { Heap, type Block } from "./heap.ts";
import { conv2dKernels } from "./kernels/conv2d.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { gatherKernels } from "./kernels/gather.ts";
import { matmul } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { optimizerKernels } from "./kernels/optimizerSteps.ts";
import { pool2dKernels } from "./kernels/pool2d.ts";
import { randomUniform } from "./kernels/random.ts";
import { reduceKernels } from "./kernels/reduce.ts";

/**
 * WebAssembly SIMD kernels, emitted for the shapes at hand; one thread.
 *
 * @example
 * ```ts
 * useBackend(await cpu());
 * ```
 */
export async function cpu(): Promise<Backend> {
  const heap = new Heap();
  return kernelBackend<Block>({
    name: "cpu",
    allocate: (length) => heap.allocate(length),
    free: (block) => heap.free(block),
    upload: (block, values) => heap.view(block).set(values),
    download: (block) => heap.view(block).slice(),
    copy: (from, to) => heap.view(to).set(heap.view(from)),
    slice: ({ start }, offset, length) => ({ start: start + 4 * offset, length }),
    kernels: {
      ...elementwiseKernels(heap),
      ...movementKernels(heap),
      ...reduceKernels(heap),
      ...pool2dKernels(heap),
      matmul: matmul(heap),
      ...conv2dKernels(heap),
      ...gatherKernels(heap),
      randomUniform: randomUniform(heap),
      ...optimizerKernels(heap),
    },
  });
}
