import { cpu } from "@convlens/backend-cpu";
import type { TrainAndTest } from "@convlens/datasets";
import { build, setWeights, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { readCheckpoint, type Progress } from "@convlens/training";
import { data, models } from "./catalogue.ts";
import { choice } from "./options.ts";
import { RunFolder, type RunSettings } from "./runFolder.ts";

/** A net as a run has left it. */
export interface TrainedModel {
  readonly folder: RunFolder;
  readonly settings: RunSettings;
  readonly sets: TrainAndTest;
  readonly model: Layer;
  readonly progress: Progress;
}

/** Loads the net of a run, and its data. */
export async function loadRun(path: string): Promise<TrainedModel> {
  const folder = new RunFolder(path);
  const settings = await folder.settings();
  const { weights, progress } = readCheckpoint(await folder.readCheckpoint());
  useBackend(await cpu());
  const sets = await choice("data set", settings.data, data).load();
  const model = build(choice("model", settings.model, models)(sets.train.classes.length), sets.train.shape);
  setWeights(model, weights);
  return { folder, settings, sets, model, progress };
}
