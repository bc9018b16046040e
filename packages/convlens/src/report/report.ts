import { activationMap } from "@convlens/analysis";
import { colorMap, colorOf, paintAtlas, thinned, type Series } from "@convlens/analysis/render";
import type { Shape } from "@convlens/backend";
import { batches, subset, type Dataset, type TrainAndTest } from "@convlens/datasets";
import { activations, build, formatSummary, summary, weightsOf, type Layer, type StoredTensor } from "@convlens/layers";
import {
  classScores,
  evaluateModel,
  macro,
  type EpochRecord,
  type Evaluation,
  type StepRecord,
} from "@convlens/training";
import type { MakeModel } from "../catalogue.ts";
import type { RunSettings } from "../runFolder.ts";
import { titleOf } from "../titleOf.ts";
import { html, type Html } from "./html.ts";
import { facts, page, percent, scrolling, type Section } from "./page.ts";
import { chart, gray, picture, showRaster } from "./pictures.ts";

/** What a report is made of. */
export interface ReportParts {
  readonly settings: RunSettings;
  readonly model: Layer;
  /** Makes another model like it, untrained. */
  readonly make: MakeModel;
  readonly sets: TrainAndTest;
  readonly steps: readonly StepRecord[];
  readonly epochs: readonly EpochRecord[];
  readonly backend: string;
}

/** A page that shows how a training run went and what came of it; it needs nothing else, no network. */
export async function makeReport({
  settings,
  model,
  make,
  sets,
  steps,
  epochs,
  backend,
}: ReportParts): Promise<string> {
  const evaluation = await evaluateModel(model, sets.test);
  const title = `${titleOf(settings.model)} on ${settings.data}`;
  const sections: (Section | undefined)[] = [
    {
      id: "net",
      title: "The net",
      body: scrolling(html`<pre>${formatSummary(summary(model, sets.train.shape))}</pre>`, "Layers"),
    },
    { id: "learned", title: "How it learned", body: curves(steps, epochs) },
    { id: "confusion", title: "What it takes for what", body: confusion(evaluation, sets.test) },
    await filters(model, make, settings, sets.train),
    { id: "maps", title: "What each layer makes of it", body: await maps(model, sets.test) },
    { id: "mistakes", title: "The worst mistakes", body: mistakes(evaluation, sets.test) },
  ];
  return page(
    title,
    overview(settings, sets, evaluation, epochs, backend),
    sections.flatMap((section) => section ?? []),
  );
}

function overview(
  settings: RunSettings,
  { train, test }: TrainAndTest,
  { accuracy, loss, mistakes: wrong, confusion: matrix }: Evaluation,
  epochs: readonly EpochRecord[],
  backend: string,
): Html {
  const speed = epochs.at(-1)?.imagesPerSecond;
  return facts([
    ...(accuracy === undefined ? [] : [["test accuracy", percent(accuracy)] as const]),
    ["test loss", loss.toFixed(4)],
    ...(matrix === undefined ? [] : [["macro F1", macro(classScores(matrix), "f1").toFixed(4)] as const]),
    ...(wrong === undefined ? [] : [["mistakes", `${wrong.length} of ${test.size}`] as const]),
    ["examples learned from", `${train.size}, ${settings.epochs === 1 ? "once" : `${settings.epochs} times`}`],
    ...(speed === undefined || Number.isNaN(speed) ? [] : [["images a second", `${Math.round(speed)}`] as const]),
    ["backend", backend],
    [
      "settings",
      `${settings.optimizer}, rate ${settings.rate}, batches of ${settings.batchSize}, seed ${settings.seed}`,
    ],
  ]);
}

function curves(steps: readonly StepRecord[], epochs: readonly EpochRecord[]): Html {
  const tested = epochs.filter(({ testLoss }) => testLoss !== undefined);
  const losses = thinned(steps.map(({ step, loss }) => [step, loss]));
  const chartOf = (
    title: string,
    lines: readonly Series[],
    range: { readonly low?: number; readonly high?: number },
  ): Html =>
    html`<figure>
      <figcaption>${title}</figcaption>
      ${chart(lines, { title, xLabel: "steps", ...range })}
    </figure>`;
  const charts = [
    chartOf(
      "Loss",
      [
        { name: "training", points: losses },
        { name: "test", points: tested.map(({ step, testLoss }) => [step, testLoss!]), marks: true },
      ],
      { low: 0 },
    ),
    ...(steps.some(({ accuracy }) => accuracy !== undefined)
      ? [
          chartOf(
            "Accuracy",
            [
              { name: "training", points: thinned(steps.map(({ step, accuracy = NaN }) => [step, accuracy])) },
              { name: "test", points: tested.map(({ step, testAccuracy = NaN }) => [step, testAccuracy]), marks: true },
            ],
            { high: 1 },
          ),
        ]
      : []),
    chartOf(
      "How far a step moves the parameters, over their size",
      [{ name: "update ratio", points: thinned(steps.map(({ step, updateRatio }) => [step, updateRatio])) }],
      { low: 0 },
    ),
  ];
  return html`<div class="charts">${charts}</div>`;
}

