// The reader of safetensors files: it reads what was written, and from a damaged file it returns tensors whose sizes match their
// shapes, or throws a ValueError.
import { readSafetensors, writeSafetensors } from "../../packages/layers/src/index.ts";
import { cases, check, damage, joined, outcome } from "../fuzzing.mjs";

export const name = "safetensors";
export const count = 120_000;

const names = ["a", "layers.0.filters", "bias", "ü", "__proto__", "toString", "", '"', "\\", "__metadata__"];
const dtypes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8: 1,
};
const sizeOf = (shape) => (shape.includes(0) ? 0 : shape.reduce((a, b) => a * b, 1));

/** Tensors with random names, shapes and values. */
function tensors(dice) {
  const found = new Map();
  for (let count = dice.below(4); count > 0; count--) {
    const shape = Array.from({ length: dice.below(4) }, () => dice.below(4));
    const Numbers = dice.pick([Float32Array, Float64Array]);
    found.set(dice.pick(names.slice(0, -1)), {
      shape,
      values: Numbers.from({ length: sizeOf(shape) }, () => dice.word() / 2 ** 30),
    });
  }
  return found;
}

/** A header of random entries, most of which match the numbers after it. */
function byHand(dice) {
  let at = 0;
  const number = (right) =>
    dice.chance(0.95) ? `${right}` : dice.pick(["-1", "-0", "1.5", "1e3", "9007199254740993", "null", '"1"']);
  const entries = Array.from({ length: dice.below(4) }, () => {
    const dtype = dice.pick(Object.keys(dtypes));
    const shape = Array.from({ length: dice.below(4) }, () => dice.below(3));
    const end = at + sizeOf(shape) * dtypes[dtype];
    const fields = [
      `"dtype":"${dtype}"`,
      `"shape":[${shape.map(number)}]`,
      `"data_offsets":[${number(at)},${number(end)}]`,
    ];
    if (dice.chance(0.05)) fields.push(dice.pick([fields[1], '"more":[[]]', '"dtype":"F32"', '"__proto__":{}']));
    at = end;
    return `${JSON.stringify(dice.pick(names))}:{${fields}}`;
  });
  if (dice.chance(0.3))
    entries.push(`"__metadata__":${dice.pick(["null", "{}", '{"a":"b"}', '{"a":1}', '{"a":"b","a":"c"}', "[]"])}`);
  const text = new TextEncoder().encode(`{${entries}}${" ".repeat(dice.below(9))}`);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(text.length), true);
  return joined(new Uint8Array(length.buffer), text, dice.bytes(at));
}

/** What is written is read again, bit for bit. */
function tryWritten(dice, isInput) {
  const [written, metadata] = [tensors(dice), dice.chance(0.5) ? { note: "text", __proto__: null } : {}];
  const bytes = writeSafetensors(written, metadata);
  isInput(bytes);
  const read = readSafetensors(bytes);
  check(read.tensors.size === written.size, `${read.tensors.size} of ${written.size} tensors`);
  for (const [tensor, { shape, values }] of written) {
    const again = read.tensors.get(tensor);
    check(JSON.stringify(again.shape) === JSON.stringify(shape), `"${tensor}" has the shape ${again.shape}`);
    check(
      values.every((x, i) => Object.is(x, again.values[i])),
      `"${tensor}" has other values`,
    );
  }
}

async function tryDamaged(dice, isInput) {
  const file = dice.chance(0.6) ? byHand(dice) : writeSafetensors(tensors(dice));
  const bytes = dice.chance(0.5) ? file : damage(file, dice, byHand(dice));
  isInput(bytes);
  const read = await outcome(() => readSafetensors(bytes));
  if (read === undefined) return;
  for (const [tensor, { shape, values }] of read.tensors) {
    check(
      shape.every((size) => Number.isSafeInteger(size) && size >= 0),
      `"${tensor}" has the shape ${shape}`,
    );
    check(values.length === sizeOf(shape), `"${tensor}" has ${values.length} values for ${shape}`);
  }
  check(
    Object.values(read.metadata).every((text) => typeof text === "string"),
    "the metadata is not text",
  );
}

export const run = (options) =>
  cases(options, (dice, isInput) => (dice.chance(0.2) ? tryWritten(dice, isInput) : tryDamaged(dice, isInput)));
