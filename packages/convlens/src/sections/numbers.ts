import { histogram } from "@convlens/analysis";
import { drawHistogram, drawPoints } from "@convlens/analysis/render";
import { batches } from "@convlens/datasets";
import { predict } from "@convlens/layers";
import { evaluateModel, type Evaluation } from "@convlens/training";
import type { Examples } from "../openData.ts";
import { html, svg, type Html } from "../page/html.ts";
import { figure, fixed, table, type Section } from "../page/page.ts";
import { forWidths, showInput } from "../page/pictures.ts";
import type { RunSettings } from "../runFolder.ts";
import { tasks } from "../tasks.ts";
import { galleries } from "./galleries.ts";
import { exampleOf, type InspectedRun, type ModelSubject } from "./subject.ts";

/** Results of a regression on the test set. */
export interface NumbersEvaluation extends Evaluation<{ readonly r2: number }> {
  /** The numbers of each example, and those that the model predicts. */
  readonly actual: readonly (readonly number[])[];
  readonly predicted: readonly (readonly number[])[];
  /** Mean absolute error and R² of each number. */
  readonly numbers: readonly { readonly name: string; readonly mae: number; readonly r2: number }[];
}

/** A run that predicts numbers, with its results. */
export interface NumbersSubject extends ModelSubject {
  readonly evaluation: NumbersEvaluation;
}

/** The numbers of outputs or targets, in their own units. */
export const inUnits = (scaled: ArrayLike<number>, { folder }: Pick<RunSettings, "folder">): number[] =>
  Array.from(scaled, (x, i) => x * (folder?.deviations?.[i] ?? 1) + (folder?.means?.[i] ?? 0));

const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Tests a model that predicts numbers. */
export async function evaluateNumbers({
  model,
  settings,
  sets: { test },
}: Pick<InspectedRun<Examples>, "model" | "settings" | "sets">): Promise<NumbersEvaluation> {
  const { loss, metrics } = tasks.regress;
  const found = await evaluateModel(model, test, { loss, metrics });
  const [actual, predicted]: [number[][], number[][]] = [[], []];
  const columns = test.classes.length;
  for await (const { inputs, targets, size } of batches(test, { size: 64 })) {
    const outputs = (await predict(model, inputs)).knownValues;
    for (let i = 0; i < size; i++) {
      const part = [i * columns, (i + 1) * columns] as const;
      actual.push(inUnits(targets.knownValues.slice(...part), settings));
      predicted.push(inUnits(outputs.slice(...part), settings));
    }
  }
  const numbers = test.classes.map((name, c) => {
    const [truth, errors] = [actual.map((row) => row[c]!), actual.map((row, i) => predicted[i]![c]! - row[c]!)];
    const mean = meanOf(truth);
    const r2 = 1 - meanOf(errors.map((x) => x * x)) / meanOf(truth.map((x) => (x - mean) ** 2));
    return { name, mae: meanOf(errors.map(Math.abs)), r2 };
  });
  return { ...found, actual, predicted, numbers };
}

/** A number with four digits. */
const short = (x: number): string => `${+x.toPrecision(4)}`;

/** Predicted numbers and their residuals, and the worst examples. */
export async function residualSection(subject: NumbersSubject): Promise<Section> {
  const { evaluation, settings } = subject;
  const { actual, predicted, numbers } = evaluation;
  const rows = numbers.map(({ name, mae, r2 }) => [name, short(mae), fixed(r2, 4)]);
  // How many deviations a prediction is off.
  const errors = actual.map((row, i) =>
    meanOf(row.map((value, c) => Math.abs(predicted[i]![c]! - value) / (settings.folder?.deviations?.[c] ?? 1))),
  );
  return {
    id: "residuals",
    title: "Predictions and residuals",
    body: html`<p>
        A residual is the predicted number minus the true one. R² is 1 for a perfect prediction and 0 for one that is
        always the mean.
      </p>
      ${table("Errors", ["number", "mean absolute error", "R²"], rows)}
      ${numbers.map(({ name }, c) => numberFigures(name, c, evaluation))}
      ${await galleries(errors, "The test images whose numbers are off by the most deviations.", (index) =>
        exampleFigure(subject, index),
      )}`,
  };
}

function numberFigures(name: string, c: number, { actual, predicted }: NumbersEvaluation): Html {
  const points = actual.map((row, i) => ({
    x: row[c]!,
    y: predicted[i]![c]!,
    kind: 0,
    about: `test example ${i}: ${short(row[c]!)}, predicted ${short(predicted[i]![c]!)}`,
  }));
  const scatter = forWidths((width) =>
    svg(drawPoints(points, ["●"], { title: `${name}, true and predicted`, width: Math.min(width, 360) })),
  );
  const bars = drawHistogram(
    histogram(
      points.map(({ x, y }) => y - x),
      { bins: 30 },
    ),
    { title: `residuals of ${name}` },
  );
  return html`<h3>${name}</h3>
    <div class="gallery">
      ${figure(scatter, "True and predicted", "to the right the true number, upwards the predicted one, on one scale")}
      ${figure(svg(bars), "Residuals")}
    </div>`;
}

function exampleFigure({ sets: { test }, evaluation: { actual, predicted } }: NumbersSubject, index: number): Html {
  const lines = test.classes.map(
    (name, c) =>
      html`<div>${name} ${short(actual[index]![c]!)}, predicted <b>${short(predicted[index]![c]!)}</b></div>`,
  );
  return figure(showInput(exampleOf(test, index), `test example ${index}`, 96), lines, `test example ${index}`);
}
