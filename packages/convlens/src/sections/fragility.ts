import { adversarial, occlusionCurve, shiftConsistency } from "@convlens/analysis";
import { drawLegend, paintMap, scaleOf } from "@convlens/analysis/render";
import { argmax } from "@convlens/tensor";
import { predict } from "@convlens/layers";
import { html, svg, type Html } from "../page/html.ts";
import { figure, percent, type Section } from "../page/page.ts";
import {
  chart,
  firstChannel,
  picture,
  rasterOfInput,
  showDrawing,
  showInput,
  showRaster,
  sizeFor,
} from "../page/pictures.ts";
import { className, someOf, type Subject } from "./subject.ts";

/** Test examples, and the largest shift in pixels. */
const [EXAMPLES, SHIFT] = [200, 4];
const EPSILONS = [0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3];
/** The epsilon of the example that is shown, and the width of its pictures. */
const [SHOWN, WIDTH] = [0.1, 168];

/** Robustness against shifts, occlusion and adversarial attacks. */
export async function fragilitySection(subject: Subject): Promise<Section | undefined> {
  if (subject.shape.length !== 3) return undefined;
  const parts = [await shifts(subject), await covered(subject), await attacked(subject)];
  return {
    id: "fragility",
    title: "Robustness",
    body: html`<p>Measured on ${Math.min(EXAMPLES, subject.sets.test.size)} test examples.</p>
      ${parts}`,
  };
}

async function shifts({ model, sets }: Subject): Promise<Html> {
  const { inputs } = await someOf(sets.test, EXAMPLES);
  const found = await shiftConsistency(model, inputs, { shift: SHIFT });
  const side = 2 * SHIFT + 1;
  const same = found.map((each) => each.same);
  const options = { map: "sequential", range: [0, 1] } as const;
  const at = (down: number, right: number): string =>
    percent(found.find((each) => each.down === down && each.right === right)!.same, 1);
  const worst = found.reduce((a, b) => (b.same < a.same ? b : a));
  const map = showRaster(
    (theme) => paintMap({ shape: [side, side], values: same }, { ...options, theme }),
    "fraction of predictions that stay at each shift",
    26,
  );
  const legend = showDrawing((theme) =>
    svg(drawLegend(scaleOf([same], { ...options, theme }), { title: "fraction of predictions that stay" })),
  );
  const along = chart(
    [
      {
        name: "to the right",
        points: found.filter(({ down }) => down === 0).map(({ right, same: y }) => [right, y] as const),
        marks: true,
      },
      {
        name: "down",
        points: found.filter(({ right }) => right === 0).map(({ down, same: y }) => [down, y] as const),
        marks: true,
      },
    ],
    { title: "predictions that stay", xLabel: "pixels", low: 0, high: 1 },
  );
  return html`<h3>Shifts</h3>
    <div class="gallery">
      ${figure(
        [map, legend],
        `Shifts of up to ${SHIFT} pixels`,
        `fraction of predictions that stay; each square is one shift, the middle no shift. ${at(0, 1)} stay one pixel to the right, ${percent(worst.same, 1)} at worst: ${Math.abs(worst.down)} ${worst.down < 0 ? "up" : "down"} and ${Math.abs(worst.right)} to the ${worst.right < 0 ? "left" : "right"}`,
      )}${figure(along, "Along each axis", "fraction of predictions that stay")}
    </div>`;
}

async function covered({ model, sets, x, inputName }: Subject): Promise<Html> {
  const { inputs } = await someOf(sets.test, EXAMPLES / 4);
  const [own, all] = [await occlusionCurve(model, x), await occlusionCurve(model, inputs)];
  const points = (curve: typeof own, pick: "mean" | "least"): (readonly [number, number])[] =>
    curve.map((point) => [100 * point.covered, point[pick]] as const);
  const lines = chart(
    [
      { name: "mean of all positions", points: points(all, "mean"), marks: true },
      { name: "worst position", points: points(all, "least"), marks: true },
      { name: "this input, mean", points: points(own, "mean"), marks: true },
    ],
    { title: "probability of the class under an occluder", xLabel: "covered, %", low: 0, high: 1 },
  );
  return html`<h3>Occlusion</h3>
    ${figure(lines, "A black square of growing size at all positions", `probability of the class predicted without it: over ${inputs.shape[0]} test examples, and for ${inputName}`)}`;
}

async function attacked(subject: Subject): Promise<Html> {
  const { model, sets, x, shape, values, answer } = subject;
  const { inputs, labels } = await someOf(sets.test, EXAMPLES);
  const once: (readonly [number, number])[] = [];
  const often: (readonly [number, number])[] = [];
  for (const epsilon of EPSILONS) {
    once.push([epsilon, (await adversarial(model, inputs, { labels, epsilon })).accuracy]);
    often.push([epsilon, (await adversarial(model, inputs, { labels, epsilon, steps: 10 })).accuracy]);
  }
  const lines = chart(
    [
      { name: "one step (fast gradient sign)", points: once, marks: true },
      { name: "ten steps", points: often, marks: true },
    ],
    { title: "accuracy under attack", xLabel: "largest change of a pixel", low: 0, high: 1 },
  );
  const moved = await adversarial(model, x, { labels: [answer], epsilon: SHOWN, steps: 10 });
  const difference = Float64Array.from(moved.values, (value, i) => value - values[i]!);
  const now = await argmax(await predict(model, x)).item();
  const size = sizeFor(rasterOfInput({ shape, values }).width, WIDTH);
  const first = firstChannel(difference, shape[2]);
  const at = (curve: typeof once, epsilon: number): string => percent(curve.find(([e]) => e === epsilon)![1], 1);
  return html`<h3>Adversarial attacks</h3>
    ${figure(lines, "Accuracy when every pixel may change a little", `with changes of up to ${SHOWN}, ${at(once, SHOWN)} of ${labels.length} are still correct after one step, ${at(often, SHOWN)} after ten smaller steps`)}
    <div class="gallery">
      ${[
        figure(showInput({ shape, values }, "the input", WIDTH), "The input", `predicted ${className(subject, now)}`),
        figure(
          picture({ shape: shape.slice(0, 2), values: first }, "the perturbation", size, {
            map: "signed",
            range: [-0.3, 0.3],
          }),
          "The perturbation",
          `at most ${SHOWN} at each pixel: orange brightens, violet darkens`,
        ),
        figure(
          showInput({ shape, values: moved.values }, "the attacked input", WIDTH),
          "The sum",
          `predicted ${className(subject, moved.after[0]!)}`,
        ),
      ]}
    </div>`;
}
