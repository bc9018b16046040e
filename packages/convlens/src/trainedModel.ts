import { cpu } from "@convlens/backend-cpu";
import type { Classification, TrainAndTest } from "@convlens/datasets";
import { build, setWeights, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { readCheckpoint } from "@convlens/training";
import { isModule, modelId, modelNamed, optimizers, type MakeModel } from "./catalogue.ts";
import { openData, type Examples } from "./openData.ts";
import { choice, CommandLineError, type Settings } from "./options.ts";
import { RunFolder, type RunSettings } from "./runFolder.ts";

/** The model of a run. */
export interface LoadedModel {
  readonly folder: RunFolder;
  readonly settings: RunSettings;
  readonly model: Layer;
  /** Makes an untrained model of the same kind. */
  readonly make: MakeModel;
  /** Number of steps trained. */
  readonly step: number;
}

/** The model of a run, with its data. */
export interface TrainedModel<D extends Examples = Classification> extends LoadedModel {
  readonly sets: TrainAndTest<D>;
}

/** A model whose examples have one class each. */
export const isClassifier = <R extends TrainedModel<Examples>>(run: R): run is R & TrainedModel =>
  run.settings.task === "classify";

/** Options of commands that load the model of a run. */
export const modelOptions = {
  model: {
    type: "text",
    value: "name",
    about: "use this model instead of the one that the folder names: a name or a module",
  },
  trust: {
    type: "flag",
    about: "run the module that the folder names as its model; only for folders whose origin you trust",
  },
} as const;
/** The values of {@link modelOptions}. */
export type ModelSettings = Settings<typeof modelOptions>;

/**
 * Returns the name of a run's model. Importing a module runs its code, and a run folder may come from anywhere: a module that
 * only the folder names is refused, unless the command line trusts it.
 */
export function modelOfRun({ path }: RunFolder, settings: RunSettings, { model, trust }: ModelSettings): string {
  if (model !== undefined) return modelId(model);
  if (isModule(settings.model) && !trust)
    throw new CommandLineError(
      `the model of ${path} is the module ${settings.model}, whose code would run; name the module with --model <file>, or pass --trust if you trust the folder`,
    );
  return settings.model;
}

/** Loads the model of a run, given by its folder or by one of its files. */
export async function loadModel(path: string, options: ModelSettings): Promise<LoadedModel> {
  const folder = RunFolder.at(path);
  const found = await folder.settings();
  const settings = { ...found, model: modelOfRun(folder, found, options) };
  const { model: weights, progress } = readCheckpoint(await folder.readCheckpoint());
  // Checked early: the page needs it only after minutes.
  choice("optimizer", settings.optimizer, optimizers);
  const make = await modelNamed(settings.model);
  useBackend(await cpu());
  const model = build(make(settings.classes.length, settings.input), settings.input);
  setWeights(model, weights);
  return { folder, settings, model, make, step: progress.step };
}

/** Loads the model and the data of a run, and calls `use` with both. */
export async function withRun<R>(
  path: string,
  options: ModelSettings,
  use: (run: TrainedModel<Examples>) => Promise<R>,
): Promise<R> {
  const loaded = await loadModel(path, options);
  const { sets, dispose } = await openData(loaded.settings);
  try {
    return await use({ ...loaded, sets });
  } finally {
    dispose();
  }
}
