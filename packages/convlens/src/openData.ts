import type { SizedDataset, TrainAndTest } from "@convlens/datasets";
import { data } from "./catalogue.ts";
import { openFolder } from "./openFolder.ts";
import { choice } from "./options.ts";
import type { FolderSettings, RunSettings } from "./runFolder.ts";

/** Examples with names for what the model answers with; see `classes` of {@link RunSettings}. */
export interface Examples extends SizedDataset {
  readonly classes: readonly string[];
}

/** Data that were opened. */
export interface OpenedData {
  readonly sets: TrainAndTest<Examples>;
  /** The settings of a folder, with what was found in it. */
  readonly folder?: FolderSettings;
  /** Ends the threads that read files. */
  readonly dispose: () => void;
}

/** The settings that decide what the examples are. */
export type DataSettings = Pick<RunSettings, "data" | "task" | "folder" | "seed"> & {
  /** Height, width and channels of the images of a folder. */
  readonly input?: RunSettings["input"] | undefined;
};

/**
 * Opens a data set by its name, or a folder of images.
 *
 * @throws `CommandLineError` for an unknown name or a folder that cannot be read.
 */
export async function openData(settings: DataSettings): Promise<OpenedData> {
  if (settings.folder !== undefined) return openFolder(settings);
  return { sets: await choice("data set", settings.data, data).load(), dispose: () => undefined };
}
