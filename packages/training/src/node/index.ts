/**
 * Atomic writing of files, such as checkpoints.
 *
 * @module
 */
export { writeFileAtomic } from "./writeFileAtomic.ts";
