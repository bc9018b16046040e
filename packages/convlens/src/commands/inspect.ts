import { statisticsOf } from "@convlens/analysis";
import { batches, subset } from "@convlens/datasets";
import { activations, weightsOf } from "@convlens/layers";
import { CommandLineError, numberOption, parse } from "../options.ts";
import { loadRun } from "../trainedModel.ts";

const help = `convlens inspect runs/<name> [--example 0] [--json]

  What the net of a run holds, and what each of its layers makes of one example of the test set.
`;

/** Prints what a net holds and what it makes of an example. */
export async function inspect(args: readonly string[]): Promise<number> {
  const parsed = parse(args, { example: { type: "string" }, json: { type: "boolean" } }, help);
  if (parsed === undefined) return 0;
  const [path] = parsed.words;
  if (path === undefined) throw new CommandLineError(`expected the folder of a run\n\n${help}`);
  const { model, sets, progress, settings } = await loadRun(path);
  const index = numberOption("example", parsed.values.example, 0);
  const example = subset(sets.test, [index]);
  const [batch] = batches(example, { size: 1 });
  const weights = [...(await weightsOf(model))].map(([name, { shape, values }]) => ({
    name,
    shape,
    ...statisticsOf(values),
  }));
  const maps = (await activations(model, batch!.inputs)).map(({ path: name, type, shape, values }) => ({
    name: `${name} ${type}`.trim(),
    shape,
    ...statisticsOf(values),
  }));
  const label = example.classes[example.labels[0]!];
  if (parsed.values.json) {
    process.stdout.write(
      `${JSON.stringify({ settings, step: progress.step, weights, example: index, label, activations: maps })}\n`,
    );
    return 0;
  }
  const table = (rows: typeof weights): string[] => {
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
  };
  const lines = [
    `${settings.model} on ${settings.data} after ${progress.step} steps`,
    "",
    ...table(weights),
    "",
    `example ${index}, a "${label}":`,
    ...table(maps),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}
