/**
 * The fast backend: WebAssembly SIMD kernels emitted from TypeScript for the shapes at hand.
 *
 * @module
 */
export { type CpuOptions } from "./cpu.ts";
export { cpu } from "./eager.ts";
