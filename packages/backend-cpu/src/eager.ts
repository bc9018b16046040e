import type { Backend } from "@convlens/backend";
import { createCpu, type CpuOptions } from "./cpu.ts";
import { lazyKernels } from "./lazyKernels.ts";

/**
 * WebAssembly SIMD kernels, emitted for the shapes at hand, on as many threads as there are cores. In a page the threads are
 * workers, so that the page stays responsive. More than one take shared memory, which browsers give to isolated pages only;
 * elsewhere the same kernels run in one worker, or on the page's own thread where it may have none; the console says so once.
 *
 * @throws `ValueError` for an unknown option or a wrong value; `BackendError` where WebAssembly cannot be compiled, as in a page whose Content-Security-Policy lacks `'wasm-unsafe-eval'`.
 *
 * @example
 * ```ts
 * useBackend(await cpu());
 * ```
 */
export const cpu = (options: CpuOptions = {}): Promise<Backend> =>
  createCpu((runtime) => ({ kernels: lazyKernels(runtime) }), options);
