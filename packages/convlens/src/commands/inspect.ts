import { access, constants, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { statisticsOf, type Statistics } from "@convlens/analysis";
import { ConvlensError, ValueError, wholeFrom, type Shape } from "@convlens/backend";
import type { Pixels } from "@convlens/datasets/node";
import { activations, weightsOf } from "@convlens/layers";
import { command, type Command } from "../command.ts";
import { inMemory } from "../examples.ts";
import { reasonOf, saveFile } from "../fileErrors.ts";
import { imageToInput } from "../images/imageToInput.ts";
import { looksInverted } from "../images/looksInverted.ts";
import { openImage } from "../images/openImage.ts";
import { CommandLineError, jsonOption, onlyWord, type Settings } from "../options.ts";
import { printable } from "../printable.ts";
import { remarksOf } from "../sections/input.ts";
import { inspectionSections, makePage, runTitle } from "../sections/pages.ts";
import { className, exampleSubject, subjectOf, type InspectedRun, type Subject } from "../sections/subject.ts";
import { isClassifier, modelOptions, withRun, type LoadedModel } from "../trainedModel.ts";

const options = {
  image: { type: "text", value: "file", about: "input: a PNG or JPEG file, fitted to the model" },
  invert: { type: "flag", about: "exchange black and white of that file" },
  example: { type: "number", value: "n", default: 0, check: wholeFrom(0), about: "input: example n of the test set" },
  output: { type: "text", value: "file", about: "file of the page (inspection.html in the folder of the run)" },
  noReport: { type: "flag", about: "write no page" },
  ...modelOptions,
  json: jsonOption,
} as const;

/** Prints the weights of a model and its activations for one input, and writes a page about it. */
export const inspect: Command = command({
  about: "show what a trained model has learned and how it processes one input",
  usage: ["inspect runs/<name> [options]"],
  details:
    "It prints statistics of weights and activations, and writes a page with filters, activation maps, explanations, attacks, embeddings and more. The run is given by its folder or its checkpoint.",
  options,
  async run({ words, settings, given }) {
    const path = onlyWord(words, "the folder of a run");
    checkCombination(settings, given);
    // Before the model is loaded, so that a wrong file is reported at once.
    const image = settings.image === undefined ? undefined : await readImageFile(settings.image);
    return withRun(path, settings, async (loaded) => {
      if (!isClassifier(loaded)) throw notClassifier(loaded);
      const last = loaded.sets.test.size - 1;
      if (settings.example > last)
        throw new CommandLineError(`--example: expected a whole number from 0 to ${last}, got ${settings.example}`);
      const report = settings.noReport ? undefined : (settings.output ?? loaded.folder.inspection);
      if (report !== undefined) await checkWritable(report);
      const trained = {
        ...loaded,
        sets: { ...loaded.sets, test: await inMemory(loaded.sets.test) },
        history: report === undefined ? undefined : await loaded.folder.readHistory(),
      };
      const subject =
        image === undefined
          ? await exampleSubject(trained, settings.example)
          : await imageSubject(trained, image, settings.invert);
      const found = await findings(subject);
      process.stdout.write(
        settings.json
          ? `${JSON.stringify({ ...found, ...(report !== undefined && { report }) })}\n`
          : printable(`${linesOf(subject, found).join("\n")}\n`),
      );
      if (report !== undefined) await writePage(report, subject);
      return 0;
    });
  },
});

/** The error for a run that has no class for each image. */
const notClassifier = ({ folder, settings }: LoadedModel): CommandLineError =>
  new CommandLineError(
    `inspect explains classes of images, and the task of ${folder.path} is to ${settings.task}; its report is ${folder.report}, and convlens predict answers for files`,
  );

/** Refuses options that contradict each other. */
function checkCombination(
  { image, invert, output, noReport }: Settings<typeof options>,
  given: ReadonlySet<string>,
): void {
  if (image !== undefined && given.has("example"))
    throw new CommandLineError("--image and --example both choose the input; give one of them");
  if (invert && image === undefined)
    throw new CommandLineError("--invert exchanges black and white of an image; give one with --image");
  if (output === "") throw new CommandLineError("--output needs the name of a file");
  if (output !== undefined && noReport)
    throw new CommandLineError("--output names the file of the page, and --no-report writes none; give one of them");
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Refuses a file that cannot be written, before the page is made, which takes minutes. */
async function checkWritable(report: string): Promise<void> {
  try {
    if (await isFolder(report)) throw Object.assign(new Error(), { code: "EISDIR" });
    await access(dirname(report), constants.W_OK);
  } catch (cause) {
    throw new ConvlensError({
      problem: `${report} cannot be written: ${reasonOf(cause)}`,
      fix: "name another file with --output",
      cause,
    });
  }
}

/** Largest side of the preview of an image on the page. */
const PREVIEW = 280;

const readImageFile = async (path: string) => ({ name: basename(path), pixels: await openImage(path) });

/** Makes an image file the input of the model. */
async function imageSubject(
  trained: InspectedRun,
  { name, pixels }: { readonly name: string; readonly pixels: Pixels },
  invert: boolean,
): Promise<Subject> {
  const { test, train } = trained.sets;
  const input = imageToInput(pixels, test.shapes.input, { invert, fit: trained.settings.folder?.fit });
  const size =
    pixels.orientation >= 5 ? ([pixels.width, pixels.height] as const) : ([pixels.height, pixels.width] as const);
  const factor = Math.min(1, PREVIEW / Math.max(...size));
  const preview = imageToInput(pixels, [...size.map((side) => Math.max(1, Math.round(side * factor))), 3]);
  const file = { name, size, preview, input, inversion: await looksInverted(input, train), isInverted: invert };
  return subjectOf(trained, name, input.values, { file });
}

interface Row extends Statistics {
  readonly name: string;
  readonly shape: Shape;
}

/** Collects all that is printed. */
async function findings({ model, x, settings, step, answer, probabilities, file, sets, inputName }: Subject) {
  if (answer < 0)
    throw new ValueError({
      problem: `the outputs of the model for ${inputName} are not finite, so there is nothing to explain`,
      fix: "train it again with a lower learning rate",
    });
  const weights = [...(await weightsOf(model))].map(([name, { shape, values }]): Row => ({
    name,
    shape,
    ...statisticsOf(values),
  }));
  const maps = (await activations(model, x)).map(({ path: name, type, shape, values }): Row => ({
    name: `${name} ${type}`.trim(),
    shape,
    ...statisticsOf(values),
  }));
  return {
    settings,
    step,
    input: inputName,
    ...(file && { image: { file: file.name, changes: file.input.changes, looksInverted: file.inversion.isInverted } }),
    answer: sets.test.classes[answer] ?? `${answer}`,
    probabilities,
    weights,
    activations: maps,
  };
}

function linesOf(subject: Subject, { weights, activations: maps }: Awaited<ReturnType<typeof findings>>): string[] {
  const { step, inputName, answer, confidence } = subject;
  return [
    `${runTitle(subject)} after ${step} steps`,
    "",
    ...tableOf(weights),
    "",
    `${inputName}: predicted ${className(subject, answer)}, with ${(100 * confidence).toFixed(1)} %`,
    ...remarksOf(subject).map((text) => `  ${text}`),
    ...tableOf(maps),
  ];
}

function tableOf(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const shapes = Math.max(...rows.map(({ shape }) => shape.join(" × ").length), 5);
  const cell = (x: number): string => `${+x.toPrecision(3)}`.padStart(11);
  return [
    `${"".padEnd(width)}  ${"shape".padEnd(shapes)}       mean  deviation   smallest    largest   zeros`,
    ...rows.map(
      (row) =>
        `${row.name.padEnd(width)}  ${row.shape.join(" × ").padEnd(shapes)}${cell(row.mean)}${cell(row.deviation)}${cell(row.smallest)}${cell(row.largest)}${`${Math.round(100 * row.zeros)} %`.padStart(8)}`,
    ),
  ];
}

async function writePage(report: string, subject: Subject): Promise<void> {
  const isTerminal = process.stderr.isTTY;
  const clear = isTerminal ? "\r\x1b[2K" : "";
  const title = `${runTitle(subject)}: ${subject.inputName}`;
  const page = await makePage(title, subject, inspectionSections, (done) => {
    if (isTerminal) process.stderr.write(`${clear}inspecting: ${done} of ${inspectionSections.length}`);
  });
  await saveFile(report, page);
  process.stderr.write(`${clear}report: ${report}\n`);
}
