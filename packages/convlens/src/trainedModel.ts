import { cpu } from "@convlens/backend-cpu";
import type { TrainAndTest } from "@convlens/datasets";
import { build, setWeights, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { readCheckpoint, type Progress } from "@convlens/training";
import { data, isModule, modelId, modelNamed, optimizers, type MakeModel } from "./catalogue.ts";
import { choice, CommandLineError } from "./options.ts";
import { RunFolder, type RunSettings } from "./runFolder.ts";

/** A net as a run has left it. */
export interface TrainedModel {
  readonly folder: RunFolder;
  readonly settings: RunSettings;
  readonly sets: TrainAndTest;
  readonly model: Layer;
  /** Makes another model like it, untrained. */
  readonly make: MakeModel;
  readonly progress: Progress;
}

/** What the command line says about the model of a run. */
export interface ModelOptions {
  /** In place of the model that the folder names. */
  readonly model?: string | undefined;
  /** Whether a module that the folder names may be run. */
  readonly trust?: boolean | undefined;
}

/** The options of {@link ModelOptions}, for `parse`. */
export const modelOptions = { model: { type: "string" }, trust: { type: "boolean" } } as const;

/** Their help. */
export const modelHelp = `  --model <name>       the model, in place of the one that the folder names: a name or a module
  --trust              run the module that the folder names: only for folders whose origin you trust`;

/**
 * The model of a run. Importing a module runs its code, and a run folder may come from anybody: so that happens only if the
 * command line says so.
 */
export function modelOfRun({ path }: RunFolder, settings: RunSettings, { model, trust }: ModelOptions): string {
  if (model !== undefined) return modelId(model);
  if (isModule(settings.model) && !trust)
    throw new CommandLineError(
      `the model of ${path} is the module ${settings.model}, whose code would run; name the module yourself with --model <file>, or give --trust if you trust the folder`,
    );
  return settings.model;
}

/** Loads the net of a run, given by its folder or its checkpoint, and its data. */
export async function loadRun(path: string, options: ModelOptions): Promise<TrainedModel> {
  const folder = RunFolder.at(path);
  const found = await folder.settings();
  const settings = { ...found, model: modelOfRun(folder, found, options) };
  const { weights, progress } = readCheckpoint(await folder.readCheckpoint());
  const named = choice("data set", settings.data, data);
  // Asked for by a chapter of the page that is made late.
  choice("optimizer", settings.optimizer, optimizers);
  const make = await modelNamed(settings.model);
  useBackend(await cpu());
  const sets = await named.load();
  const model = build(make(sets.train.classes.length), sets.train.shape);
  setWeights(model, weights);
  return { folder, settings, sets, model, make, progress };
}
