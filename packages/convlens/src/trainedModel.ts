import { cpu } from "@convlens/backend-cpu";
import type { TrainAndTest } from "@convlens/datasets";
import { build, setWeights, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { readCheckpoint } from "@convlens/training";
import { data, isModule, modelId, modelNamed, optimizers, type MakeModel } from "./catalogue.ts";
import { choice, CommandLineError, type Settings } from "./options.ts";
import { RunFolder, type RunSettings } from "./runFolder.ts";

/** The model of a run, with its data. */
export interface TrainedModel {
  readonly folder: RunFolder;
  readonly settings: RunSettings;
  readonly sets: TrainAndTest;
  readonly model: Layer;
  /** Makes an untrained model of the same kind. */
  readonly make: MakeModel;
  /** Number of steps trained. */
  readonly step: number;
}

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

/** Loads the model and the data of a run, given by its folder or by one of its files. */
export async function loadRun(path: string, options: ModelSettings): Promise<TrainedModel> {
  const folder = RunFolder.at(path);
  const found = await folder.settings();
  const settings = { ...found, model: modelOfRun(folder, found, options) };
  const { weights, progress } = readCheckpoint(await folder.readCheckpoint());
  const named = choice("data set", settings.data, data);
  // Checked early: the page needs it only after minutes.
  choice("optimizer", settings.optimizer, optimizers);
  const make = await modelNamed(settings.model);
  useBackend(await cpu());
  const sets = await named.load();
  const model = build(make(sets.train.classes.length), sets.train.shapes.input);
  setWeights(model, weights);
  return { folder, settings, sets, model, make, step: progress.step };
}
