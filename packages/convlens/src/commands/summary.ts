import { wholeFrom, type Shape } from "@convlens/backend";
import { formatSummary, summary as summaryOf } from "@convlens/layers";
import { alexNet, mobileNetV2, resnet18, resnet50, squeezeNet, vgg16 } from "@convlens/layers/models";
import { models, type MakeModel } from "../catalogue.ts";
import { command, type Command } from "../command.ts";
import { choice, CommandLineError, jsonOption, onlyWord } from "../options.ts";

const large: Readonly<Record<string, MakeModel>> = {
  alexnet: (classes) => alexNet({ classes }),
  vgg16: (classes) => vgg16({ classes }),
  resnet18: (classes) => resnet18({ classes }),
  resnet50: (classes) => resnet50({ classes }),
  mobilenetv2: (classes) => mobileNetV2({ classes }),
  squeezenet: (classes) => squeezeNet({ classes }),
};
const known = { ...models, ...large };

/** The most numbers of an example that a backend has memory for. */
const LARGEST = 2 ** 28;

/** The usual input of models whose input is not that of MNIST. */
const inputs: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(large).map((name) => [name, "224x224x3"])),
  "convnetjs-cifar": "32x32x3",
  signal: "128x1",
};

/** Prints the layers of a model. */
export const summary: Command = command({
  about: "print shapes, parameters and multiply-adds of the layers of a model",
  usage: ["summary <model> [options]"],
  argument: ["model", Object.keys(known).join(", ")],
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
    const make = choice("model", name, known);
    const input = shapeOf(settings.input ?? inputs[name] ?? "28x28x1");
    const result = summaryOf(make(settings.classes ?? (Object.hasOwn(large, name) ? 1000 : 10)), input);
    process.stdout.write(`${settings.json ? JSON.stringify(result) : formatSummary(result)}\n`);
    return 0;
  },
});

function shapeOf(text: string): Shape {
  const shape = text.split("x").map((size) => (size.trim() === "" ? NaN : Number(size)));
  const expected = shape.map(wholeFrom(1)).find((wrong) => wrong !== undefined);
  if (expected !== undefined)
    throw new CommandLineError(`--input: expected a shape such as 28x28x1, each size ${expected}, got "${text}"`);
  if (shape.reduce((product, size) => product * size, 1) > LARGEST)
    throw new CommandLineError(`--input: expected at most ${LARGEST} numbers in an example; give a smaller shape`);
  return shape;
}
