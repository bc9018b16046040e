/**
 * Every operation as plain loops, which are the specification that other backends are tested against, and a backend of them.
 *
 * @module
 */
export { reference, type ReferenceOptions } from "./reference.ts";
export { referenceKernels } from "./referenceKernels.ts";
