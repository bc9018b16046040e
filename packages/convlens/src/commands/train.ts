import { watchTraining, type TrainingWatch } from "@convlens/analysis";
import type { Backend } from "@convlens/backend";
import { batchCount, batchOf, type Classification, type TrainAndTest } from "@convlens/datasets";
import { build, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { fit, oneCycle, readCheckpoint, type EpochRecord, type Fit } from "@convlens/training";
import { backends, data, modelId, modelNamed, models, optimizers, type MakeModel } from "../catalogue.ts";
import { command, type Command } from "../command.ts";
import { saveFile } from "../fileErrors.ts";
import type { FolderLock } from "../folderLock.ts";
import { choice, CommandLineError, flagOf, onlyWord, type Parsed } from "../options.ts";
import { printable } from "../printable.ts";
import { ProgressBar } from "../progressBar.ts";
import { RunFolder, settingChecks, type RunHistory, type RunSettings } from "../runFolder.ts";
import { makePage, reportSections, runTitle } from "../sections/pages.ts";
import { exampleSubject } from "../sections/subject.ts";
import { titleOf } from "../titleOf.ts";
import { modelOfRun, modelOptions } from "../trainedModel.ts";

const options = {
  model: {
    type: "text",
    value: "name",
    about: `${Object.keys(models).join(", ")}; or ./file.mjs that exports model = (classes) => …`,
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
    about: "continue a run that was stopped; takes --epochs, --backend, --json, --model and --trust",
  },
  trust: { ...modelOptions.trust, about: `with --resume: ${modelOptions.trust.about}` },
  backend: { type: "text", value: "name", default: "cpu", about: Object.keys(backends).join(", ") },
  json: { type: "flag", about: "print one JSON object for each epoch and nothing else" },
} as const;
type Arguments = Parsed<typeof options>;

/** Options that can be combined with `--resume`. */
const resumable: ReadonlySet<string> = new Set(["resume", "epochs", "backend", "json", "model", "trust"]);

/** Trains a model: progress on stderr, checkpoint and report in `runs/<name>`. */
export const train: Command = command({
  about: "train a model and write a report about it",
  usage: ["train <data> [options]", "train --resume runs/<name>"],
  argument: ["data", Object.keys(data).join(", ")],
  options,
  run: (parsed) => (parsed.settings.resume === undefined ? start(parsed) : resume(parsed, parsed.settings.resume)),
});

/** Starts a run. */
async function start({ words, settings: given }: Arguments): Promise<number> {
  if (given.trust) throw new CommandLineError("--trust is for --resume; leave it out");
  const name = onlyWord(words, "one data set");
  const { epochs, batchSize, learningRate, optimizer, seed } = given;
  const model = modelId(given.model ?? choice("data set", name, data).model);
  const settings: RunSettings = { data: name, model, epochs, batchSize, learningRate, optimizer, seed };
  choice("data set", name, data);
  choice("optimizer", optimizer, optimizers);
  const wanted = folderName(given.name ?? `${name}-${titleOf(model)}`);
  const prepared = await prepare(settings, given.backend);
  const { folder, lock } = await RunFolder.create("runs", wanted, settings, { overwrite: given.overwrite });
  return run({ ...prepared, folder, settings, json: given.json, past: undefined }, lock);
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
  const checkpoint = await folder.readCheckpoint();
  const { epoch } = readCheckpoint(checkpoint).progress;
  if (epoch >= settings.epochs)
    throw new CommandLineError(
      `${folder.path} has done all of its ${epoch} epochs; for more, give --epochs ${epoch + 1}`,
    );
  const past = await folder.readHistory();
  const prepared = await prepare(settings, given.backend, checkpoint);
  return run({ ...prepared, folder, settings, json: given.json, past }, await folder.lock());
}

/** Checks that a name is that of a folder in runs/, not a path out of it. */
function folderName(name: string): string {
  if (/^(?!\.{1,2}$)[^/\\\0]{1,100}$/.test(name)) return name;
  throw new CommandLineError(
    `--name: expected the name of a folder in runs/, 1 to 100 characters without / and \\, got "${name}"`,
  );
}

/** What a run needs, apart from its folder. */
interface Prepared {
  readonly backend: Backend;
  readonly sets: TrainAndTest;
  readonly make: MakeModel;
  readonly model: Layer;
  readonly training: Fit;
}

/** Prepares a run before its folder is touched, so that a wrong setting leaves nothing behind. */
async function prepare(settings: RunSettings, backendName: string, checkpoint?: Uint8Array): Promise<Prepared> {
  const makeBackend = choice("backend", backendName, backends);
  const named = choice("data set", settings.data, data);
  const makeOptimizer = choice("optimizer", settings.optimizer, optimizers);
  const make = await modelNamed(settings.model);
  const backend = await makeBackend();
  useBackend(backend);
  const sets = await named.load();
  const model = build(make(sets.train.classes.length), sets.train.shapes.input, { seed: settings.seed });
  const training = fit(model, sets.train, {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    optimizer: makeOptimizer({ learningRate: oneCycle(settings.learningRate) }),
    seed: settings.seed,
    validation: sets.test,
    resume: checkpoint,
    ...(named.augment && { augment: named.augment }),
  });
  return { backend, sets, make, model, training };
}

/** A run that is ready to train. */
interface Run extends Prepared {
  readonly folder: RunFolder;
  readonly settings: RunSettings;
  readonly json: boolean;
  /** The history before it was stopped. */
  readonly past: RunHistory | undefined;
}

/** Trains, and releases the folder however that ends. Returns the exit code. */
async function run(parts: Run, lock: FolderLock): Promise<number> {
  try {
    return await trainAndReport(parts);
  } finally {
    await lock.release();
  }
}

async function trainAndReport(parts: Run): Promise<number> {
  const { folder, settings, sets, make, model, backend } = parts;
  const bar = new ProgressBar({ ...settings, examples: sets.train.size });
  bar.line(
    printable(
      `${runTitle(parts)}: ${sets.train.size} training examples, ${sets.test.size} test examples; backend ${backend.name}`,
    ),
  );
  const watch = await watchFit(model, sets.train, settings);
  const epochs: EpochRecord[] = [];
  const code = await trainAll(parts, watch, epochs, bar);
  if (code !== 0) return code;
  await folder.saveSettings(settings);
  const history = historyOf(parts.past, watch, epochs);
  const { step } = history.steps.at(-1)!;
  const subject = await exampleSubject({ folder, settings, sets, model, make, step, history }, 0);
  await saveFile(folder.report, await makePage(runTitle(parts), subject, reportSections));
  bar.line(`report: ${folder.report}`);
  return 0;
}

/** Trains and saves after each epoch. Returns 0, or the exit code for the signal that stopped it. */
async function trainAll(
  { folder, settings, training, backend, json, past }: Run,
  watch: TrainingWatch,
  epochs: EpochRecord[],
  bar: ProgressBar,
): Promise<number> {
  const save = async (): Promise<void> => {
    await saveFile(folder.checkpoint, await training.checkpoint());
    await folder.saveHistory(historyOf(past, watch, epochs));
  };
  const signal: { code?: number } = {};
  const onInterrupt = (): void => void (signal.code = 130);
  const onTerminate = (): void => void (signal.code = 143);
  process.once("SIGINT", onInterrupt).once("SIGTERM", onTerminate);
  try {
    for await (const record of training) {
      if (record.kind === "step") {
        await watch.observe({ ...record, ...record.metrics });
        bar.step(record);
      } else {
        epochs.push(record);
        await save();
        bar.line(lineOf(record, settings.epochs));
        if (json)
          process.stdout.write(
            `${JSON.stringify({ ...record, epoch: record.epoch + 1, backend: backend.name, checkpoint: folder.checkpoint })}\n`,
          );
      }
      if (signal.code !== undefined) {
        await save();
        bar.line(`stopped after step ${record.step}; to continue: convlens train --resume ${folder.path}`);
        return signal.code;
      }
    }
    return 0;
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate);
  }
}

