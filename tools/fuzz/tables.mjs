// The readers of npz and CSV files and of shards: damaged files give as many numbers as their shapes say, or a ValueError.
import { zipSync } from "fflate";
import { fromShards, readCsv, readNpz, writeNpy } from "../../packages/datasets/src/index.ts";
import { cases, check, damage, joined, outcome } from "../fuzzing.mjs";

export const name = "tables";
export const count = 20_000;

const kinds = [Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Uint8Array, Uint16Array, Uint32Array];

function npy(dice, rows = dice.below(4)) {
  const shape = [rows, ...Array.from({ length: dice.below(3) }, () => dice.from(1, 3))];
  const Numbers = dice.pick(kinds);
  return writeNpy({ shape, values: Numbers.from({ length: shape.reduce((a, b) => a * b, 1) }, () => dice.word()) });
}

function npz(dice) {
  const names = ["a.npy", "b.npy", "folder/c.npy", "notes.txt", "__proto__.npy"];
  const files = names.filter(() => dice.chance(0.6)).map((name) => [name, npy(dice)]);
  return zipSync(Object.fromEntries(files), { level: dice.pick([0, 6]) });
}

function csv(dice) {
  const cells = ["1", "-2.5", "1e3", "", " 3 ", '"4"', '"a,b"', '"', "NaN", "0x1", "é", "text"];
  const columns = dice.from(1, 4);
  const row = () => Array.from({ length: columns }, () => (dice.chance(0.9) ? `${dice.below(99)}` : dice.pick(cells)));
  const rows = Array.from({ length: dice.below(6) }, row);
  const header = dice.chance(0.7) ? [Array.from({ length: columns }, (_, i) => `c${i}`)] : [];
  return new TextEncoder().encode([...header, ...rows].map((cells) => cells.join(",")).join(dice.pick(["\n", "\r\n"])));
}

/** Throws unless an array has as many values as its shape says. */
function checkArray({ shape, values }) {
  check(values.length === shape.reduce((a, b) => a * b, 1), `${values.length} values for ${shape.join(" × ")}`);
}

const tries = [
  async (dice, isInput) => {
    const bytes = dice.chance(0.1) ? npz(dice) : damage(npz(dice), dice, npz(dice));
    isInput(bytes);
    const read = await outcome(() => readNpz(bytes));
    for (const array of Object.values(read ?? {})) checkArray(array);
  },
  async (dice, isInput) => {
    const bytes = dice.chance(0.3) ? csv(dice) : damage(csv(dice), dice, csv(dice));
    isInput(bytes);
    const table = await outcome(() => readCsv(bytes, { header: dice.chance(0.7) }));
    if (table === undefined) return;
    check(table.size > 0, "a table has no rows");
    const numbers = await outcome(() => table.numbers());
    if (numbers !== undefined) checkArray(numbers);
    const found = await outcome(() => table.classes(table.names[0]));
    if (found !== undefined)
      check(
        found.labels.every((label) => label < found.classes.length),
        "a label has no class",
      );
  },
  async (dice, isInput) => {
    const rows = dice.from(1, 3);
    const [x, y] = [npy(dice, rows), npy(dice, rows)];
    const damaged = dice.chance(0.2) ? x : damage(x, dice, y);
    isInput(joined(damaged, y));
    const data = await outcome(() => fromShards({ inputs: [new Blob([damaged])], targets: [new Blob([y])] }));
    if (data === undefined) return;
    for (let i = 0; i < Math.min(10, data.size); i++) {
      const example = await outcome(() => data.example(i, { seed: 0, epoch: 0 }));
      if (example !== undefined) checkArray(example.input);
    }
  },
];

export const run = (options) => cases(options, (dice, isInput) => dice.pick(tries)(dice, isInput));
