import { classScores, evaluateModel, macro } from "@convlens/training";
import { command, type Command } from "../command.ts";
import { jsonOption, onlyWord } from "../options.ts";
import { loadRun, modelOptions } from "../trainedModel.ts";

/** Tests the model of a run. */
export const evaluate: Command = command({
  about: "test a trained model on the test set of its data",
  usage: ["evaluate runs/<name> [options]"],
  options: { ...modelOptions, json: jsonOption },
  async run({ words, settings }) {
    const { model, sets } = await loadRun(onlyWord(words, "the folder of a run"), settings);
    const { loss, metrics, confusion, mistakes } = await evaluateModel(model, sets.test);
    const { accuracy } = metrics;
    const scores = confusion && classScores(confusion);
    if (settings.json) {
      process.stdout.write(
        `${JSON.stringify({ testLoss: loss, testAccuracy: accuracy, macroF1: scores && macro(scores, "f1"), confusion, mistakes })}\n`,
      );
      return 0;
    }
    if (accuracy === undefined || confusion === undefined || scores === undefined || mistakes === undefined) {
      process.stdout.write(`${sets.test.size} examples: loss ${loss.toFixed(4)}; the outputs are not classes\n`);
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
      "predicted:".padStart(width + 2 + 5 * confusion.length),
      ...confusion.map((row, c) => `${nameOf(c).padEnd(width)}  ${row.map((n) => `${n}`.padStart(5)).join("")}`),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  },
});
