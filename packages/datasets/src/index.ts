/**
 * Data sets: readers of common formats, synthetic data sets, augmentation and batches. `@convlens/datasets/node` reads files.
 *
 * @module
 */
export { augment, crop, cutout, flipHorizontal, noise, rotate, shift, type Augmentation } from "./augmentation.ts";
export { batchCount, batches, type Batch, type BatchesOptions } from "./batches.ts";
export type { ByteSource } from "./bytes.ts";
export { readCifar10 } from "./cifar10.ts";
export { dataset, subset, take, type Dataset, type DatasetParts } from "./dataset.ts";
export { readIdx, type Idx, type IdxValues } from "./idx.ts";
export { digits, fetchMnist, readMnist, type MnistOptions, type MnistUrls, type TrainAndTest } from "./mnist.ts";
export { readNpy, writeNpy, type Npy } from "./npy.ts";
export { split, type SplitOptions } from "./split.ts";
export { orientedEdges, shapes, tones, type SyntheticImageOptions, type SyntheticOptions } from "./synthetic.ts";
