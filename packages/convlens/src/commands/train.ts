import type { Backend } from "@convlens/backend";
import { watchTraining, type TrainingWatch } from "@convlens/analysis";
import { batches, subset, type Dataset } from "@convlens/datasets";
import { build, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { fit, oneCycle, type EpochRecord, type StepRecord } from "@convlens/training";
import { writeFileAtomic } from "@convlens/training/node";
import { backends, data, modelId, modelNamed, models, optimizers } from "../catalogue.ts";
import { choice, CommandLineError, numberOption, parse } from "../options.ts";
import { ProgressBar } from "../progressBar.ts";
import { makeReport } from "../report/report.ts";
import { RunFolder, type RunHistory, type RunSettings } from "../runFolder.ts";
import { titleOf } from "../titleOf.ts";

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
  --name <name>        of the folder in runs/ (<data>-<model>)
  --overwrite          use that folder even if there is a run in it
  --resume <folder>    go on with a run that was stopped
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
      backend: { type: "string" },
      json: { type: "boolean" },
    },
    help,
  );
  if (parsed === undefined) return 0;
  const { values, words } = parsed;
  const backend = choice("backend", values.backend ?? "cpu", backends);
  if (values.resume !== undefined) {
    const folder = new RunFolder(values.resume);
    const before = await folder.settings();
    const settings = { ...before, epochs: numberOption("epochs", values.epochs, before.epochs, { least: 1 }) };
    return run(folder, settings, { backend, json: values.json ?? false, resume: await folder.readCheckpoint() });
  }
  const [name] = words;
  if (name === undefined || words.length > 1)
    throw new CommandLineError(`expected one data set, got ${words.length}\n\n${help}`);
  const settings: RunSettings = {
    data: name,
    model: modelId(values.model ?? choice("data set", name, data).model),
    epochs: numberOption("epochs", values.epochs, 3, { least: 1 }),
    batchSize: numberOption("batch-size", values["batch-size"], 8, { least: 1 }),
    rate: numberOption("rate", values.rate, 0.002, { whole: false }),
    optimizer: values.optimizer ?? "adam",
    seed: numberOption("seed", values.seed, 1, { most: 2 ** 32 - 1 }),
  };
  await modelNamed(settings.model);
  choice("optimizer", settings.optimizer, optimizers);
  const folder = await RunFolder.create(
    "runs",
    values.name ?? `${settings.data}-${titleOf(settings.model)}`,
    settings,
    {
      overwrite: values.overwrite ?? false,
    },
  );
  return run(folder, settings, { backend, json: values.json ?? false });
}

/** How a run is carried out. */
interface RunOptions {
  readonly backend: () => Promise<Backend>;
  readonly json: boolean;
  readonly resume?: Uint8Array;
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

async function run(
  folder: RunFolder,
  settings: RunSettings,
  { backend: makeBackend, json, resume }: RunOptions,
): Promise<number> {
  const backend = await makeBackend();
  useBackend(backend);
  const bar = new ProgressBar(settings.epochs);
  const named = choice("data set", settings.data, data);
  const sets = await named.load();
  const model = build((await modelNamed(settings.model))(sets.train.classes.length), sets.train.shape, {
    seed: settings.seed,
  });
  bar.line(
    `${titleOf(settings.model)} on ${settings.data}: ${sets.train.size} examples to learn from, ${sets.test.size} to test on; backend ${backend.name}`,
  );

  const training = fit(model, sets.train, {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    optimizer: choice("optimizer", settings.optimizer, optimizers)(),
    rate: oneCycle(settings.rate),
    seed: settings.seed,
    test: sets.test,
    resume,
    ...(named.augment && { augment: named.augment }),
  });
  const past = resume === undefined ? undefined : await folder.readHistory();
  const watch = await watchFit(model, sets.train, settings);
  const history = (): RunHistory => ({
    chance: watch.chance,
    steps: [...(past?.steps ?? []), ...watch.steps],
    records: [...(past?.records ?? []), ...watch.records],
    epochs: [...(past?.epochs ?? []), ...epochs],
  });
  const save = async (): Promise<void> => {
    await writeFileAtomic(folder.checkpoint, await training.checkpoint());
    await folder.saveHistory(history());
  };
  const stop = { asked: false };
  const onSignal = (): void => {
    stop.asked = true;
  };
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
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
            `test accuracy ${(100 * record.testAccuracy!).toFixed(2)} %, ${Math.round(record.imagesPerSecond)} images/s`,
        );
        if (json)
          process.stdout.write(
            `${JSON.stringify({ ...record, epoch: record.epoch + 1, backend: backend.name, checkpoint: folder.checkpoint })}\n`,
          );
      }
      if (stop.asked) {
        await save();
        bar.line(`stopped after step ${record.step}; go on with: convlens train --resume ${folder.path}`);
        return 130;
      }
    }
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
  await folder.saveSettings(settings);
  await writeFileAtomic(
    folder.report,
    await makeReport({ settings, model, sets, steps, epochs, backend: backend.name }),
  );
  bar.line(`report: ${folder.report}`);
  return 0;
}
