import { extname, resolve } from "node:path";
import { ConvlensError } from "@convlens/backend";
import { AnswerWriter, formats, type Format } from "../answerFile.ts";
import { answerers, inputOf, outputsFor, PictureFolder, seenSize, type Asked } from "../answers.ts";
import { command, type Command } from "../command.ts";
import { imageFiles, watchImages } from "../imageFiles.ts";
import { openImage } from "../images/openImage.ts";
import { CommandLineError, nameOf, type Parsed, type Settings } from "../options.ts";
import { printable } from "../printable.ts";
import { loadModel, modelOptions, type LoadedModel } from "../trainedModel.ts";

const options = {
  format: {
    type: "text",
    value: "name",
    about: "text, csv, or json with one object on each line (by the ending of --output, else text)",
  },
  output: { type: "text", value: "file", about: "write the answers to this file" },
  images: {
    type: "text",
    value: "folder",
    about: "write the mask or the reconstruction of each image to this folder, as PNG",
  },
  watch: {
    type: "text",
    value: "folder",
    about: "answer for the images of this folder, and for each that is added, until Ctrl-C",
  },
  invert: { type: "flag", about: "exchange black and white of the images" },
  ...modelOptions,
} as const;

/** Answers for image files: classes, masks, numbers or reconstructions. */
export const predict: Command = command({
  about: "answer for image files with a trained model",
  usage: ["predict runs/<name> <file>… [options]", "predict runs/<name> --watch <folder> [options]"],
  details:
    "The run needs neither its data nor their folder. A file that cannot be read is reported, and the others are answered for; the exit code is then 1.",
  argument: ["file", "PNG and JPEG files, and folders of them"],
  options,
  async run({ words, settings }) {
    const [path, ...others] = words;
    if (path === undefined || path === "") throw new CommandLineError("expected the folder of a run, got nothing");
    checkFiles(others, settings);
    const files = await imageFiles(others);
    const format = formatOf(settings);
    if (settings.output !== undefined && files.some((file) => resolve(file) === resolve(settings.output!)))
      throw new CommandLineError(`--output would replace the image ${settings.output}; give another file`);
    const loaded = await loadModel(path, settings);
    const { task } = loaded.settings;
    if (settings.images !== undefined && (task === "classify" || task === "regress"))
      throw new CommandLineError(
        `--images is for runs that segment or reconstruct, and the task of ${path} is to ${task}; leave it out`,
      );
    const pictures = settings.images === undefined ? undefined : new PictureFolder(settings.images);
    const writer = await AnswerWriter.open(format, settings.output);
    const answering = { loaded, invert: settings.invert, pictures, writer };
    try {
      if (settings.watch !== undefined) return await watch(settings.watch, (file) => answerAll([file], answering));
      let failed = 0;
      for (let at = 0; at < files.length; at += BATCH)
        failed += await answerAll(files.slice(at, at + BATCH), answering);
      return failed === 0 ? 0 : 1;
    } finally {
      await writer.close();
    }
  },
});

/** Refuses files and options that contradict each other. */
function checkFiles(
  files: readonly string[],
  { watch: folder, images, output }: Parsed<typeof options>["settings"],
): void {
  if (folder !== undefined && files.length > 0)
    throw new CommandLineError(`--watch takes the images of its folder; leave ${files[0]} out`);
  if (folder === undefined && files.length === 0)
    throw new CommandLineError("expected image files or folders after the folder of the run, or --watch <folder>");
  if (folder !== undefined && images !== undefined && resolve(folder) === resolve(images))
    throw new CommandLineError(
      "--images and --watch name the same folder, so answers would be taken for questions; give another",
    );
  if (output === "") throw new CommandLineError("--output needs the name of a file");
  if (images === "") throw new CommandLineError("--images needs the name of a folder");
}

/** The form of the answers. */
function formatOf({ format, output = "" }: Pick<Settings<typeof options>, "format" | "output">): Format {
  if (format !== undefined) return nameOf("format", format, formats);
  const ending = extname(output).slice(1).toLowerCase();
  return formats.find((name) => name === ending) ?? "text";
}

/** Number of images that are answered for in one step. */
const BATCH = 32;

/** What answers need beside images. */
interface Answering {
  readonly loaded: LoadedModel;
  readonly invert: boolean;
  readonly pictures: PictureFolder | undefined;
  readonly writer: AnswerWriter;
}

/** Writes the answers for some files, or says why there is none. Returns the number of files without one. */
async function answerAll(files: readonly string[], answering: Answering): Promise<number> {
  const { loaded, invert, pictures, writer } = answering;
  const { model, settings } = loaded;
  const asked: Asked[] = [];
  for (const path of files)
    await reporting(path, async () => {
      const pixels = await openImage(path, "");
      asked.push({ path, size: seenSize(pixels), x: inputOf(pixels, settings, invert) });
    });
  if (asked.length === 0) return files.length;
  const outputs = await outputsFor(model, asked);
  let answered = 0;
  for (const [i, image] of asked.entries()) {
    const question = { ...image, outputs: outputs[i]!, settings, pictures };
    const isAnswered = await reporting(image.path, async () =>
      writer.write(image.path, await answerers[settings.task](question)),
    );
    if (isAnswered) answered++;
  }
  return files.length - answered;
}

/** Does the work for a file, or says why it cannot be done. Returns whether it was done. */
async function reporting(path: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof ConvlensError || error instanceof CommandLineError)) throw error;
    const about = error.message.includes(path) ? "" : `${path}: `;
    process.stderr.write(printable(`convlens predict: ${about}${error.message}\n`));
    return false;
  }
}

/** Answers for the images of a folder until a signal ends it. Returns the exit code for the signal. */
async function watch(folder: string, answer: (file: string) => Promise<unknown>): Promise<number> {
  const end = new AbortController();
  let code = 0;
  const onInterrupt = (): void => {
    code = 130;
    end.abort();
  };
  const onTerminate = (): void => {
    code = 143;
    end.abort();
  };
  process.once("SIGINT", onInterrupt).once("SIGTERM", onTerminate);
  process.stderr.write(printable(`watching ${folder}; Ctrl-C ends it\n`));
  try {
    for await (const file of watchImages(folder, end.signal)) await answer(file);
    return code;
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate);
  }
}
