import { access, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TrainingHealth } from "@convlens/analysis";
import type { EpochRecord } from "@convlens/training";
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

/** How a run has learned, as its folder keeps it. */
export interface RunHistory extends TrainingHealth {
  readonly epochs: readonly EpochRecord[];
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A folder `runs/<name>`: settings, checkpoint, how it learned, reports. */
export class RunFolder {
  readonly path: string;
  readonly checkpoint: string;
  readonly report: string;
  /** What `convlens inspect` writes. */
  readonly inspection: string;
  readonly #settings: string;
  readonly #history: string;

  constructor(path: string) {
    this.path = path;
    this.checkpoint = join(path, "checkpoint.safetensors");
    this.report = join(path, "report.html");
    this.inspection = join(path, "inspection.html");
    this.#settings = join(path, "run.json");
    this.#history = join(path, "history.json");
  }

  /** That of a run, or of one of its files. */
  static at(path: string): RunFolder {
    return new RunFolder(/\.(safetensors|json|html)$/.test(path) ? dirname(path) : path);
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

  saveHistory(history: RunHistory): Promise<void> {
    // JSON knows no numbers that are not finite; they come back as NaN.
    return writeFileAtomic(this.#history, `${JSON.stringify(history)}\n`);
  }

  /** How it has learned so far, if that was kept. */
  async readHistory(): Promise<RunHistory | undefined> {
    try {
      const text = await readFile(this.#history, "utf8");
      return JSON.parse(text, (_, value: unknown) => (value === null ? NaN : value)) as RunHistory;
    } catch {
      return undefined;
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
