/**
 * Data sets: readers of common formats, synthetic data sets, augmentation and batches. `@convlens/datasets/node` reads files.
 *
 * @module
 */
export { augment, crop, cutout, flipHorizontal, noise, rotate, shift, type Augmentation } from "./augmentation.ts";
export { arrays, classification, fromExamples, type ArraysOptions, type ClassificationOptions } from "./arrays.ts";
export { batchCount, batches, batchOf, datasetOption, orderOf, type Batch, type BatchesOptions } from "./batches.ts";
export type { ByteSource } from "./bytes.ts";
export { readCifar10 } from "./cifar10.ts";
export {
  isDataset,
  subset,
  type Classification,
  type Dataset,
  type DatasetParts,
  type Pass,
  type Position,
  type SizedDataset,
  type Streamed,
  type StreamDataset,
  type TrainAndTest,
} from "./dataset.ts";
export {
  floatsOf,
  type Example,
  type ExampleShapes,
  type NumberArray,
  type Numbers,
  type NumbersOf,
  type TensorsOf,
} from "./example.ts";
export type { ImageFit, ImageFitOptions, ImageSize } from "./fit.ts";
export { readIdx, type Idx, type IdxValues } from "./idx.ts";
export { digits, fetchMnist, readMnist, type MnistOptions, type MnistUrls } from "./mnist.ts";
export { readNpy, writeNpy, type Npy } from "./npy.ts";
export { readNpz } from "./npz.ts";
export { imageFiles, decodeImage, type ImageFilesOptions, type ImageSource } from "./imageFiles.ts";
export { fromShards, type Shard, type ShardsOptions } from "./shards.ts";
export { spectrogram, spectrograms, windows, type SpectrogramOptions, type WindowsOptions } from "./signals.ts";
export { kFolds, split, type FoldsOptions, type SplitOptions } from "./split.ts";
export { channelStatistics, standardize, type ChannelStatistics } from "./standardize.ts";
export { fromStream, type OpenStream, type ShapesOfNumbers, type StreamExample } from "./stream.ts";
export { orientedEdges, shapes, tones, type SyntheticImageOptions, type SyntheticOptions } from "./synthetic.ts";
export { readCsv, type CsvOptions, type Table } from "./table.ts";
export {
  cache,
  concat,
  filter,
  map,
  shuffle,
  skip,
  take,
  zip,
  type ExampleChange,
  type KeepExample,
} from "./transforms.ts";
export { readWav, type Wav } from "./wav.ts";
