/**
 * The same backend in a smaller download: kernels that few models need are a separate file, loaded by the first program that needs
 * one. It requires a bundler that splits code. Bundlers that write a single file refuse it: Vite for a worker by default, and Rollup
 * with `output.file`.
 *
 * @module
 */
import type { Backend } from "@convlens/backend";
import { createCpu, type CpuOptions } from "./cpu.ts";
import { lazyOperations, needsLazyKernel } from "./lazyOperations.ts";

export type { CpuOptions } from "./cpu.ts";

/**
 * Makes the backend `cpu` of the package's main entry, which loads the kernels of normalization, resizing, Lp pooling, gathering,
 * random numbers, depthwise convolutions and functions such as `tanh` when a program first needs one of them.
 *
 * @throws `ValueError` for an unknown option or a wrong value; `BackendError` where WebAssembly cannot be compiled, as in a page whose Content-Security-Policy lacks `'wasm-unsafe-eval'`.
 *
 * @example
 * ```ts
 * import { cpu } from "@convlens/backend-cpu/lazy";
 * useBackend(await cpu());
 * ```
 */
export const cpu = (options: CpuOptions = {}): Promise<Backend> =>
  createCpu(
    (runtime) => ({
      loader: {
        operations: lazyOperations,
        isNeeded: needsLazyKernel,
        load: async () => (await import("./lazyKernels.ts")).lazyKernels(runtime),
      },
    }),
    options,
  );
