import { classScores, evaluateModel, macro } from "@convlens/training";
import { command, type Command } from "../command.ts";
import { jsonOption, onlyWord } from "../options.ts";
import type { Examples } from "../openData.ts";
import { printable } from "../printable.ts";
import { evaluateMasks } from "../sections/masks.ts";
import { evaluateNumbers } from "../sections/numbers.ts";
import { evaluateReconstructions } from "../sections/reconstructions.ts";
import type { TaskName } from "../tasks.ts";
import { modelOptions, withRun, type TrainedModel } from "../trainedModel.ts";

/** Tests the model of a run. */
export const evaluate: Command = command({
  about: "test a trained model on the test set of its data",
  usage: ["evaluate runs/<name> [options]"],
  options: { ...modelOptions, json: jsonOption },
  async run({ words, settings }) {
    return withRun(onlyWord(words, "the folder of a run"), settings, async (run) => {
      const found = await tests[run.settings.task](run);
      process.stdout.write(
        settings.json ? `${JSON.stringify(found.values)}\n` : printable(`${found.lines.join("\n")}\n`),
      );
      return 0;
    });
  },
});

/** The results of a test, as JSON and in lines. */
interface Tested {
  readonly values: object;
  readonly lines: readonly string[];
}

const tests: Readonly<Record<TaskName, (run: TrainedModel<Examples>) => Promise<Tested>>> = {
  classify: (run) => testClasses(run as TrainedModel),
  segment: testMasks,
  regress: testNumbers,
  reconstruct: testReconstructions,
};

const percent = (x: number): string => (Number.isNaN(x) ? "–" : `${(100 * x).toFixed(2)} %`).padStart(9);

async function testClasses({ model, sets: { test } }: TrainedModel): Promise<Tested> {
  const { loss, metrics, confusion, mistakes } = await evaluateModel(model, test);
  const { accuracy } = metrics;
  const scores = confusion && classScores(confusion);
  const values = {
    testLoss: loss,
    testAccuracy: accuracy,
    macroF1: scores && macro(scores, "f1"),
    confusion,
    mistakes,
  };
  if (accuracy === undefined || confusion === undefined || scores === undefined || mistakes === undefined)
    return { values, lines: [`${test.size} examples: loss ${loss.toFixed(4)}; the outputs are not classes`] };
  const nameOf = (c: number): string => test.classes[c] ?? `${c}`;
  const width = Math.max(5, ...test.classes.map((name) => name.length));
  const lines = [
    `${test.size} examples: loss ${loss.toFixed(4)}, accuracy ${percent(accuracy).trim()}, ${mistakes.length} mistakes`,
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
  return { values, lines };
}

async function testMasks(run: TrainedModel<Examples>): Promise<Tested> {
  const { test } = run.sets;
  const { loss, metrics, classes } = await evaluateMasks(run);
  const named = classes.map((each, c) => ({ name: test.classes[c] ?? `${c}`, ...each }));
  const width = Math.max(5, ...named.map(({ name }) => name.length));
  const lines = [
    `${test.size} examples: loss ${loss.toFixed(4)}, accuracy ${percent(metrics.accuracy).trim()}, intersection over union ${metrics.iou.toFixed(4)}`,
    "",
    `${"class".padEnd(width)}     IoU    Dice`,
    ...named.map((each) => `${each.name.padEnd(width)}  ${each.iou.toFixed(4)}  ${each.dice.toFixed(4)}`),
  ];
  return { values: { testLoss: loss, testAccuracy: metrics.accuracy, iou: metrics.iou, classes: named }, lines };
}

async function testNumbers(run: TrainedModel<Examples>): Promise<Tested> {
  const { loss, metrics, numbers } = await evaluateNumbers(run);
  const width = Math.max(6, ...numbers.map(({ name }) => name.length));
  const lines = [
    `${run.sets.test.size} examples: loss ${loss.toFixed(4)}, R² ${metrics.r2.toFixed(4)}`,
    "",
    `${"number".padEnd(width)}  mean absolute error      R²`,
    ...numbers.map(
      ({ name, mae, r2 }) =>
        `${name.padEnd(width)}  ${`${+mae.toPrecision(4)}`.padStart(19)}  ${r2.toFixed(4).padStart(6)}`,
    ),
  ];
  return { values: { testLoss: loss, r2: metrics.r2, numbers }, lines };
}

async function testReconstructions(run: TrainedModel<Examples>): Promise<Tested> {
  const { loss, metrics } = await evaluateReconstructions(run);
  const lines = [
    `${run.sets.test.size} examples: loss ${loss.toFixed(4)}, peak signal-to-noise ratio ${metrics.psnr.toFixed(2)} dB`,
  ];
  return { values: { testLoss: loss, psnr: metrics.psnr }, lines };
}