/** The history of a run from its beginning. */
const historyOf = (past: RunHistory | undefined, watch: TrainingWatch, epochs: readonly EpochRecord[]): RunHistory => ({
  chance: watch.chance,
  steps: [...(past?.steps ?? []), ...watch.steps],
  records: [...(past?.records ?? []), ...watch.records],
  epochs: [...(past?.epochs ?? []), ...epochs],
});

function lineOf({ epoch, loss, validation, examplesPerSecond }: EpochRecord, epochs: number): string {
  const accuracy = validation?.metrics.accuracy;
  return [
    `epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}`,
    ...(validation === undefined ? [] : [`test loss ${validation.loss.toFixed(4)}`]),
    ...(accuracy === undefined ? [] : [`test accuracy ${(100 * accuracy).toFixed(2)} %`]),
    `${Math.round(examplesPerSecond)} images/s`,
  ].join(", ");
}

/** Number of times that the model is watched, and the examples it is watched on. */
const [WATCHES, WATCHED_EXAMPLES] = [40, 128];

/** Watches the training, always on the same examples. */
function watchFit(model: Layer, data: Classification, { epochs, batchSize }: RunSettings): Promise<TrainingWatch> {
  const count = Math.min(WATCHED_EXAMPLES, data.size);
  const { inputs, targets } = batchOf(
    data,
    Array.from({ length: count }, (_, i) => i),
  );
  const steps = epochs * batchCount(data.size, batchSize);
  return watchTraining(model, {
    inputs,
    targets,
    every: Math.max(2, Math.round(steps / WATCHES)),
  });
}
