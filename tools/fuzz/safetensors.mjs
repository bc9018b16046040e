// The reader of safetensors files: a damaged file gives tensors of the size that their shapes say, or a ValueError.
import { readSafetensors, writeSafetensors } from "../../packages/layers/src/index.ts";
import { cases, check, damage, outcome } from "../fuzzing.mjs";

export const name = "safetensors";

/** A file of a few tensors with random names, shapes and values. */
function file(dice) {
  const names = ["a", "layers.0.filters", "bias", "ü", "__proto__", "toString", ""];
  const tensors = new Map();
  for (let count = dice.below(4); count > 0; count--) {
    const shape = Array.from({ length: dice.below(4) }, () => dice.below(4));
    const size = shape.reduce((a, b) => a * b, 1);
    const values = dice.chance(0.5) ? new Float32Array(size) : new Float64Array(size);
    tensors.set(dice.pick(names), { shape, values: values.map(() => dice.word() / 2 ** 30) });
  }
  return writeSafetensors(tensors, dice.chance(0.5) ? { note: "text", more: "" } : {});
}

export const run = (options) =>
  cases(options, async (dice, isInput) => {
    const bytes = damage(file(dice), dice, file(dice));
    isInput(bytes);
    const read = await outcome(() => readSafetensors(bytes));
    if (read === undefined) return;
    for (const [tensor, { shape, values }] of read.tensors) {
      check(
        shape.every((size) => Number.isSafeInteger(size) && size >= 0),
        `"${tensor}" has the shape ${shape}`,
      );
      check(values.length === shape.reduce((a, b) => a * b, 1), `"${tensor}" has ${values.length} values for ${shape}`);
    }
    check(
      Object.values(read.metadata).every((text) => typeof text === "string"),
      "the metadata is not text",
    );
  });
