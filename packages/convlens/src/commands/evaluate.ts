import { classScores, evaluateModel, macro } from "@convlens/training";
import { onlyWord, parse } from "../options.ts";
import { loadRun, modelHelp, modelOptions } from "../trainedModel.ts";

const help = `convlens evaluate runs/<name> [options]

  Tests the net of a run on its test set.

${modelHelp}
  --json               one JSON object on stdout, and nothing else
`;

/** Tests the net of a run. */
export async function evaluate(args: readonly string[]): Promise<number> {
  const parsed = parse(args, { ...modelOptions, json: { type: "boolean" } }, help);
  if (parsed === undefined) return 0;
  const { model, sets } = await loadRun(onlyWord(parsed.words, "the folder of a run"), parsed.values);
  const { loss, accuracy, confusion, mistakes } = await evaluateModel(model, sets.test);
  const scores = confusion && classScores(confusion);
  if (parsed.values.json) {
    process.stdout.write(
      `${JSON.stringify({ testLoss: loss, testAccuracy: accuracy, macroF1: scores && macro(scores, "f1"), confusion, mistakes })}\n`,
    );
    return 0;
  }
  if (accuracy === undefined || confusion === undefined || scores === undefined || mistakes === undefined) {
    process.stdout.write(`${sets.test.size} examples: loss ${loss.toFixed(4)}; the outputs are no classes\n`);
    return 0;
  }
  const percent = (x: number): string => (Number.isNaN(x) ? "–" : `${(100 * x).toFixed(2)} %`).padStart(9);
  const nameOf = (c: number): string => sets.test.classes[c] ?? `${c}`;
  const width = Math.max(5, ...sets.test.classes.map((name) => name.length));
  const lines = [
    `${sets.test.size} examples: loss ${loss.toFixed(4)}, accuracy ${percent(accuracy).trim()}, ${mistakes.length} mistakes`,
    "",
    `${"class".padEnd(width)}  precision     recall         F1`,
    ...scores.map(
      (each, c) =>
        `${nameOf(c).padEnd(width)}  ${percent(each.precision)}  ${percent(each.recall)}  ${percent(each.f1)}`,
    ),
    "",
    "taken for:".padStart(width + 2 + 5 * confusion.length),
    ...confusion.map((row, c) => `${nameOf(c).padEnd(width)}  ${row.map((n) => `${n}`.padStart(5)).join("")}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}
