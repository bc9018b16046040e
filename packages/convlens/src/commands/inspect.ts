import { statisticsOf, type Statistics } from "@convlens/analysis";
import { subset } from "@convlens/datasets";
import { activations, weightsOf } from "@convlens/layers";
import { ConvlensError, type Shape } from "@convlens/backend";
import { access, constants, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { reasonOf, saveFile } from "../fileErrors.ts";
import { imageToInput } from "../images/imageToInput.ts";
import { looksInverted } from "../images/looksInverted.ts";
import { openImage } from "../images/openImage.ts";
import type { Pixels } from "../images/pixels.ts";
import { makeInspection } from "../inspection/inspection.ts";
import { remarksOf } from "../inspection/overview.ts";
import { className, subjectOf, type ImageFile, type InspectedRun, type Subject } from "../inspection/subject.ts";
import { CommandLineError, numberOption, onlyWord, parse } from "../options.ts";
import { printable } from "../printable.ts";
import { titleOf } from "../titleOf.ts";
import { loadRun, modelHelp, modelOptions } from "../trainedModel.ts";

const help = `convlens inspect runs/<name> [options]

  What the net of a run holds, and what each of its layers makes of one input; and a page to look at, with filters, maps,
  patches, explanations, attacks, codes and all other ways of looking. The run is given by its folder or its checkpoint.

  --image <file>       the input: a PNG or JPEG file, made to fit the net
  --invert             black and white of that file are exchanged
  --example <n>        the input: example n of the test set (0)
  --output <file>      where the page goes (inspection.html in the folder of the run)
  --no-report          no page, only what is printed
${modelHelp}
  --json               one JSON object on stdout, and nothing else
`;

/** Prints what a net holds and what it makes of an input, and writes a page about it. */
export async function inspect(args: readonly string[]): Promise<number> {
  const parsed = parse(
    args,
    {
      ...modelOptions,
      image: { type: "string" },
      invert: { type: "boolean" },
      example: { type: "string" },
      output: { type: "string" },
      "no-report": { type: "boolean" },
      json: { type: "boolean" },
    },
    help,
  );
  if (parsed === undefined) return 0;
  const { values, words } = parsed;
  const path = onlyWord(words, "the folder of a run");
  if (values.image !== undefined && values.example !== undefined)
    throw new CommandLineError("--image and --example both say what the input is; give one of them");
  if (values.invert && values.image === undefined)
    throw new CommandLineError("--invert exchanges black and white of an image; give one with --image");
  if (values.output === "") throw new CommandLineError("--output needs the name of a file");
  if (values.output !== undefined && values["no-report"])
    throw new CommandLineError(
      "--output says where the page goes, and --no-report that there is none; give one of them",
    );
  // Before the net is loaded: what is wrong with a file is said at once.
  const pixels = values.image === undefined ? undefined : await openImage(values.image);
  const loaded = await loadRun(path, values);
  const report = values["no-report"] ? undefined : (values.output ?? loaded.folder.inspection);
  if (report !== undefined) await checkWritable(report);
  const trained = { ...loaded, history: report === undefined ? undefined : await loaded.folder.readHistory() };
  const subject =
    pixels === undefined
      ? await exampleOf(trained, numberOption("example", values.example, 0))
      : await imageOf(trained, pixels, basename(values.image!), values.invert ?? false);
  const found = await findings(subject);
  if (values.json) process.stdout.write(`${JSON.stringify({ ...found, ...(report !== undefined && { report }) })}\n`);
  else process.stdout.write(printable(`${told(subject, found).join("\n")}\n`));
  if (report === undefined) return 0;
  const page = await makeInspection(subject, (done, all) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2Klooking: ${done} of ${all}`);
  });
  await saveFile(report, page);
  process.stderr.write(`${process.stderr.isTTY ? "\r\x1b[2K" : ""}report: ${report}\n`);
  return 0;
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Refuses a place for the page before it is made, which takes long. */
async function checkWritable(report: string): Promise<void> {
  try {
    if (await isFolder(report)) throw Object.assign(new Error(), { code: "EISDIR" });
    await access(dirname(report), constants.W_OK);
  } catch (cause) {
    throw new ConvlensError(`${report} cannot be written: ${reasonOf(cause)}; or name another file with --output`, {
      cause,
    });
  }
}

/** An example of the test set. */
function exampleOf(trained: InspectedRun, index: number): Promise<Subject> {
  const { inputs, scale, classes, labels } = subset(trained.sets.test, [index]);
  return subjectOf(
    trained,
    `example ${index}, a “${classes[labels[0]!]}”`,
    Float32Array.from(inputs, (x) => x * scale),
    { label: labels[0]! },
  );
}

/** The longest side of the picture of a file on the page. */
const PREVIEW = 280;

/** A file as the input of the net. */
function imageOf(trained: InspectedRun, pixels: Pixels, name: string, isInverted: boolean): Promise<Subject> {
  const { test, train } = trained.sets;
  const input = imageToInput(pixels, test.shape, { invert: isInverted });
  const size =
    pixels.orientation >= 5 ? ([pixels.width, pixels.height] as const) : ([pixels.height, pixels.width] as const);
  const factor = Math.min(1, PREVIEW / Math.max(...size));
  const preview = imageToInput(pixels, [...size.map((side) => Math.max(1, Math.round(side * factor))), 3]);
  const file: ImageFile = { name, size, preview, input, inversion: looksInverted(input, train), isInverted };
  return subjectOf(trained, name, input.values, { file });
}

interface Row extends Statistics {
  readonly name: string;
  readonly shape: Shape;
}

/** All that is printed, as data. */
async function findings(subject: Subject) {
  const { model, x, settings, progress, answer, shares, file, sets, inputName } = subject;
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
    step: progress.step,
    input: inputName,
    ...(file && { image: { file: file.name, changes: file.input.changes, looksInverted: file.inversion.isInverted } }),
    answer: sets.test.classes[answer] ?? `${answer}`,
    shares,
    weights,
    activations: maps,
  };
}

function told(subject: Subject, { weights, activations: maps }: Awaited<ReturnType<typeof findings>>): string[] {
  const { settings, progress, inputName, answer, shares } = subject;
  return [
    `${titleOf(settings.model)} on ${settings.data} after ${progress.step} steps`,
    "",
    ...rowsOf(weights),
    "",
    `${inputName}: taken for ${className(subject, answer)}, with ${(100 * shares[answer]!).toFixed(1)} %`,
    ...remarksOf(subject).map((text) => `  ${text}`),
    ...rowsOf(maps),
  ];
}

function rowsOf(rows: readonly Row[]): string[] {
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
