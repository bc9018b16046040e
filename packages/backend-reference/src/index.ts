/**
 * Every operation in the plainest TypeScript: the specification that other backends are held against, and a backend itself.
 *
 * @module
 */
export { reference, type ReferenceOptions } from "./reference.ts";
export { referenceKernels } from "./referenceKernels.ts";
