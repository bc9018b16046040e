// The readers of MNIST's and CIFAR-10's files: a damaged file gives as many numbers as it says, or a ValueError.
import { gzipSync } from "node:zlib";
import { batchOf, readCifar10, readIdx, readMnist } from "../../packages/datasets/src/index.ts";
import { cases, check, damage, joined, outcome } from "../fuzzing.mjs";

export const name = "idx";
export const count = 30_000;

const types = [
  [8, 1],
  [9, 1],
  [11, 2],
  [12, 4],
  [13, 4],
  [14, 8],
];

/** An IDX file with random numbers. */
function idx(dice, shape, [code, bytes] = dice.pick(types), numbers) {
  const size = shape.reduce((a, b) => a * b, 1);
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, code);
  header.setUint8(3, shape.length);
  shape.forEach((axis, i) => header.setUint32(4 + 4 * i, axis));
  return joined(new Uint8Array(header.buffer), numbers ?? dice.bytes(size * bytes));
}

/** Sometimes gzipped, sometimes damaged before, after, or both. */
function spoilt(bytes, dice, other) {
  const file = dice.chance(0.7) ? damage(bytes, dice, other) : bytes;
  if (dice.chance(0.8)) return file;
  const packed = new Uint8Array(gzipSync(file));
  return dice.chance(0.5) ? damage(packed, dice) : packed;
}

async function tryIdx(dice, isInput) {
  const shape = () => Array.from({ length: dice.below(4) }, () => dice.below(4));
  const bytes = spoilt(idx(dice, shape()), dice, idx(dice, shape()));
  isInput(bytes);
  const read = await outcome(() => readIdx(bytes));
  if (read === undefined) return;
  const size = read.shape.includes(0) ? 0 : read.shape.reduce((a, b) => a * b, 1);
  check(read.values.length === size, `${read.values.length} values for ${read.shape}`);
}

async function tryMnist(dice, isInput) {
  const [n, height, width] = [dice.below(5), dice.below(4), dice.below(4)];
  const type = dice.pick(types.slice(0, 2));
  const images = spoilt(idx(dice, [n, height, width], types[0]), dice);
  const labels = spoilt(
    idx(
      dice,
      [n],
      type,
      Uint8Array.from({ length: n }, () => dice.below(11)),
    ),
    dice,
  );
  const options = { firstLabel: dice.below(2), transposed: dice.chance(0.5) };
  isInput(JSON.stringify({ images: [...images], labels: [...labels], options }));
  const data = await outcome(() => readMnist(images, labels, options));
  if (data === undefined) return;
  check(
    pixelsOf(data) === data.size * data.shapes.input.reduce((a, b) => a * b, 1),
    "the pixels do not fill the images",
  );
  check(data.labels.length === data.size && data.labels.every((label) => label < data.classes.length), "wrong labels");
}

/** Number of pixels of all images. */
const pixelsOf = (data) => batchOf(data, [...data.labels.keys()]).inputs.size;

async function tryCifar(dice, isInput) {
  const records = joined(...Array.from({ length: dice.below(3) }, () => joined([dice.below(11)], dice.bytes(3072))));
  const bytes = spoilt(records, dice);
  isInput(bytes);
  const data = await outcome(() => readCifar10(bytes));
  if (data === undefined) return;
  check(pixelsOf(data) === data.size * 3072 && data.labels.length === data.size, "the pixels do not fill the images");
}

export const run = (options) =>
  cases(options, (dice, isInput) => dice.pick([tryIdx, tryIdx, tryMnist, tryCifar])(dice, isInput));
