// The reader of npy files: a damaged file gives as many numbers as its shape says, or a ValueError.
import { gzipSync } from "node:zlib";
import { readNpy, writeNpy } from "../../packages/datasets/src/index.ts";
import { cases, check, damage, joined, outcome } from "../fuzzing.mjs";

export const name = "npy";
export const count = 80_000;

const descrs = [
  "<f2",
  ">f2",
  "<f4",
  ">f8",
  "|i1",
  "<i2",
  ">i4",
  "<i8",
  "|u1",
  ">u2",
  "<u4",
  "<u8",
  "|b1",
  "?",
  "f4",
  "<c8",
  "<U7",
  "|O",
];
const kinds = [Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Uint8Array, Uint16Array, Uint32Array];

/** A file with a header in a random Python spelling, and random bytes as numbers. */
function byHand(dice) {
  const quote = dice.pick(["'", '"']);
  const descr = dice.chance(0.1)
    ? `[(${quote}x${quote}, ${quote}<f4${quote})]`
    : `${quote}${dice.pick(descrs)}${quote}`;
  const shape = Array.from({ length: dice.below(4) }, () => dice.below(4));
  const sizes = shape.map((size) => `${size}${dice.pick(["", "", "L"])}`).join(dice.pick([",", ", "]));
  const tuple = `(${sizes}${shape.length === 1 || (shape.length > 0 && dice.chance(0.2)) ? "," : ""})`;
  const entries = [
    `${quote}descr${quote}: ${descr}`,
    `${quote}fortran_order${quote}: ${dice.pick(["True", "False"])}`,
    `${quote}shape${quote}: ${tuple}`,
  ];
  const text = new TextEncoder().encode(
    `{${entries.join(", ")}${dice.pick(["", ", "])}}${" ".repeat(dice.below(20))}\n`,
  );
  const version = dice.from(1, 3);
  const length = version === 1 ? [text.length, 0] : [text.length, 0, 0, 0];
  const size = shape.reduce((a, b) => a * b, 1);
  return joined(
    [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0],
    length,
    text,
    dice.bytes(size * dice.pick([1, 2, 4, 8])),
  );
}

function file(dice) {
  if (dice.chance(0.5)) return byHand(dice);
  const shape = Array.from({ length: dice.below(4) }, () => dice.below(4));
  const Numbers = dice.pick(kinds);
  return writeNpy({ shape, values: Numbers.from({ length: shape.reduce((a, b) => a * b, 1) }, () => dice.word() / 3) });
}

export const run = (options) =>
  cases(options, async (dice, isInput) => {
    let bytes = dice.chance(0.2) ? file(dice) : damage(file(dice), dice, file(dice));
    if (dice.chance(0.1)) bytes = damage(new Uint8Array(gzipSync(bytes)), dice);
    isInput(bytes);
    const read = await outcome(() => readNpy(bytes));
    if (read === undefined) return;
    check(
      read.shape.every((size) => Number.isSafeInteger(size) && size >= 0),
      `its shape is ${read.shape}`,
    );
    check(
      read.values.length === (read.shape.includes(0) ? 0 : read.shape.reduce((a, b) => a * b, 1)),
      `${read.values.length} values for ${read.shape}`,
    );
  });
