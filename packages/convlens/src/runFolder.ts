import { access, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@convlens/training/node";
import { CommandLineError } from "./options.ts";

/** What a run was asked for: enough to go on with it. */
export interface RunSettings {
  readonly data: string;
  readonly model: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly rate: number;
  readonly optimizer: string;
  readonly seed: number;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A folder `runs/<name>`: settings, checkpoint, report. */
export class RunFolder {
  readonly path: string;
  readonly checkpoint: string;
  readonly report: string;
  readonly #settings: string;

  constructor(path: string) {
    this.path = path;
    this.checkpoint = join(path, "checkpoint.safetensors");
    this.report = join(path, "report.html");
    this.#settings = join(path, "run.json");
  }

  /** A new folder for a run: of this name, or of the first free one like it. */
  static async create(
    root: string,
    name: string,
    settings: RunSettings,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<RunFolder> {
    const isTaken = (at: RunFolder): Promise<boolean> => (overwrite ? Promise.resolve(false) : exists(at.#settings));
    let folder = new RunFolder(join(root, name));
    for (let i = 2; await isTaken(folder); i++) folder = new RunFolder(join(root, `${name}-${i}`));
    await mkdir(folder.path, { recursive: true });
    await folder.saveSettings(settings);
    return folder;
  }

  saveSettings(settings: RunSettings): Promise<void> {
    return writeFileAtomic(this.#settings, `${JSON.stringify(settings, null, 2)}\n`);
  }

  /** What the run was asked for. */
  async settings(): Promise<RunSettings> {
    try {
      return JSON.parse(await readFile(this.#settings, "utf8")) as RunSettings;
    } catch (error) {
      throw new CommandLineError(
        `${this.path} is no run: ${(error as Error).message}; train one first: convlens train mnist`,
      );
    }
  }

  /** The last checkpoint. */
  async readCheckpoint(): Promise<Uint8Array> {
    try {
      return await readFile(this.checkpoint);
    } catch (error) {
      throw new CommandLineError(`${this.path} has no checkpoint yet: ${(error as Error).message}`);
    }
  }
}
