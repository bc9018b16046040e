import { adviceOn, unitActivity, type HealthRecord } from "@convlens/analysis";
import { shortNumber, thinned, type Series } from "@convlens/analysis/render";
import { batches, take } from "@convlens/datasets";
import type { Tensor } from "@convlens/tensor";
import type { EpochRecord } from "@convlens/training";
import type { RunHistory } from "../runFolder.ts";
import { html, type HtmlPart } from "../page/html.ts";
import { metricTitle } from "../tasks.ts";
import { figure, percent, table, type Section } from "../page/page.ts";
import { chart } from "../page/pictures.ts";
import type { ModelSubject } from "./subject.ts";

/** Lines of a chart that can be told apart. */
const MOST_LINES = 4;

/** The course of the training, and advice on what to change. */
export function healthSection({ history, folder, settings }: ModelSubject): Section {
  const head = { id: "health", title: "Training" };
  if (history === undefined || history.steps.length === 0)
    return {
      ...head,
      body: html`<p>${folder.path} has no history of its training; train it again to see it here.</p>`,
    };
  const frozen = new Set(settings.freeze);
  const advice = adviceOn(history).filter(({ topic, about }) => topic !== "small updates" || !frozen.has(about));
  const findings =
    advice.length === 0
      ? html`<p><strong>No problem was found</strong> in the losses, updates, gradients and units.</p>`
      : html`<ul class="note">
          ${advice.map(({ text }) => html`<li>${text}</li>`)}
        </ul>`;
  return {
    ...head,
    body: html`${findings}
      <div class="charts">
        ${[lossChart(history), ...metricCharts(history), gradientChart(history), updateChart(history), deadChart(history)]}
      </div>`,
  };
}

/** A chart over steps; none without lines. */
const stepChart = (
  caption: string,
  about: string,
  lines: readonly Series[],
  range: { readonly low?: number; readonly high?: number } = { low: 0 },
): HtmlPart =>
  lines.length === 0 ? undefined : figure(chart(lines, { title: caption, xLabel: "steps", ...range }), caption, about);

/** A line of what the epochs reached, where it is known. */
function epochLine(
  name: string,
  epochs: RunHistory["epochs"],
  valueOf: (epoch: EpochRecord) => number | undefined,
): Series[] {
  const points = epochs.flatMap((epoch) => {
    const value = valueOf(epoch);
    return value === undefined ? [] : [[epoch.step, value] as const];
  });
  return points.length === 0 ? [] : [{ name, points, marks: true }];
}

function lossChart({ steps, epochs, chance = NaN }: RunHistory): HtmlPart {
  const [first] = steps;
  const last = steps.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const known = Number.isFinite(chance);
  const guessing: Series = {
    name: "guessing",
    points: [
      [first.step, chance],
      [last.step, chance],
    ],
  };
  return stepChart(
    "Loss",
    `${shortNumber(first.loss)} at first${known ? `; guessing has ${shortNumber(chance)}` : ""}`,
    [
      { name: "training", points: thinned(steps.map(({ step, loss }) => [step, loss])) },
      ...epochLine("test", epochs, ({ validation }) => validation?.loss),
      ...(known ? [guessing] : []),
    ],
  );
}

/** A chart of each metric: of the steps where they have it, else of the epochs. */
function metricCharts({ steps, epochs }: RunHistory): HtmlPart[] {
  const names = new Set(
    epochs.flatMap(({ metrics, validation }) => Object.keys({ ...metrics, ...validation?.metrics })),
  );
  if (steps.some(({ accuracy }) => accuracy !== undefined)) names.add("accuracy");
  const valueOf = (metrics: object | undefined, name: string): number | undefined =>
    (metrics as Readonly<Record<string, number>> | undefined)?.[name];
  return [...names].map((name) => {
    const bySteps = name === "accuracy" && steps.some(({ accuracy }) => accuracy !== undefined);
    const trained: readonly Series[] = bySteps
      ? [{ name: "training", points: thinned(steps.map(({ step, accuracy = NaN }) => [step, accuracy])) }]
      : epochLine("training", epochs, ({ metrics }) => valueOf(metrics, name));
    const lines = [...trained, ...epochLine("test", epochs, ({ validation }) => valueOf(validation?.metrics, name))];
    const isShare = lines.every(({ points }) => points.every(([, y]) => !(y < 0 || y > 1)));
    return stepChart(metricTitle(name), "", lines, isShare ? { low: 0, high: 1 } : {});
  });
}

const gradientChart = ({ steps }: RunHistory): HtmlPart =>
  stepChart("Gradient norm", "of all parameters together", [
    { name: "gradient", points: thinned(steps.map(({ step, gradientNorm }) => [step, gradientNorm ?? NaN])) },
  ]);

const updateChart = ({ records }: RunHistory): HtmlPart =>
  stepChart(
    "Update ratio",
    "change of the weights by one step, relative to their size; about 0.001 is healthy",
    linesOf(records, ({ parameters }) =>
      parameters
        .filter(({ path }) => /(filters|weights)$/.test(path))
        .map(({ path, updateRatio }) => [path, updateRatio]),
    ),
  );

const deadChart = ({ records }: RunHistory): HtmlPart =>
  stepChart(
    "Dead units, %",
    "channels whose ReLU gave 0 for every example watched",
    linesOf(records, ({ layers }) =>
      layers.filter(({ curve }) => curve === "relu").map(({ path, dead, units }) => [path, (100 * dead) / units]),
    ),
    { low: 0, high: 100 },
  );

/** A line for each of the first few names. */
function linesOf(
  records: readonly HealthRecord[],
  pick: (record: HealthRecord) => (readonly [name: string, value: number])[],
): Series[] {
  const names = (records[0] === undefined ? [] : pick(records[0])).map(([name]) => name).slice(0, MOST_LINES);
  return names.map((name) => ({
    name,
    points: records.map((record) => [record.step, pick(record).find(([own]) => own === name)?.[1] ?? NaN] as const),
  }));
}

/** Test examples on which units are watched. */
const EXAMPLES = 1000;

/** Dead and saturated units. */
export async function unitSection({ model, sets, layers }: ModelSubject): Promise<Section> {
  const data = take(sets.test, EXAMPLES);
  const inputs: Tensor[] = [];
  for await (const batch of batches(data, { size: 200 })) inputs.push(batch.inputs);
  const found = await unitActivity(
    model,
    inputs,
    layers.map(({ name }) => name),
  );
  const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  const rows = found.map(({ name, type, active, saturated, dead, largest, smallest }) => [
    `${name} ${type}`,
    `${active.length}`,
    dead.length === 0
      ? "0"
      : `${dead.length} (${percent(dead.length / active.length, 0)}): ${dead.slice(0, 8).join(", ")}${dead.length > 8 ? " …" : ""}`,
    percent(mean(active), 0),
    percent(mean(saturated), 0),
    `${shortNumber(Math.min(...smallest))} to ${shortNumber(Math.max(...largest))}`,
  ]);
  const dead = found.filter((layer) => layer.dead.length > 0);
  return {
    id: "units",
    title: "Dead and saturated units",
    body: html`<p>
        Over ${data.size} test examples and all positions.
        ${dead.length === 0 ? html`<strong>No unit is dead.</strong>` : `A dead unit is 0 everywhere; no gradient flows through it.`}
      </p>
      ${table("Units", ["layer", "channels", "dead", "numbers above 0", "saturated", "range"], rows)}`,
  };
}
