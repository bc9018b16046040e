/**
 * The same backend in a smaller download: kernels that many nets do without are a file of their own, loaded by the first program
 * that needs one. For pages whose bundler splits code. Bundlers that must write one file refuse it: Vite for a worker with its
 * defaults, Rollup with `output.file`.
 *
 * @module
 */
import type { Backend, OperationName } from "@convlens/backend";
import { createCpu, type CpuOptions } from "./cpu.ts";

export type { CpuOptions } from "./cpu.ts";

/** Operations of `lazyKernels`. */
const later: readonly OperationName[] = [
  ...(["gather", "scatter", "lpPool2d", "lpPool2dGradient", "moments", "normalizeSums"] as const),
  ...(["normalize", "normalizeGradient", "resize", "resizeGradient", "randomUniform"] as const),
];

/**
 * The backend `cpu` of the package's main entry, which loads the kernels of normalization, resizing, Lp pooling, gathering and
 * random numbers when a program needs the first of them.
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
  createCpu((runtime) => {
    const load = async () => (await import("./lazyKernels.ts")).lazyKernels(runtime);
    return { kernels: {}, loaders: Object.fromEntries(later.map((operation) => [operation, load])) };
  }, options);
