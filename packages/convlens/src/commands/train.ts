import type { Backend } from "@convlens/backend";
import { watchTraining, type TrainingWatch } from "@convlens/analysis";
import { batches, subset, type Dataset, type TrainAndTest } from "@convlens/datasets";
import { build, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { fit, oneCycle, readCheckpoint, type EpochRecord, type Fit, type StepRecord } from "@convlens/training";
import { backends, data, modelId, modelNamed, models, optimizers, type MakeModel } from "../catalogue.ts";
import { saveFile } from "../fileErrors.ts";
import type { FolderLock } from "../folderLock.ts";
import { choice, CommandLineError, numberOption, onlyWord, parse } from "../options.ts";
import { printable } from "../printable.ts";
import { ProgressBar } from "../progressBar.ts";
import { makeReport } from "../report/report.ts";
import { RunFolder, type RunHistory, type RunSettings } from "../runFolder.ts";
import { titleOf } from "../titleOf.ts";
import { modelOfRun } from "../trainedModel.ts";

const help = `convlens train <data> [options]
convlens train --resume runs/<name>

  data                 ${Object.keys(data).join(", ")}
  --model <name>       ${Object.keys(models).join(", ")};
                       or ./file.mjs that exports model = (classes) => …
  --epochs <n>         passes over the data (3)
  --batch-size <n>     examples in a step (8)
  --rate <x>           highest learning rate, of one cycle (0.002)
  --optimizer <name>   ${Object.keys(optimizers).join(", ")} (adam)
  --seed <n>           decides everything random (1)
  --name <name>        of the folder in runs/ (<data>-<model>, and a number where it is taken)
  --overwrite          use that folder even if there is a run in it
  --resume <folder>    go on with a run that was stopped; takes --epochs, --backend, --json and --model
  --trust              with --resume: run the module that the folder names as its model: only for folders whose
                       origin you trust
  --backend <name>     ${Object.keys(backends).join(", ")} (cpu)
  --json               one JSON object for each epoch on stdout, and nothing else
`;

/** Trains a net: progress on stderr, checkpoint and report in `runs/<name>`. */
export async function train(args: readonly string[]): Promise<number> {
  const parsed = parse(
    args,
    {
      model: { type: "string" },
      epochs: { type: "string" },
      "batch-size": { type: "string" },
      rate: { type: "string" },
      optimizer: { type: "string" },
      seed: { type: "string" },
      name: { type: "string" },
      overwrite: { type: "boolean" },
      resume: { type: "string" },
      trust: { type: "boolean" },
      backend: { type: "string" },
      json: { type: "boolean" },
    },
    help,
  );
  if (parsed === undefined) return 0;
  const { values, words } = parsed;
  const backend = choice("backend", values.backend ?? "cpu", backends);
  const json = values.json ?? false;
  if (values.resume !== undefined) {
    for (const name of ["batch-size", "rate", "optimizer", "seed", "name", "overwrite"] as const)
      if (values[name] !== undefined)
        throw new CommandLineError(`--resume goes on with the settings of the run; leave --${name} out`);
    if (words.length > 0)
      throw new CommandLineError(`--resume goes on with the data of the run; leave ${words[0]} out`);
    const folder = RunFolder.at(values.resume);
    const before = await folder.settings();
    const settings = {
      ...before,
      model: modelOfRun(folder, before, values),
      epochs: numberOption("epochs", values.epochs, before.epochs, { least: 1 }),
    };
    const resume = await folder.readCheckpoint();
    const { epoch } = readCheckpoint(resume).progress;
    if (epoch >= settings.epochs)
      throw new CommandLineError(
        `${folder.path} has done all of its ${epoch} epochs; to go on, give more: --epochs ${epoch + 1}`,
      );
    const past = await folder.readHistory();
    const prepared = await prepare(settings, backend, resume);
    return run(folder, await folder.lock(), settings, { ...prepared, json, past });
  }
  if (values.trust) throw new CommandLineError("--trust is for --resume; leave it out");
  const name = onlyWord(words, "one data set");
  const settings: RunSettings = {
    data: name,
    model: modelId(values.model ?? choice("data set", name, data).model),
    epochs: numberOption("epochs", values.epochs, 3, { least: 1 }),
    batchSize: numberOption("batch-size", values["batch-size"], 8, { least: 1 }),
    rate: numberOption("rate", values.rate, 0.002, { above: 0, whole: false }),
    optimizer: values.optimizer ?? "adam",
    seed: numberOption("seed", values.seed, 1, { most: 2 ** 32 - 1 }),
  };
  choice("data set", name, data);
  choice("optimizer", settings.optimizer, optimizers);
  const wanted = folderName(values.name ?? `${settings.data}-${titleOf(settings.model)}`);
  const prepared = await prepare(settings, backend);
  const { folder, lock } = await RunFolder.create("runs", wanted, settings, { overwrite: values.overwrite ?? false });
  return run(folder, lock, settings, { ...prepared, json });
}

/** The name of a folder in runs/, and no path that leads out of it. */
function folderName(name: string): string {
  if (/^(?!\.{1,2}$)[^/\\\0]{1,100}$/.test(name)) return name;
  throw new CommandLineError(
    `--name: expected the name of a folder in runs/, 1 to 100 characters without / and \\, got "${name}"`,
  );
}

/** All that a run needs but its folder. */
interface Prepared {
  readonly backend: Backend;
  readonly sets: TrainAndTest;
  readonly make: MakeModel;
  readonly model: Layer;
  readonly training: Fit;
}

/** Makes all that a run needs before its folder is touched, so that a mistake leaves nothing behind. */
async function prepare(
  settings: RunSettings,
  makeBackend: () => Promise<Backend>,
  resume?: Uint8Array,
): Promise<Prepared> {
  const named = choice("data set", settings.data, data);
  const optimizer = choice("optimizer", settings.optimizer, optimizers)();
  const make = await modelNamed(settings.model);
  const backend = await makeBackend();
  useBackend(backend);
  const sets = await named.load();
  const model = build(make(sets.train.classes.length), sets.train.shape, { seed: settings.seed });
  const training = fit(model, sets.train, {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    optimizer,
    rate: oneCycle(settings.rate),
    seed: settings.seed,
    test: sets.test,
    resume,
    ...(named.augment && { augment: named.augment }),
  });
  return { backend, sets, make, model, training };
}

/** How a run is carried out. */
interface RunOptions extends Prepared {
  readonly json: boolean;
  /** How it learned before it was stopped. */
  readonly past?: RunHistory | undefined;
}

/** Looks inside a run, beside the examples that every look is taken on. */
const LOOKS = 40;
const LOOKED_AT = 128;

/** Watches some forty times, on always the same examples, which changes nothing about the training. */
function watchFit(model: Layer, train: Dataset, { epochs, batchSize }: RunSettings): Promise<TrainingWatch> {
  const size = Math.min(LOOKED_AT, train.size);
  const [looked] = batches(
    subset(
      train,
      Array.from({ length: size }, (_, i) => i),
    ),
    { size },
  );
  const steps = epochs * Math.max(1, Math.floor(train.size / batchSize));
  return watchTraining(model, {
    inputs: looked!.inputs,
    targets: looked!.labels,
    every: Math.max(2, Math.round(steps / LOOKS)),
  });
}

/** Trains, and gives the folder back however that ends. */
async function run(folder: RunFolder, lock: FolderLock, settings: RunSettings, options: RunOptions): Promise<number> {
  try {
    return await runLocked(folder, settings, options);
  } finally {
    await lock.release();
  }
}

async function runLocked(
  folder: RunFolder,
  settings: RunSettings,
  { backend, sets, make, model, training, json, past }: RunOptions,
): Promise<number> {
  const bar = new ProgressBar(settings.epochs);
  bar.line(
    printable(
      `${titleOf(settings.model)} on ${settings.data}: ${sets.train.size} examples to learn from, ${sets.test.size} to test on; backend ${backend.name}`,
    ),
  );
  const watch = await watchFit(model, sets.train, settings);
  const history = (): RunHistory => ({
    chance: watch.chance,
    steps: [...(past?.steps ?? []), ...watch.steps],
    records: [...(past?.records ?? []), ...watch.records],
    epochs: [...(past?.epochs ?? []), ...epochs],
  });
  const save = async (): Promise<void> => {
    await saveFile(folder.checkpoint, await training.checkpoint());
    await folder.saveHistory(history());
  };
  const stop: { code?: number } = {};
  const onInterrupt = (): void => void (stop.code = 130);
  const onTerminate = (): void => void (stop.code = 143);
  process.once("SIGINT", onInterrupt).once("SIGTERM", onTerminate);
  const steps: StepRecord[] = [];
  const epochs: EpochRecord[] = [];
  try {
    for await (const record of training) {
      if (record.kind === "step") {
        steps.push(record);
        await watch.observe(record);
        bar.step(record, settings.batchSize);
      } else {
        epochs.push(record);
        await save();
        bar.line(
          `epoch ${record.epoch + 1}/${settings.epochs}: loss ${record.loss.toFixed(4)}, test loss ${record.testLoss!.toFixed(4)}, ` +
            `${record.testAccuracy === undefined ? "" : `test accuracy ${(100 * record.testAccuracy).toFixed(2)} %, `}${Math.round(record.imagesPerSecond)} images/s`,
        );
        if (json)
          process.stdout.write(
            `${JSON.stringify({ ...record, epoch: record.epoch + 1, backend: backend.name, checkpoint: folder.checkpoint })}\n`,
          );
      }
      if (stop.code !== undefined) {
        await save();
        bar.line(`stopped after step ${record.step}; go on with: convlens train --resume ${folder.path}`);
        return stop.code;
      }
    }
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate);
  }
  await folder.saveSettings(settings);
  await saveFile(
    folder.report,
    await makeReport({ settings, model, make, sets, steps, epochs, backend: backend.name }),
  );
  bar.line(`report: ${folder.report}`);
  return 0;
}
