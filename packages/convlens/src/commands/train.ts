import { basename } from "node:path";
import { numberAbove } from "@convlens/backend";
import type { TrainAndTest } from "@convlens/datasets";
import { readCheckpoint } from "@convlens/training";
import { augmentationNames } from "../augmentations.ts";
import { allModels, backends, data, modelId, modelNamed, optimizers } from "../catalogue.ts";
import { command, type Command } from "../command.ts";
import { folderSource } from "../folderSource.ts";
import { openData, type Examples } from "../openData.ts";
import { choice, CommandLineError, flagOf, nameOf, onlyWord, type Parsed } from "../options.ts";
import { frozenPaths, readPretrained, takeWeights, type Taken } from "../pretrained.ts";
import { printable } from "../printable.ts";
import { RunFolder, settingChecks, type RunSettings } from "../runFolder.ts";
import { tasks, type TaskName } from "../tasks.ts";
import { titleOf } from "../titleOf.ts";
import { modelOfRun, modelOptions } from "../trainedModel.ts";
import { prepare, ready, trainRun } from "../trainRun.ts";

const taskNames = Object.keys(tasks) as TaskName[];

const options = {
  task: {
    type: "text",
    value: "name",
    default: "classify",
    about: `${taskNames.map((name) => `${name}: ${tasks[name].about}`).join("; ")}`,
  },
  model: {
    type: "text",
    value: "name",
    about: `${Object.keys(allModels).join(", ")}; or ./file.mjs that exports model = (classes, input) => …`,
  },
  size: {
    type: "text",
    value: "size",
    default: "64",
    about: "height and width of the images of a folder, such as 64 or 48x64",
  },
  gray: { type: "flag", about: "read the images of a folder in grey instead of colours" },
  fit: {
    type: "text",
    value: "way",
    about:
      "how images of another shape fit: cover crops, contain pads, stretch distorts (cover; to segment and regress: stretch)",
  },
  validation: {
    type: "number",
    value: "share",
    default: 0.2,
    check: numberAbove(0, 1),
    about: "share of the images of a folder to test on",
  },
  augment: {
    type: "text",
    value: "names",
    about: `random changes of the training images: some of ${augmentationNames.join(",")}, or none (mnist: shift; else none)`,
  },
  from: { type: "text", value: "file", about: "begin with the weights of a run or of a safetensors file" },
  freeze: {
    type: "text",
    value: "paths",
    about: "keep these parameters as they are, such as layers.0,layers.3; loaded: all that --from gave",
  },
  epochs: { type: "number", value: "n", default: 3, check: settingChecks.epochs, about: "passes over the data" },
  batchSize: { type: "number", value: "n", default: 8, check: settingChecks.batchSize, about: "examples in a batch" },
  learningRate: {
    type: "number",
    value: "x",
    default: 0.002,
    check: settingChecks.learningRate,
    about: "highest learning rate, of a one-cycle schedule",
  },
  optimizer: { type: "text", value: "name", default: "adam", about: Object.keys(optimizers).join(", ") },
  seed: { type: "number", value: "n", default: 1, check: settingChecks.seed, about: "seed of all random numbers" },
  name: { type: "text", value: "name", about: "folder in runs/ (<data>-<model>, with a number added if it is taken)" },
  overwrite: { type: "flag", about: "use that folder even if it holds a run" },
  resume: {
    type: "text",
    value: "folder",
    about: "continue a run that was stopped; takes --epochs, --backend, --wide, --json, --model and --trust",
  },
  trust: { ...modelOptions.trust, about: `with --resume: ${modelOptions.trust.about}` },
  backend: { type: "text", value: "name", default: "cpu", about: Object.keys(backends).join(", ") },
  wide: { type: "flag", about: "use vectors of 256 bits (Node 24 or newer; the engine calls it experimental)" },
  json: { type: "flag", about: "print one JSON object for each epoch and nothing else" },
} as const;
type Arguments = Parsed<typeof options>;

/** Options that can be combined with `--resume`. */
const resumable: ReadonlySet<string> = new Set(["resume", "epochs", "backend", "wide", "json", "model", "trust"]);

/** Trains a model: progress on stderr, checkpoint and report in `runs/<name>`. */
export const train: Command = command({
  about: "train a model and write a report about it",
  usage: ["train <data> [options]", "train <folder> [options]", "train --resume runs/<name>"],
  details:
    "A folder holds PNG and JPEG images: one sub-folder for each class; to segment, the sub-folders images and masks with files of the same names, and if you like a file classes.csv with the columns value and name for the values of the masks; for a regression, the sub-folder images and a file targets.csv with the columns file and one for each number; to reconstruct, images.",
  argument: ["data", `${Object.keys(data).join(", ")}; or a folder of images`],
  options,
  run: (parsed) => (parsed.settings.resume === undefined ? start(parsed) : resume(parsed, parsed.settings.resume)),
});