function confusion({ confusion: matrix }: Evaluation, { classes }: Dataset): Html {
  if (matrix === undefined) return html`<p>Nothing: its outputs are not scores of classes.</p>`;
  const cells = matrix.map((row, label) => {
    const all = Math.max(
      1,
      row.reduce((sum, n) => sum + n, 0),
    );
    const inner = row.map((n, predicted) => {
      const share = n / all;
      const [r, g, b] = colorOf(colorMap("signed"), predicted === label ? -share : Math.min(1, share * 10));
      const text = r + g + b < 380 ? "#fff" : "#111";
      return html`<td style="background:rgb(${r} ${g} ${b});color:${text}">${n === 0 ? "" : n}</td>`;
    });
    return html`<tr>
      <th scope="row">${classes[label] ?? label}</th>
      ${inner}
      <td class="share">${percent(row[label]! / all)}</td>
    </tr>`;
  });
  const head = matrix.map((_, c) => html`<th scope="col">${classes[c] ?? c}</th>`);
  const rows = html`<table class="confusion">
    <thead>
      <tr>
        <td></td>
        ${head}
        <th scope="col">right</th>
      </tr>
    </thead>
    <tbody>
      ${cells}
    </tbody>
  </table>`;
  return html`<p>Rows are the true classes, columns what the net says; mistakes are orange.</p>
    ${scrolling(rows, "Counts of classes and answers")}`;
}

/** The filters of the first convolution before and after, each as what it weighs its first channel with. */
async function filters(
  model: Layer,
  make: MakeModel,
  settings: RunSettings,
  train: Dataset,
): Promise<Section | undefined> {
  const after = await weightsOf(model);
  const name = [...after.keys()].find((path) => path.endsWith("filters"));
  if (name === undefined) return undefined;
  const before = await weightsOf(build(make(train.classes.length), train.shape, { seed: settings.seed }));
  const [first, last] = [before.get(name), after.get(name)];
  // A model of the user's may be another one each time.
  if (first === undefined || last === undefined) return undefined;
  const row = (stored: StoredTensor, when: string): Html => {
    const { shape, values } = stored;
    const [height, width] = shape.length === 4 ? [shape[0]!, shape[1]!] : [1, shape[0]!];
    const count = shape.at(-1)!;
    const taps = height * width;
    const depth = shape.at(-2)!;
    let largest = 1e-12;
    for (const x of values) largest = Math.max(largest, Math.abs(x));
    const pictures = Array.from({ length: Math.min(count, 64) }, (_, f) =>
      picture(
        {
          shape: [height, width],
          values: Float64Array.from({ length: taps }, (_unused, tap) => values[tap * depth * count + f]!),
        },
        `filter ${f} ${when} training`,
        10,
        { map: "signed", range: [-largest, largest] },
      ),
    );
    return html`<div class="strip"><span>${when}</span>${pictures}</div>`;
  };
  const body = html`<p>What each one weighs the pixels with: orange adds, violet takes away.</p>
    ${row(first, "before")}${row(last, "after")}`;
  return { id: "filters", title: "Filters of the first layer", body };
}

/** One example of each of the first classes, and what every layer makes of it. */
async function maps(model: Layer, test: Dataset): Promise<Html> {
  const shown = test.classes
    .slice(0, 4)
    .map((_, label) => test.labels.indexOf(label as never))
    .filter((index) => index >= 0);
  const parts = await Promise.all(
    shown.map(async (index) => {
      const example = subset(test, [index]);
      const [batch] = batches(example, { size: 1 });
      const layers = await activations(model, batch!.inputs);
      const rows = layers
        .filter(({ path }) => path !== "")
        .map(
          ({ path, type, shape, values }) =>
            html`<div class="strip"><span>${path} ${type}</span>${mapPictures(shape, values)}</div>`,
        );
      return html`<details${index === shown[0] ? " open" : ""}><summary>a "${example.classes[example.labels[0]!]}" ${imageOf(example, 0, 3)}</summary>${rows}</details>`;
    }),
  );
  return html`<p>
      Each square is one activation map; the further from the colour of the page, the larger, on one scale for each
      layer (where there are negative numbers, those are violet).
    </p>
    ${parts}`;
}

/** The maps of one layer, side by side on one scale; a row of numbers is one strip. */
function mapPictures(shape: Shape, values: ArrayLike<number>): Html {
  if (shape.length === 2)
    return picture({ shape: [shape[1]!], values }, `${shape[1]} numbers`, shape[1]! > 150 ? 2 : 4);
  const own = { name: "", shape, values: Float64Array.from(values) };
  const shown = Math.min(shape.at(-1)!, 32);
  const maps = Array.from({ length: shown }, (_, channel) => activationMap(own, { channel }));
  const size = shape.at(-2)! > 20 ? 2 : 4;
  const columns = Math.max(1, Math.min(shown, Math.floor(840 / (size * (shape.at(-2)! + 1)))));
  return showRaster((theme) => paintAtlas(maps, { columns, theme }), `${shown} maps`, size);
}

/** An example as a picture: the first channel, dark on white. */
function imageOf({ inputs, shape, scale }: Dataset, index: number, size: number): Html {
  const channels = shape.at(-1)!;
  const places = shape.reduce((a, b) => a * b, 1) / channels;
  const first = index * places * channels;
  const values = Float64Array.from({ length: places }, (_, i) => inputs[first + i * channels]! * scale);
  return picture({ shape: shape.slice(0, -1), values }, `example ${index}`, size, gray);
}

function mistakes({ mistakes: wrong }: Evaluation, test: Dataset): Html {
  if (wrong === undefined) return html`<p>There are none to tell: the outputs are not scores of classes.</p>`;
  if (wrong.length === 0) return html`<p>None.</p>`;
  const shown = wrong.slice(0, 24).map(
    ({ index, label, predicted, confidence }) =>
      html`<figure>
        ${imageOf(test, index, 3)}
        <figcaption>
          ${test.classes[label]} taken for <b>${test.classes[predicted] ?? `${predicted}`}</b>,
          ${Math.round(100 * confidence)} % sure
        </figcaption>
      </figure>`,
  );
  return html`<p>
      Those that the net was surest of${wrong.length > shown.length ? `, ${shown.length} of ${wrong.length}` : ""}.
    </p>
    <div class="mistakes">${shown}</div>`;
}
