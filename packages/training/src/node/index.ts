/**
 * What needs files: writing a checkpoint so that it is never half there.
 *
 * @module
 */
export { writeFileAtomic } from "./writeFileAtomic.ts";
