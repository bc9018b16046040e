import { Random } from "@convlens/backend";
import { testMistakes } from "../../../tools/testMistakes.ts";
import {
  augment,
  batches,
  classification,
  crop,
  cutout,
  fetchMnist,
  fromShards,
  noise,
  orientedEdges,
  readCifar10,
  readCsv,
  readIdx,
  readMnist,
  readNpy,
  readNpz,
  readWav,
  rotate,
  shapes,
  shift,
  spectrogram,
  split,
  standardize,
  subset,
  tones,
  windows,
  writeNpy,
  type Classification,
  type Numbers,
} from "../src/index.ts";
import { imageFolder, imagePairs, mnist } from "../src/node/index.ts";

// Errors of this package, one for each mistake of a user.

const images = { values: new Uint8Array(8), shape: [2, 2, 2, 1] };
const parts = { inputs: images, labels: Uint8Array.of(0, 1) };
const data = (): Classification => classification(parts);
const of = (changes: object): Classification => classification({ ...parts, ...changes });
const imagesOf = (changes: object): Classification => of({ inputs: { ...images, ...changes } as Numbers });
const first = (options: object): unknown => batches(data(), options).next();
const signal = { values: new Float32Array(4), shape: [4, 1] };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** An IDX file of bytes: type 8, then sizes, then numbers. */
const idx = (sizes: readonly number[], numbers: readonly number[]): Uint8Array =>
  Uint8Array.of(0, 0, 8, sizes.length, ...sizes.flatMap((size) => [0, 0, 0, size]), ...numbers);

const mistakes: Readonly<Record<string, () => unknown>> = {
  // Shapes
  "inputs that do not fill the shape": () => imagesOf({ values: new Uint8Array(7) }),
  "a shape with a size of 0": () => imagesOf({ shape: [2, 2, 0, 1] }),
  "a number as a shape": () => imagesOf({ shape: 4 }),
  "more labels than examples": () => of({ labels: [0, 1, 1] }),
  "a crop that is larger than the images": () =>
    crop({ height: 9, width: 9 })(new Float32Array(4), [2, 2, 1], new Random(1)),
  "a rotation of signals": () => rotate(5)(new Float32Array(4), [4], new Random(1)),
  "values that do not fill the shape of a file": () => writeNpy({ shape: [2], values: new Float32Array(3) }),
  // Values
  "inputs with NaN": () => imagesOf({ values: new Float32Array(8).fill(NaN) }),
  "a label that is not an integer": () => of({ labels: [0, 0.5] }),
  "a label of NaN": () => of({ labels: [0, NaN] }),
  "a label without a class": () => of({ classes: ["only"] }),
  "a shift of NaN": () => shift(NaN),
  "a negative amount of noise": () => noise(-1),
  "half a pixel": () => cutout(0.5),
  "a share above 1": () => split(data(), { test: 1.5 }),
  "a share of NaN": () => split(data(), { test: NaN }),
  "a batch of 0 examples": () => first({ size: 0 }),
  "a seed of NaN": () => first({ seed: NaN }),
  "an index out of range": () => subset(data(), [0, 2]),
  // Options
  "an unknown part of a data set": () => of({ label: [0, 1] }),
  "a missing part of a data set": () => classification({ inputs: images } as never),
  "an unknown option of batches": () => first({ batchSize: 2 }),
  "an unknown option of split": () => split(data(), { train: 0.8 } as never),
  "an unknown option of a crop": () => crop({ hight: 1, width: 1 } as never),
  "an unknown option of a synthetic data set": () => shapes({ count: 10 } as never),
  "a height of 0": () => orientedEdges({ size: 8, height: 0 }),
  "a negative size": () => tones({ size: -1 }),
  // Wrong types
  "a list of numbers as inputs": () => imagesOf({ values: [0, 1] }),
  "names as labels": () => of({ labels: ["cat", "dog"] }),
  "a number in place of options": () => split(data(), 0.2 as never),
  "a number in place of an augmentation": () => augment(shift(1), 3 as never),
  "an augmentation that returns nothing": () => first({ augment: () => undefined }),
  "a path in place of a file": () => readNpy("digits.npy" as never),
  "a URL as text": () => fetchMnist("http://127.0.0.1/" as never),
  // Empty inputs and files
  "no examples": () => classification({ inputs: { values: new Uint8Array(0), shape: [0, 1] }, labels: [] }),
  "an empty file": () => readIdx(new Uint8Array()),
  "a truncated file": () => readIdx(idx([2, 2], [1, 2, 3])),
  "a file that is too long": () => readIdx(idx([2], [1, 2, 3])),
  "a web page in place of a file": () => readNpy(bytes("<!doctype html>")),
  "an empty file of CIFAR-10": () => readCifar10(new Uint8Array()),
  "images and labels swapped": () => readMnist(idx([1], [3]), idx([1, 1, 1], [0])),
  "labels of another set": () => readMnist(idx([2, 1, 1], [0, 0]), idx([1], [3])),
  "a recording that is not WAV": () => readWav(bytes("OggS............")),
  "windows that are longer than the signal": () => windows(signal, { size: 5, target: (window) => window }),
  "a spectrogram of a size that is not a power of two": () => spectrogram(signal, { size: 3 }),
  "a spectrogram of images": () => spectrogram({ values: new Float32Array(8), shape: [2, 2, 2] }),
  "statistics of another number of channels": () => standardize(data(), { mean: [0, 0], deviation: [1, 1] }),
  "a deviation of 0": () => standardize(data(), { mean: [0], deviation: [0] }),
  "a cell that is not a number": async () => (await readCsv(bytes("a,b\n1,two"))).numbers(),
  "a column that does not exist": async () => (await readCsv(bytes("width,height\n1,2"))).numbers("widht"),
  "an archive that is not npz": () => readNpz(bytes("hello, world, this is a text")),
  "shards without targets": () => fromShards({ inputs: [new Blob([])] } as never),
  "a folder that does not exist": () => imageFolder("absent"),
  "a size of one number": () => imageFolder("absent", { size: 64 } as never),
  "an unknown way to fit": () => imageFolder("absent", { fit: "crop" } as never),
  "a number in place of a folder of masks": () => imagePairs("absent", 3 as never),
  "a file that does not exist": () =>
    mnist({ trainImages: "absent", trainLabels: "absent", testImages: "absent", testLabels: "absent" }),
};

testMistakes(mistakes);
