import { cpu } from "@convlens/backend-cpu";
import type { TrainAndTest } from "@convlens/datasets";
import { build, setWeights, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { readCheckpoint, type Progress } from "@convlens/training";
import { data, modelNamed } from "./catalogue.ts";
import { choice } from "./options.ts";
import { RunFolder, type RunHistory, type RunSettings } from "./runFolder.ts";

/** A net as a run has left it. */
export interface TrainedModel {
  readonly folder: RunFolder;
  readonly settings: RunSettings;
  readonly sets: TrainAndTest;
  readonly model: Layer;
  readonly progress: Progress;
  /** How it learned; `undefined` for a run of a time when that was not kept. */
  readonly history: RunHistory | undefined;
}

/** Loads the net of a run, given by its folder or its checkpoint, and its data. */
export async function loadRun(path: string): Promise<TrainedModel> {
  const folder = RunFolder.at(path);
  const settings = await folder.settings();
  const { weights, progress } = readCheckpoint(await folder.readCheckpoint());
  useBackend(await cpu());
  const sets = await choice("data set", settings.data, data).load();
  const model = build((await modelNamed(settings.model))(sets.train.classes.length), sets.train.shape);
  setWeights(model, weights);
  return { folder, settings, sets, model, progress, history: await folder.readHistory() };
}
