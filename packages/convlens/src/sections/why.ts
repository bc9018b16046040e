import {
  explain,
  explanationMethodNames,
  explanationMethods,
  faithfulness,
  heatmap,
  randomizationTest,
  type ExplainMethod,
  type ExplanationMethod,
  type Faithfulness,
  type Heatmap,
} from "@convlens/analysis";
import { paintMap } from "@convlens/analysis/render";
import { ConvlensError, Random } from "@convlens/backend";
import { html, type Html } from "../page/html.ts";
import { figure, fixed, table, type Section } from "../page/page.ts";
import { chart, showRaster, sizeFor } from "../page/pictures.ts";
import { showOverlay } from "./showOverlay.ts";
import { className, convolutions, detectorOf, type Subject } from "./subject.ts";

interface Answer {
  readonly title: string;
  /** What the map shows. */
  readonly summary: string;
  readonly heat: Heatmap;
  readonly faith: Faithfulness;
  /** Structural similarity to the map of a net whose weights were all shuffled. */
  readonly sanity: number;
}

/** Why the net answers as it does, by all methods side by side. */
export async function whySection(subject: Subject): Promise<Section | undefined> {
  const { model, x, answer, shape } = subject;
  if (shape.length !== 3) return undefined;
  const last = convolutions(subject).at(-1);
  const layer = last && detectorOf(subject, last).name;
  const answers: Answer[] = [];
  for (const name of explanationMethodNames) {
    const method: ExplanationMethod = explanationMethods[name];
    const told = { method: name, ...(layer !== undefined && "layer" in method.options && { layer }) } as ExplainMethod;
    try {
      const heat = heatmap(await explain(model, x, { ...told, target: answer }));
      const faith = await faithfulness(model, x, heat, { target: answer });
      const sanity = (await randomizationTest(model, x, { ...told, target: answer })).at(-1)?.similarity ?? NaN;
      answers.push({ title: method.title, summary: `${method.summary} ${method.source}.`, heat, faith, sanity });
    } catch (error) {
      // A method that the net has nothing for, as Grad-CAM where there are no maps.
      if (!(error instanceof ConvlensError)) throw error;
    }
  }
  const [height, width] = shape as readonly [number, number];
  const chance: Heatmap = { count: 1, height, width, values: Float64Array.from(new Random(1).uniform(height * width)) };
  const byChance: Answer = {
    title: "By chance",
    summary: "",
    heat: chance,
    faith: await faithfulness(model, x, chance, { target: answer }),
    sanity: NaN,
  };
  const all = [...answers, byChance];
  const rows = all.map(({ title, faith: { deletion, insertion }, sanity }) => [
    title,
    ...[deletion.area, insertion.area, insertion.area - deletion.area].map((area) => fixed(area, 3)),
    fixed(sanity, 2),
  ]);
  const best = answers.reduce((a, b) => (worth(b) > worth(a) ? b : a), byChance);
  return {
    id: "why",
    title: `Why ${className(subject, answer)}`,
    body: html`<p>
        Where the answer comes from, by ${answers.length} methods, each by itself and laid over the image. Each has a
        scale of its own: orange speaks for the class, violet against it; of methods that only give sizes (slopes,
        Grad-CAM), the further from the colour of the page, the
        larger.${layer === undefined ? "" : ` Grad-CAM looks at ${layer}.`}
      </p>
      <div class="gallery">${answers.map((each) => whyFigure(subject, each))}</div>
      <h3>How far to believe them</h3>
      <p>
        Deletion: the area under the share of the class while the hottest pixels are taken away first; the smaller the
        better. Insertion: while they are put onto an empty image; the larger the better. A method that does no better
        than chance says nothing about this answer.
      </p>
      <p>
        Sanity: how alike the map stays when all weights are shuffled, as structural similarity, which is 1 for the same
        map (Adebayo et al. 2018, “Sanity Checks for Saliency Maps”). A map that owes its look to the weights loses its
        likeness, to under about 0.5; one that stays alike shows the picture rather than what the net has learned. Of
        one image this is a rough number: where it is close to 0.5, look at several.
      </p>
      ${table("How far to believe them", ["method", "deletion", "insertion", "insertion − deletion", "sanity"], rows)}
      <div class="charts">${[best, byChance].map((each) => faithChart(each))}</div>`,
  };
}

const worth = ({ faith: { deletion, insertion } }: Answer): number => insertion.area - deletion.area;

function whyFigure(subject: Subject, { title, summary, heat }: Answer): Html {
  const size = sizeFor(subject.shape[1]!, 136);
  const map = { shape: [heat.height, heat.width], values: heat.values };
  const painted = showRaster((theme) => paintMap(map, { theme }), `${title}: the map`, size);
  const laid = showOverlay(subject, map, `${title}: laid over the image`, size);
  return figure(
    html`<div>${painted}</div>
      <div>${laid}</div>`,
    title,
    summary,
  );
}

function faithChart({ title, faith: { deletion, insertion } }: Answer): Html {
  const percentOf = ({ changed, share }: typeof deletion): (readonly [number, number])[] =>
    changed.map((x, i) => [100 * x, share[i]!] as const);
  const lines = chart(
    [
      { name: "deletion", points: percentOf(deletion) },
      { name: "insertion", points: percentOf(insertion) },
    ],
    { title: `${title}: share of the class`, xLabel: "pixels changed, %", low: 0, high: 1 },
  );
  return figure(lines, title, "share of the class while pixels go");
}
