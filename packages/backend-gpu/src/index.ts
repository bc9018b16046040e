/**
 * Computes on the graphics processor of whoever opens the page: kernels for WebGPU and WebGL 2, by gpu.js.
 *
 * @module
 */
export { gpu, type GpuOptions } from "./gpu.ts";
export type { GpuBackend } from "./gpuBackend.ts";
