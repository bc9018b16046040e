// Damaged checkpoints: each is either refused with an error of this library, without a change of model and optimizer, or resumed, and
// training ends after the remaining steps.
import { isDeepStrictEqual } from "node:util";
import { reference } from "../../packages/backend-reference/src/index.ts";
import { shapes, take } from "../../packages/datasets/src/index.ts";
import {
  BatchNorm,
  build,
  Dense,
  Flatten,
  parameters,
  readSafetensors,
  sequential,
  weightsOf,
  writeSafetensors,
} from "../../packages/layers/src/index.ts";
import { useBackend } from "../../packages/tensor/src/index.ts";
import { checksumOf } from "../../packages/training/src/checkpointFile.ts";
import { adam, fit, loadCheckpoint, readCheckpoint, sgd, writeCheckpoint } from "../../packages/training/src/index.ts";
import { cases, check, damage, outcome } from "../fuzzing.mjs";

export const name = "checkpoint";
export const count = 2500;

const data = shapes({ size: 12, height: 3, width: 3, seed: 3 });
const net = (units = 4) => sequential([new Flatten(), new BatchNorm(), new Dense({ units })]);
const EPOCHS = 3;
/** Records of an epoch. */
const RECORDS = 4;
const options = () => ({
  epochs: EPOCHS,
  batchSize: 4,
  seed: 7,
  validation: take(data, 4),
  onNaN: "continue",
  earlyStopping: { patience: 9, restoreBest: true },
});
const curve = (records) => records.map((record) => ({ ...record, examplesPerSecond: 0 }));

async function all(training) {
  const records = [];
  for await (const record of training) {
    records.push(record);
    check(records.length <= EPOCHS * RECORDS, "training goes on and on");
  }
  return curve(records);
}

/** A valid or invalid value of a field of progress. */
const anything = (dice) =>
  dice.pick([
    () => dice.pick([0, 1, 2, 3, 6, 12, -1, 0.5, 1e9, 2 ** 31, 2 ** 53, 1e308, -0]),
    () => dice.pick([null, true, false, "", "3", [], {}, [[]], { length: 3 }, { number: "NaN" }, { number: "1e9" }]),
    () => dice.pick(["epoch", "__proto__", "toString", "constructor"]),
    () => undefined,
  ])();

/** Changes a field of an object, or of one within it. */
function change(object, dice) {
  const keys = Object.keys(object);
  if (Array.isArray(object) && keys.length === 0) return void object.push(anything(dice));
  // An index after the end of an array would make a list of billions of elements.
  const isKnown = Array.isArray(object) || (keys.length > 0 && dice.chance(0.9));
  const key = isKnown ? dice.pick(keys) : String(anything(dice));
  // Only own properties: "__proto__" is the prototype of all objects.
  const inner = Object.hasOwn(object, key) ? object[key] : undefined;
  if (typeof inner === "object" && inner !== null && dice.chance(0.7)) return change(inner, dice);
  if (Array.isArray(object) && dice.chance(0.3)) {
    object.splice(dice.below(object.length + 1), dice.below(2), ...(dice.chance(0.5) ? [inner] : []));
    return undefined;
  }
  const value = typeof inner === "number" && dice.chance(0.5) ? inner + dice.pick([-1, 1, 0.5, 3]) : anything(dice);
  if (value === undefined) delete object[key];
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  return undefined;
}

/** A checkpoint with changed progress or tensors and a matching checksum. */
function rewritten(file, dice) {
  const { tensors, metadata } = readSafetensors(file);
  const progress = JSON.parse(metadata.progress);
  const changed = new Map(tensors);
  if (dice.chance(0.7)) for (let count = dice.from(1, 3); count > 0; count--) change(progress, dice);
  else {
    const tensor = dice.pick([...tensors.keys()]);
    const { shape, values } = tensors.get(tensor);
    const others = {
      missing: () => changed.delete(tensor),
      renamed: () =>
        changed.delete(tensor) && changed.set(dice.pick([`${tensor}x`, "model.", "best", ""]), { shape, values }),
      reshaped: () => changed.set(tensor, { shape: dice.chance(0.5) ? [...shape, 1] : [values.length, 1, 1], values }),
      doubled: () => changed.set(`${tensor}.more`, { shape, values }),
      resized: () => changed.set(tensor, { shape: [values.length + 1], values: new Float32Array(values.length + 1) }),
      other: () => changed.set(tensor, { shape, values: values.map(() => dice.pick([NaN, Infinity, 0, 1e38])) }),
    };
    dice.pick(Object.values(others))();
  }
  const text = JSON.stringify(progress);
  return writeSafetensors(changed, { ...metadata, progress: text, checksum: checksumOf(text, changed) });
}

/** Options, data or a model that may differ from those of the checkpoint. */
const otherRun = (dice) =>
  dice.pick([
    () => ({}),
    () => ({ more: { seed: undefined } }),
    () => ({ more: { seed: 8 } }),
    () => ({ more: { batchSize: dice.pick([2, 5]) } }),
    () => ({ more: { epochs: dice.pick([1, 2]) } }),
    () => ({ more: { optimizer: sgd({ momentum: dice.pick([0, 0.9]) }) } }),
    () => ({ data: take(data, 8) }),
    () => ({ units: 5 }),
  ])();

export async function run(given) {
  useBackend(reference());
  const [files, records] = [[], []];
  const training = fit(net(), data, options());
  for await (const record of training) {
    records.push(record);
    files.push(writeCheckpoint(await training.checkpoint()));
  }
  const expected = curve(records);

  return cases(given, async (dice, isInput) => {
    const at = dice.below(files.length);
    const isWhole = dice.chance(0.1);
    const isDamaged = !isWhole && dice.chance(0.4);
    let file = files[at];
    if (isDamaged) file = damage(file, dice, files[dice.below(files.length)]);
    else if (!isWhole) file = rewritten(file, dice);
    isInput(file);

    const { more, data: set = data, units = 4 } = isDamaged ? {} : otherRun(dice);
    const model = net(units);
    const isBuilt = dice.chance(0.7);
    if (isBuilt) build(model, data.shapes.input, { seed: 1 });
    const optimizer = adam();
    const state = isBuilt ? [...optimizer.state(parameters(model)).values()] : [];
    const before = await weightsOf(model);
    // In an object, since a run itself would be awaited.
    const resumed = await outcome(() => ({
      run: fit(model, set, { optimizer, ...options(), ...more, resume: readCheckpoint(file) }),
    }));
    if (resumed === undefined) {
      if (isBuilt)
        check(isDeepStrictEqual(await weightsOf(model), before), "a refused checkpoint has changed the model");
      check(
        state.every((variable) => variable.isInitial),
        "a refused checkpoint has changed the optimizer",
      );
      check(!isWhole || more !== undefined || set !== data || units !== 4, "a whole checkpoint is refused");
      await outcome(() => loadCheckpoint(model, file));
      return;
    }
    const found = await all(resumed.run);
    // Damage with a matching checksum changes nothing: white space in a header, or a whole other checkpoint.
    if ((isWhole || isDamaged) && more?.epochs === undefined)
      check(isDeepStrictEqual(found, expected.slice(expected.length - found.length)), "it goes on otherwise");
  });
}
