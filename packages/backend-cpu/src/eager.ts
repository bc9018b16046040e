import type { Backend } from "@convlens/backend";
import { createCpu, type CpuOptions } from "./cpu.ts";
import { lazyKernels } from "./lazyKernels.ts";

/**
 * Makes a backend of WebAssembly SIMD kernels, which are generated for each shape and run on all cores. In a page the threads are
 * workers, so that the page stays responsive. Several threads need shared memory, which browsers allow on isolated pages only. On
 * other pages the kernels run in one worker, or, if the page may not have workers, on its own thread; a message on the console
 * says so once.
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