/** Options that only a folder of images takes. */
const forFolders = ["task", "size", "gray", "fit", "validation"] as const;

/** Starts a run. */
async function start({ words, settings: given, given: names }: Arguments): Promise<number> {
  if (given.trust) throw new CommandLineError("--trust is for --resume; leave it out");
  const word = onlyWord(words, "one data set or folder");
  const { epochs, batchSize, learningRate, optimizer, seed } = given;
  const named = Object.hasOwn(data, word) ? data[word] : undefined;
  for (const name of forFolders)
    if (named !== undefined && names.has(name))
      throw new CommandLineError(`${flagOf(name)} is for folders of images, and ${word} is a data set; leave it out`);
  const task = nameOf("task", given.task, taskNames);
  const model = modelId(given.model ?? named?.model ?? tasks[task].model);
  const source = named === undefined ? await folderSource(word, given, tasks[task]) : { data: word, folder: undefined };
  choice("optimizer", optimizer, optimizers);
  await modelNamed(model);
  const wanted = folderName(given.name ?? `${basename(source.data)}-${titleOf(model)}`);
  const from = given.from === undefined ? undefined : await readPretrained(given.from);
  const opened = await openData({ ...source, task, seed });
  try {
    const { sets, folder: found } = opened;
    const { classes, shapes } = sets.train;
    const first: RunSettings = {
      ...source,
      folder: found,
      ...{ task, input: shapes.input, classes, augment: given.augment ?? named?.augment ?? "none" },
      ...{ from: given.from, freeze: [], model, epochs, batchSize, learningRate, optimizer, seed },
    };
    const prepared = await prepare(first, sets, given);
    const taken = from && takeWeights(prepared.model, from);
    const freeze = given.freeze === undefined ? [] : frozenPaths(given.freeze, prepared.model, taken?.taken);
    const settings = { ...first, freeze };
    const run = await ready(prepared, settings);
    const { folder, lock } = await RunFolder.create("runs", wanted, settings, { overwrite: given.overwrite });
    if (taken !== undefined) process.stderr.write(printable(takenLine(given.from!, taken, freeze.length)));
    return await trainRun({ ...run, folder, json: given.json, past: undefined }, lock);
  } finally {
    opened.dispose();
  }
}

/** Says what a model took from pretrained weights. */
function takenLine(file: string, { taken, left }: Taken, frozen: number): string {
  const rest = left.length === 0 ? "" : `; not in it or of another shape: ${left.join(", ")}`;
  const kept = frozen === 0 ? "" : `; ${frozen} parameters are frozen`;
  return `weights of ${file}: ${taken.length} of ${taken.length + left.length} tensors of the model${rest}${kept}\n`;
}

/** Continues a run. */
async function resume({ words, settings: given, given: names }: Arguments, path: string): Promise<number> {
  for (const name of names)
    if (!resumable.has(name))
      throw new CommandLineError(`--resume keeps the settings of the run; leave ${flagOf(name)} out`);
  if (words.length > 0) throw new CommandLineError(`--resume keeps the data of the run; leave ${words[0]} out`);
  const folder = RunFolder.at(path);
  const before = await folder.settings();
  const settings = {
    ...before,
    model: modelOfRun(folder, before, given),
    epochs: names.has("epochs") ? given.epochs : before.epochs,
  };
  const checkpoint = readCheckpoint(await folder.readCheckpoint());
  const { epoch } = checkpoint.progress;
  if (epoch >= settings.epochs)
    throw new CommandLineError(
      `${folder.path} has done all of its ${epoch} epochs; for more, give --epochs ${epoch + 1}`,
    );
  const past = await folder.readHistory();
  const { sets, dispose } = await openData(settings);
  try {
    checkSame(settings, sets);
    const prepared = await prepare(settings, sets, given);
    const run = await ready(prepared, settings, checkpoint);
    return await trainRun({ ...run, folder, json: given.json, past }, await folder.lock());
  } finally {
    dispose();
  }
}

/** Refuses data that have changed since the run began. */
function checkSame({ data: source, classes }: RunSettings, { train: { classes: now } }: TrainAndTest<Examples>): void {
  if (JSON.stringify(now) === JSON.stringify(classes)) return;
  throw new CommandLineError(
    `the classes of ${source} were ${classes.join(", ")} when the run began, and now they are ${now.join(", ")}; restore them, or train a new run`,
  );
}

/** Checks that a name is that of a folder in runs/, not a path out of it. */
function folderName(name: string): string {
  if (/^(?!\.{1,2}$)[^/\\\0]{1,100}$/.test(name)) return name;
  throw new CommandLineError(
    `--name: expected the name of a folder in runs/, 1 to 100 characters without / and \\, got "${name}"`,
  );
}
