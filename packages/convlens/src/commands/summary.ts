import { formatSummary, summary as summaryOf } from "@convlens/layers";
import { alexNet, resnet18, vgg16 } from "@convlens/layers/models";
import type { Shape } from "@convlens/backend";
import { models, type MakeModel } from "../catalogue.ts";
import { choice, CommandLineError, numberOption, onlyWord, parse } from "../options.ts";

const large: Readonly<Record<string, MakeModel>> = {
  alexnet: (classes) => alexNet({ classes }),
  vgg16: (classes) => vgg16({ classes }),
  resnet18: (classes) => resnet18({ classes }),
};
const known = { ...models, ...large };

const help = `convlens summary <model> [options]

  model                ${Object.keys(known).join(", ")}
  --input <shape>      of one example, such as 28x28x1 (what the model is usually given)
  --classes <n>        number of outputs (10; 1000 for large models)
  --json               one JSON object on stdout, and nothing else
`;

/** Numbers of an example: as many as fit the memory of a backend. */
const LARGEST = 2 ** 28;

/** The input that a model is usually given. */
const usual = (name: string): string =>
  Object.hasOwn(large, name)
    ? "224x224x3"
    : name === "convnetjs-cifar"
      ? "32x32x3"
      : name === "signal"
        ? "128x1"
        : "28x28x1";

/** Prints shapes, parameters and products of a net. */
export async function summary(args: readonly string[]): Promise<number> {
  const parsed = parse(
    args,
    { input: { type: "string" }, classes: { type: "string" }, json: { type: "boolean" } },
    help,
  );
  if (parsed === undefined) return 0;
  const name = onlyWord(parsed.words, "a model");
  const make = choice("model", name, known);
  const input: Shape = (parsed.values.input ?? usual(name))
    .split("x")
    .map((size) => numberOption("input", size, 0, { least: 1 }));
  if (input.reduce((product, size) => product * size, 1) > LARGEST)
    throw new CommandLineError(`--input: an example may have ${LARGEST} numbers at most; give a smaller shape`);
  const classes = numberOption("classes", parsed.values.classes, Object.hasOwn(large, name) ? 1000 : 10, { least: 1 });
  const result = summaryOf(make(classes), input);
  process.stdout.write(`${parsed.values.json ? JSON.stringify(result) : formatSummary(result)}\n`);
  return 0;
}
