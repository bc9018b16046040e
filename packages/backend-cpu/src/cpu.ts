import {
  kernelBackend,
  type Backend,
  type HostKernels,
  type Kernel,
  type KernelCall,
  type Kernels,
  type OperationName,
  type Values,
} from "@convlens/backend";
import { referenceKernels } from "@convlens/backend-reference";
import { Heap, type Block } from "./heap.ts";
import { conv2dKernels } from "./kernels/conv2d.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { matmul } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { optimizerKernels } from "./kernels/optimizerSteps.ts";
import { pool2dKernels } from "./kernels/pool2d.ts";
import { reduceKernels } from "./kernels/reduce.ts";

/** The reference's kernels, straight on the memory: for what has no kernel of its own yet. */
function inPlace(heap: Heap, kernels: HostKernels): Kernels<Block> {
  const adapt =
    (kernel: Kernel<Values, never>) =>
    (call: KernelCall<never>): ReturnType<Kernel<Block, never>> => {
      const launch = kernel(call);
      return (inputs, output) =>
        launch(
          inputs.map((block) => heap.view(block)),
          heap.view(output),
        );
    };
  const entries = Object.entries(kernels) as [OperationName, Kernel<Values, never>][];
  return Object.fromEntries(entries.map(([name, kernel]) => [name, adapt(kernel)]));
}

/**
 * WebAssembly SIMD kernels, emitted for the shapes at hand; one thread. Products, convolutions, pooling, sums, arithmetic and
 * movement have kernels of their own, the rest are the reference's on the same memory.
 *
 * @example
 * ```ts
 * useBackend(await cpu());
 * ```
 */
export async function cpu(): Promise<Backend> {
  const heap = new Heap();
  const plain = inPlace(heap, referenceKernels);
  return kernelBackend<Block>(
    {
      name: "cpu",
      allocate: (length) => heap.allocate(length),
      free: (block) => heap.free(block),
      upload: (block, values) => heap.view(block).set(values),
      download: (block) => heap.view(block).slice(),
      copy: (from, to) => heap.view(to).set(heap.view(from)),
      slice: ({ start }, offset, length) => ({ start: start + 4 * offset, length }),
      kernels: {
        ...plain,
        ...elementwiseKernels(heap),
        ...movementKernels(heap),
        ...reduceKernels(heap, (name) => plain[name]!),
        ...pool2dKernels(heap),
        matmul: matmul(heap),
        ...conv2dKernels(heap),
        ...optimizerKernels(heap),
      },
    },
    referenceKernels,
  );
}
