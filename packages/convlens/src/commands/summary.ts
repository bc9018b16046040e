import { formatSummary, summary as summaryOf, type Layer } from "@convlens/layers";
import { alexNet, resnet18, vgg16 } from "@convlens/layers/models";
import type { Shape } from "@convlens/backend";
import { models } from "../catalogue.ts";
import { choice, CommandLineError, numberOption, parse } from "../options.ts";

const large: Readonly<Record<string, (classes: number) => Layer>> = {
  alexnet: (classes) => alexNet({ classes }),
  vgg16: (classes) => vgg16({ classes }),
  resnet18: (classes) => resnet18({ classes }),
};
const known = { ...models, ...large };

const help = `convlens summary <model> [--input 28x28x1] [--classes 10] [--json]

  model   ${Object.keys(known).join(", ")}
`;

/** The input that a model is usually given. */
const usual = (name: string): string =>
  name in large ? "224x224x3" : name === "convnetjs-cifar" ? "32x32x3" : name === "signal" ? "128x1" : "28x28x1";

/** Prints shapes, parameters and products of a net. */
export async function summary(args: readonly string[]): Promise<number> {
  const parsed = parse(
    args,
    { input: { type: "string" }, classes: { type: "string" }, json: { type: "boolean" } },
    help,
  );
  if (parsed === undefined) return 0;
  const [name] = parsed.words;
  if (name === undefined) throw new CommandLineError(`expected a model\n\n${help}`);
  const make = choice("model", name, known);
  const input: Shape = (parsed.values.input ?? usual(name))
    .split("x")
    .map((size) => numberOption("input", size, 0, { least: 1 }));
  const classes = numberOption("classes", parsed.values.classes, name in large ? 1000 : 10, { least: 1 });
  const result = summaryOf(make(classes), input);
  process.stdout.write(`${parsed.values.json ? JSON.stringify(result) : formatSummary(result)}\n`);
  return 0;
}
