import { wholeFrom, type Shape } from "@convlens/backend";
import { formatSummary, summary as summaryOf } from "@convlens/layers";
import { allModels, largeModels } from "../catalogue.ts";
import { command, type Command } from "../command.ts";
import { describeModelFile, isFileName } from "../modelFile.ts";
import { printable } from "../printable.ts";
import { LARGEST_INPUT } from "../runFolder.ts";
import { choice, CommandLineError, jsonOption, onlyWord } from "../options.ts";

/** The usual input of models whose input is not that of MNIST. */
const inputs: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(largeModels).map((name) => [name, "224x224x3"])),
  "convnetjs-cifar": "32x32x3",
  signal: "128x1",
};

/** Prints the layers of a model, or tells what a file of a model is. */
export const summary: Command = command({
  about: "print shapes, parameters and multiply-adds of the layers of a model",
  usage: ["summary <model> [options]", "summary <file> [--json]"],
  details:
    "A file may be an ONNX model of any program; of files of other kinds it says what they are and what to do with them.",
  argument: ["model", `${Object.keys(allModels).join(", ")}; or a file`],
  options: {
    input: {
      type: "text",
      value: "shape",
      about: "shape of one example, such as 28x28x1 (the usual one of the model)",
    },
    classes: {
      type: "number",
      value: "n",
      check: wholeFrom(1),
      about: "number of outputs (10; 1000 for large models)",
    },
    json: jsonOption,
  },
  async run({ words, settings }) {
    const name = onlyWord(words, "a model");
    if (isFileName(name)) {
      const isAlone = settings.input === undefined && settings.classes === undefined;
      if (!isAlone) throw new CommandLineError("--input and --classes are for models by name; leave them out");
      process.stdout.write(`${printable(await describeModelFile(name, settings.json))}\n`);
      return 0;
    }
    const make = choice("model", name, allModels);
    const input = shapeOf(settings.input ?? inputs[name] ?? "28x28x1");
    const result = summaryOf(make(settings.classes ?? (Object.hasOwn(largeModels, name) ? 1000 : 10), input), input);
    process.stdout.write(`${settings.json ? JSON.stringify(result) : formatSummary(result)}\n`);
    return 0;
  },
});

function shapeOf(text: string): Shape {
  const shape = text.split("x").map((size) => (size.trim() === "" ? NaN : Number(size)));
  const expected = shape.map(wholeFrom(1)).find((wrong) => wrong !== undefined);
  if (expected !== undefined)
    throw new CommandLineError(`--input: expected a shape such as 28x28x1, each size ${expected}, got "${text}"`);
  if (shape.reduce((product, size) => product * size, 1) > LARGEST_INPUT)
    throw new CommandLineError(
      `--input: expected at most ${LARGEST_INPUT} numbers in an example; give a smaller shape`,
    );
  return shape;
}
