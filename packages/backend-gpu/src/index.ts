/**
 * A backend that computes on the graphics processor of the user's machine, with kernels for WebGPU and WebGL 2, by gpu.js.
 *
 * @module
 */
export { gpu, type GpuOptions } from "./gpu.ts";
export type { GpuBackend } from "./gpuBackend.ts";
