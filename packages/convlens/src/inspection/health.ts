import { adviceOn, unitActivity, type HealthRecord } from "@convlens/analysis";
import { shortNumber, thinned, type Series } from "@convlens/analysis/render";
import { batches, take } from "@convlens/datasets";
import type { RunHistory } from "../runFolder.ts";
import { html, type Html } from "../report/html.ts";
import { figure, percent, table, type Section } from "../report/page.ts";
import { chart } from "../report/pictures.ts";
import type { Subject } from "./subject.ts";

/** Lines that can still be told apart. */
const MOST_LINES = 4;

/** How training went, and what should be changed. */
export function healthSection({ history, folder }: Subject): Section {
  const head = { id: "health", title: "How its training went" };
  if (history === undefined || history.steps.length === 0)
    return {
      ...head,
      body: html`<p>${folder.path} does not say how it learned: train it again to see it here.</p>`,
    };
  const advice = adviceOn(history);
  const told =
    advice.length === 0
      ? html`<p><strong>Nothing to mend was found</strong> in its losses, its steps, its gradients and its units.</p>`
      : html`<ul class="note">
          ${advice.map(({ text }) => html`<li>${text}</li>`)}
        </ul>`;
  return {
    ...head,
    body: html`${told}
      <div class="charts">${charts(history)}</div>`,
  };
}

function charts({ steps, records, chance, epochs }: RunHistory): Html[] {
  const chartOf = (
    caption: string,
    about: string,
    series: readonly Series[],
    range: { low?: number; high?: number } = { low: 0 },
  ): Html => figure(chart(series, { title: caption, xLabel: "steps", ...range }), caption, about);
  const [first, last] = [steps[0]!, steps.at(-1)!];
  const tested = epochs.filter(({ testLoss }) => testLoss !== undefined);
  const known = chance !== undefined && Number.isFinite(chance);
  const losses = [
    { name: "training", points: thinned(steps.map(({ step, loss }) => [step, loss])) },
    ...(tested.length > 0
      ? [{ name: "test", points: tested.map(({ step, testLoss }) => [step, testLoss!] as const), marks: true }]
      : []),
    ...(known
      ? [
          {
            name: "chance",
            points: [
              [first.step, chance],
              [last.step, chance],
            ] as const,
          },
        ]
      : []),
  ];
  const norms = thinned(steps.map(({ step, gradientNorm }) => [step, gradientNorm ?? NaN]));
  const updates = series(records, ({ parameters }) =>
    parameters
      .filter(({ path }) => /(filters|weights)$/.test(path))
      .map(({ path, updateRatio }) => [path, updateRatio]),
  );
  const dead = series(records, ({ layers }) =>
    layers.filter(({ curve }) => curve === "relu").map(({ path, dead: count, units }) => [path, (100 * count) / units]),
  );
  return [
    chartOf(
      "Loss",
      known
        ? `began at ${shortNumber(first.loss)}, where chance is ${shortNumber(chance)}`
        : `began at ${shortNumber(first.loss)}`,
      losses,
    ),
    chartOf("Length of the gradient", "of all parameters together", [{ name: "gradient", points: norms }]),
    ...(updates.length > 0
      ? [
          chartOf(
            "Update over size",
            "how far a step moves weights, over how large they are; about 0.001 is healthy",
            updates,
          ),
        ]
      : []),
    ...(dead.length > 0
      ? [
          chartOf("Dead units, %", "channels behind a relu that are 0 on all examples looked at", dead, {
            low: 0,
            high: 100,
          }),
        ]
      : []),
  ];
}

/** A line for each of the first few names. */
function series(
  records: readonly HealthRecord[],
  pick: (record: HealthRecord) => (readonly [name: string, value: number])[],
): Series[] {
  const names = (records[0] === undefined ? [] : pick(records[0])).map(([name]) => name).slice(0, MOST_LINES);
  return names.map((name) => ({
    name,
    points: records.map((record) => [record.step, pick(record).find(([own]) => own === name)?.[1] ?? NaN] as const),
  }));
}

/** Test examples that units are watched on. */
const EXAMPLES = 1000;

/** Which units never say anything. */
export async function unitSection({ model, sets, layers }: Subject): Promise<Section> {
  const data = take(sets.test, EXAMPLES);
  const inputs = [...batches(data, { size: 200 })].map((batch) => batch.inputs);
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
        Over ${data.size} test examples and all places.
        ${dead.length === 0 ? html`<strong>No unit is dead.</strong>` : `A dead unit is 0 wherever one looks; no gradient flows through it.`}
      </p>
      ${table("Units", ["layer", "channels", "dead", "numbers above 0", "saturated", "range"], rows)}`,
  };
}
