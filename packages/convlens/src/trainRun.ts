import { watchTraining, type TrainingWatch } from "@convlens/analysis";
import type { Backend } from "@convlens/backend";
import { batchCount, type TrainAndTest } from "@convlens/datasets";
import { build, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { fit, oneCycle, writeCheckpoint, type Checkpoint, type EpochRecord, type Fit } from "@convlens/training";
import { augmentationOf } from "./augmentations.ts";
import { backends, modelNamed, optimizers, type MakeModel } from "./catalogue.ts";
import { firstExamples } from "./examples.ts";
import { saveFile } from "./fileErrors.ts";
import type { FolderLock } from "./folderLock.ts";
import type { Examples } from "./openData.ts";
import { choice } from "./options.ts";
import { printable } from "./printable.ts";
import { ProgressBar } from "./progressBar.ts";
import type { RunFolder, RunHistory, RunSettings } from "./runFolder.ts";
import { runTitle } from "./sections/pages.ts";
import { reportOf } from "./sections/report.ts";
import { metricTexts, tasks, type Task } from "./tasks.ts";

/** What a run needs, apart from its folder. */
export interface Prepared {
  readonly backend: Backend;
  readonly sets: TrainAndTest<Examples>;
  readonly make: MakeModel;
  readonly model: Layer;
}

/** Prepares a run before its folder is touched, so that a wrong setting leaves nothing behind. */
export async function prepare(
  settings: RunSettings,
  sets: TrainAndTest<Examples>,
  { backend: name, wide }: { readonly backend: string; readonly wide: boolean },
): Promise<Prepared> {
  const makeBackend = choice("backend", name, backends);
  const make = await modelNamed(settings.model);
  const backend = await makeBackend({ wide });
  useBackend(backend);
  const { input, classes, seed } = settings;
  return { backend, sets, make, model: build(make(classes.length, input), input, { seed }) };
}

/** Values of the metrics of a task. */
export type Values = Readonly<Record<string, number>>;

/** A prepared run with its training. */
export interface Ready extends Prepared {
  readonly settings: RunSettings;
  readonly training: Fit<Values>;
  readonly watch: TrainingWatch;
}

/**
 * Makes the training of a prepared run, from its beginning or from a checkpoint, and reads the first examples, so that files that
 * cannot be read leave nothing behind, either.
 */
export async function ready(prepared: Prepared, settings: RunSettings, checkpoint?: Checkpoint): Promise<Ready> {
  const { model, sets } = prepared;
  const task: Task = tasks[settings.task];
  const frozen = new Set(settings.freeze);
  const training = fit(model, sets.train, {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    optimizer: choice("optimizer", settings.optimizer, optimizers)({ learningRate: oneCycle(settings.learningRate) }),
    seed: settings.seed,
    loss: task.loss,
    metrics: task.metrics,
    validation: sets.test,
    resume: checkpoint,
    augment: augmentationOf(settings.augment, settings.input),
    // The next batch is read while this one is learned.
    prefetch: settings.folder === undefined ? 0 : 2,
    groups: frozen.size === 0 ? undefined : [{ match: (path) => frozen.has(path), frozen: true }],
  });
  return { ...prepared, settings, training, watch: await watchFit(model, sets.train, settings) };
}

/** A run with its folder. */
export interface Run extends Ready {
  readonly folder: RunFolder;
  readonly json: boolean;
  /** The history before it was stopped. */
  readonly past: RunHistory | undefined;
}

/** Trains, and releases the folder however that ends. Returns the exit code. */
export async function trainRun(parts: Run, lock: FolderLock): Promise<number> {
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
  const epochs: EpochRecord<Values>[] = [];
  const code = await trainAll(parts, epochs, bar);
  if (code !== 0) return code;
  await folder.saveSettings(settings);
  const history = historyOf(parts.past, parts.watch, epochs);
  const { step } = history.steps.at(-1)!;
  await saveFile(folder.report, await reportOf({ folder, settings, sets, model, make, step, history }));
  bar.line(`report: ${folder.report}`);
  return 0;
}

/** Trains and saves after each epoch. Returns 0, or the exit code for the signal that stopped it. */
async function trainAll(
  { folder, settings, training, watch, backend, json, past }: Run,
  epochs: EpochRecord<Values>[],
  bar: ProgressBar,
): Promise<number> {
  const save = async (): Promise<void> => {
    await saveFile(folder.checkpoint, writeCheckpoint(await training.checkpoint()));
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
const historyOf = (
  past: RunHistory | undefined,
  watch: TrainingWatch,
  epochs: readonly EpochRecord<Values>[],
): RunHistory => ({
  chance: watch.chance,
  steps: [...(past?.steps ?? []), ...watch.steps],
  records: [...(past?.records ?? []), ...watch.records],
  epochs: [...(past?.epochs ?? []), ...epochs],
});

function lineOf({ epoch, loss, validation, examplesPerSecond }: EpochRecord<Values>, epochs: number): string {
  const tested = validation && [`loss ${validation.loss.toFixed(4)}`, ...metricTexts(validation.metrics)];
  return [
    `epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}`,
    ...(tested ?? []).map((text) => `test ${text}`),
    `${Math.round(examplesPerSecond)} images/s`,
  ].join(", ");
}

/** Number of times that the model is watched, and the most examples and positions that it is watched on. */
const [WATCHES, WATCHED_EXAMPLES, WATCHED_PLACES] = [40, 128, 128 * 28 * 28];

/** Watches the training, always on the same examples. */
async function watchFit(
  model: Layer,
  data: Examples,
  { epochs, batchSize, task }: RunSettings,
): Promise<TrainingWatch> {
  const places = data.shapes.input.slice(0, -1).reduce((product, size) => product * size, 1);
  const count = Math.min(WATCHED_EXAMPLES, Math.max(2, Math.floor(WATCHED_PLACES / places)));
  const { inputs, targets } = await firstExamples(data, count);
  const steps = epochs * batchCount(data.size, batchSize);
  return watchTraining(model, {
    inputs,
    targets,
    loss: tasks[task].loss,
    every: Math.max(2, Math.round(steps / WATCHES)),
  });
}
