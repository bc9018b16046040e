import { dirname, join } from "node:path";
import { ConvlensError } from "@convlens/backend";
import type { ImportedModel, InspectedFile, InspectedValue } from "@convlens/interop";
import { formatSummary, summary } from "@convlens/layers";
import { reasonOf } from "./fileErrors.ts";
import { CommandLineError } from "./options.ts";
import { readRegular } from "./readRegular.ts";

/** The most bytes of a file that is read into memory. */
const MOST_BYTES = 2 ** 31;

/** Whether a word names a file, and not a model. */
export const isFileName = (word: string): boolean => /[./\\]/.test(word);

async function bytesOf(path: string): Promise<Buffer> {
  try {
    return await readRegular(path, MOST_BYTES);
  } catch (error) {
    if (error instanceof ConvlensError) throw error;
    throw new CommandLineError(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

/** Reads an ONNX model, with the files beside it that have weights. */
export async function openOnnx(path: string): Promise<ImportedModel> {
  const { importOnnx } = await import("@convlens/interop");
  return importOnnx(await bytesOf(path), { external: (name) => bytesOf(join(dirname(path), name)) });
}

const shapeText = ({ name, type, shape }: InspectedValue): string =>
  `${name} ${type}${shape === undefined ? "" : ` [${shape.map((size) => size || "?").join(", ")}]`}`;

/** Lines that tell what a file holds. */
function linesOf({ about, advice, model, names }: InspectedFile): string[] {
  const lines = [`${about[0]!.toUpperCase()}${about.slice(1)}.`];
  if (model !== undefined) {
    const { inputs, outputs, operators, weights } = model;
    lines.push(
      `inputs: ${inputs.map(shapeText).join("; ")}`,
      `outputs: ${outputs.map(shapeText).join("; ")}`,
      `operators: ${operators.map(({ name, count, supported }) => `${count} ${name}${supported ? "" : " (not supported)"}`).join(", ")}`,
      `weights: ${weights.numbers.toLocaleString("en")} numbers in ${weights.tensors} tensors`,
    );
  } else if (names !== undefined)
    lines.push(`it holds ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`);
  lines.push(`What to do: ${advice}.`);
  return lines;
}

/**
 * Tells what a file of a model is, and prints the layers of an ONNX model that can be read.
 *
 * @returns Text for the terminal, or JSON.
 */
export async function describeModelFile(path: string, isJson: boolean): Promise<string> {
  const { inspectFile } = await import("@convlens/interop");
  const file = inspectFile(await bytesOf(path));
  const isReadable = file.model?.operators.every(({ supported }) => supported) ?? false;
  if (!isReadable) return isJson ? JSON.stringify(file) : linesOf(file).join("\n");
  const net = await openOnnx(path);
  const rows = summaryOf(net);
  if (isJson) return JSON.stringify({ ...file, report: net.report, summary: rows });
  const table = rows === undefined ? "The file leaves sizes free, so the layers are not listed." : formatSummary(rows);
  return [...linesOf(file), ...net.report.notes, "", table].join("\n");
}

/** Layers of a model with one input, if the file gives all sizes of an example. */
function summaryOf(net: ImportedModel): ReturnType<typeof summary> | undefined {
  const shapes = Object.values(net.inputShapes);
  const [shape] = shapes;
  return shapes.length === 1 && shape!.every((size) => size > 0) ? summary(net, shape!) : undefined;
}
