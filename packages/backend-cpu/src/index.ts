/**
 * The fast backend: WebAssembly SIMD kernels emitted from TypeScript for the shapes at hand.
 *
 * @module
 */
export { cpu, type CpuOptions } from "./cpu.ts";
