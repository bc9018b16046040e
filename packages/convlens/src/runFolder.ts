import { access, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { HealthRecord, TrainingHealth } from "@convlens/analysis";
import {
  arrayField,
  ConvlensError,
  numberField,
  numberAbove,
  numberFrom,
  objectField,
  optionalField,
  seedOption,
  textField,
  UsageError,
  wholeFrom,
  wrongField,
  oneOf,
  type OptionCheck,
  type OptionChecks,
  type Shape,
} from "@convlens/backend";
import type { ImageFit } from "@convlens/datasets";
import type { EpochRecord } from "@convlens/training";
import { messageOf, reasonOf, saveFile } from "./fileErrors.ts";
import { FolderLock } from "./folderLock.ts";
import { CommandLineError } from "./options.ts";
import { readRegular } from "./readRegular.ts";
import { tasks, type TaskName } from "./tasks.ts";

/** How the images of a folder become examples. */
export interface FolderSettings {
  /** How images of another shape fit the input. */
  readonly fit: ImageFit;
  /** Share of the examples to test on. */
  readonly validation: number;
  /** Values of the pixels of masks, in the order of the classes. */
  readonly labels?: readonly number[] | undefined;
  /** Mean and deviation of each number of a regression. The model learns how many deviations a number is from its mean. */
  readonly means?: readonly number[] | undefined;
  readonly deviations?: readonly number[] | undefined;
}

/** Settings of a run, with which it can be resumed, and its model used without the data. */
export interface RunSettings {
  /** A data set by name, or the absolute path of a folder. */
  readonly data: string;
  readonly task: TaskName;
  /** Shape of one input. */
  readonly input: Shape;
  /** Names of the classes; of a regression, of the numbers; of reconstructions, of the channels. */
  readonly classes: readonly string[];
  /** Settings of a folder of images. */
  readonly folder?: FolderSettings | undefined;
  /** Names of random changes of the training examples. */
  readonly augment: string;
  /** Pretrained weights that it began with. */
  readonly from?: string | undefined;
  /** Paths of the parameters that stay as they are. */
  readonly freeze: readonly string[];
  readonly model: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly optimizer: string;
  readonly seed: number;
}

/** The history of a run, as its folder stores it. */
export interface RunHistory extends TrainingHealth {
  readonly epochs: readonly EpochRecord[];
}

/** The most numbers of an example that a backend has memory for. */
export const LARGEST_INPUT: number = 2 ** 28;

/** Accepts shapes of inputs. */
const shapeField: OptionCheck = (value) =>
  arrayField(wholeFrom(1))(value) ??
  ((value as Shape).reduce((product, size) => product * size, 1) > LARGEST_INPUT
    ? `a shape of at most ${LARGEST_INPUT} numbers`
    : undefined);

/** Checks of {@link RunSettings}, in files and on the command line. */
export const settingChecks: OptionChecks<RunSettings> = {
  data: textField,
  task: oneOf(...(Object.keys(tasks) as TaskName[])),
  input: shapeField,
  classes: arrayField(textField),
  folder: optionalField(
    objectField<FolderSettings>({
      fit: oneOf("cover", "contain", "stretch"),
      validation: numberAbove(0, 1),
      labels: optionalField(arrayField(wholeFrom(0, 65_535))),
      means: optionalField(arrayField(numberFrom(-Infinity))),
      deviations: optionalField(arrayField(numberAbove(0))),
    }),
  ),
  augment: textField,
  from: optionalField(textField),
  freeze: arrayField(textField),
  model: textField,
  epochs: wholeFrom(1),
  batchSize: wholeFrom(1),
  learningRate: numberAbove(0),
  optimizer: textField,
  seed: seedOption,
};

const isSettings = objectField<RunSettings>(settingChecks);

/** Accepts numbers by name. */
const metricsField: OptionCheck = (value) =>
  typeof value === "object" && value !== null && Object.values(value).every((x) => typeof x === "number")
    ? undefined
    : "an object of numbers";

const isHistory = objectField<RunHistory>({
  chance: optionalField(numberField),
  // Only what the pages show.
  steps: arrayField(
    objectField({
      step: numberField,
      loss: numberField,
      accuracy: optionalField(numberField),
      gradientNorm: optionalField(numberField),
    }),
  ),
  records: arrayField(
    objectField<HealthRecord>({
      step: numberField,
      layers: arrayField(
        objectField({
          path: textField,
          curve: textField,
          units: numberField,
          dead: numberField,
          saturated: numberField,
        }),
      ),
      parameters: arrayField(
        objectField({ path: textField, size: numberField, gradient: numberField, updateRatio: numberField }),
      ),
    }),
  ),
  epochs: arrayField(
    objectField({
      epoch: numberField,
      step: numberField,
      loss: numberField,
      metrics: metricsField,
      validation: optionalField(objectField({ loss: numberField, metrics: metricsField })),
      examplesPerSecond: optionalField(numberField),
    }),
  ),
});

/** Size limits of the files, in bytes. */
const [LARGEST_SETTINGS, LARGEST_HISTORY] = [1e6, 500e6];
/** Size limit of a checkpoint, in bytes. */
export const LARGEST_CHECKPOINT = 2e9;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A folder `runs/<name>` with the settings, checkpoint, history and pages of a run. */
export class RunFolder {
  readonly path: string;
  readonly checkpoint: string;
  readonly report: string;
  /** The page that `convlens inspect` writes. */
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

  /** Finds the folder of a run, given by itself or by one of its files. */
  static at(path: string): RunFolder {
    return new RunFolder(/\.(safetensors|json|html)$/.test(path) ? dirname(path) : path);
  }

  /**
   * Makes and locks a folder for a new run: of this name, or with the first free number added. Two processes that do so at the
   * same time get two folders.
   */
  static async create(
    root: string,
    name: string,
    settings: RunSettings,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<{ readonly folder: RunFolder; readonly lock: FolderLock }> {
    for (let i = 1; ; i++) {
      const folder = new RunFolder(join(root, i === 1 ? name : `${name}-${i}`));
      const isTaken = async (): Promise<boolean> => !overwrite && (await exists(folder.#settings));
      await folder.#make();
      if (await isTaken()) continue;
      const lock = overwrite ? await folder.lock() : await folder.#takeLock();
      if (lock === undefined) continue;
      // Another process may have started and finished a run meanwhile.
      if (await isTaken()) {
        await lock.release();
        continue;
      }
      try {
        await folder.saveSettings(settings);
      } catch (error) {
        await lock.release();
        throw error;
      }
      return { folder, lock };
    }
  }

  /** Makes the folder and its parent, one by one: a recursive mkdir gives a wrong reason on a read-only disk. */
  async #make(): Promise<void> {
    for (const path of [dirname(this.path), this.path])
      try {
        await mkdir(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "EEXIST") continue;
        throw new ConvlensError({ problem: `the folder ${path} cannot be made: ${reasonOf(cause)}`, cause });
      }
  }

  async #takeLock(): Promise<FolderLock | undefined> {
    try {
      return await FolderLock.take(this.path);
    } catch (cause) {
      throw new ConvlensError({ problem: `nothing can be written to ${this.path}: ${reasonOf(cause)}`, cause });
    }
  }

  /**
   * Locks the folder for writing.
   *
   * @throws `UsageError` if another process is writing to it.
   */
  async lock(): Promise<FolderLock> {
    const lock = await this.#takeLock();
    if (lock === undefined)
      throw new UsageError({
        problem: `${this.path} is being written by another convlens train`,
        fix: `wait for it, or choose another --name (if that process has ended, delete ${FolderLock.pathIn(this.path)})`,
      });
    return lock;
  }

  saveSettings(settings: RunSettings): Promise<void> {
    return saveFile(this.#settings, `${JSON.stringify(settings, null, 2)}\n`);
  }

  /** Reads the settings. */
  async settings(): Promise<RunSettings> {
    let text: string;
    try {
      text = (await readRegular(this.#settings, LARGEST_SETTINGS)).toString();
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw new CommandLineError(
        isMissing
          ? `${this.path} is not the folder of a run: it has no run.json; check the path, or train a run: convlens train mnist`
          : `${this.#settings} cannot be read: ${reasonOf(error)}`,
      );
    }
    return parsed<RunSettings>(this.#settings, text, isSettings, "train it again");
  }

  saveHistory(history: RunHistory): Promise<void> {
    // JSON has no numbers that are not finite; they are read back as NaN.
    return saveFile(this.#history, `${JSON.stringify(history)}\n`);
  }

  /** Reads the history, if there is one. */
  async readHistory(): Promise<RunHistory | undefined> {
    let text: string;
    try {
      text = (await readRegular(this.#history, LARGEST_HISTORY)).toString();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new ConvlensError({ problem: `${this.#history} cannot be read: ${reasonOf(error)}`, cause: error });
    }
    return parsed<RunHistory>(this.#history, text, isHistory, "delete it to continue without it", (value) =>
      value === null ? NaN : value,
    );
  }

  /** The last checkpoint. */
  async readCheckpoint(): Promise<Uint8Array> {
    try {
      return await readRegular(this.checkpoint, LARGEST_CHECKPOINT);
    } catch (error) {
      throw new CommandLineError(`${this.path} has no checkpoint that can be read: ${reasonOf(error)}`);
    }
  }
}

/** Parses JSON and checks its form, or throws a `ConvlensError` that says what is wrong. */
function parsed<T>(
  path: string,
  text: string,
  check: OptionCheck,
  fix: string,
  revive: (value: unknown) => unknown = (value) => value,
): T {
  let value: unknown;
  try {
    value = JSON.parse(text, (_, inner: unknown) => revive(inner));
  } catch (cause) {
    throw new ConvlensError({ problem: `${path} is damaged: it is not JSON (${messageOf(cause)})`, fix, cause });
  }
  const wrong = wrongField("its content", value, check);
  if (wrong !== undefined) throw new ConvlensError({ problem: `${path} is damaged: ${wrong}`, fix });
  return value as T;
}
