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
  /** Structural similarity to the map of a model whose weights were all shuffled. */
  readonly sanity: number;
}

/** Explanations of the prediction by all methods. */
export async function whySection(subject: Subject): Promise<Section | undefined> {
  const { model, x, answer, shape } = subject;
  if (shape.length !== 3) return undefined;
  const last = convolutions(subject).at(-1);
  const layer = last && detectorOf(subject, last).name;
  const answers: Answer[] = [];
  for (const name of explanationMethodNames) {
    const method: ExplanationMethod = explanationMethods[name];
    const options = {
      method: name,
      ...(layer !== undefined && "layer" in method.options && { layer }),
    } as ExplainMethod;
    try {
      const heat = heatmap(await explain(model, x, { ...options, target: answer }));
      const faith = await faithfulness(model, x, heat, { target: answer });
      const sanity = (await randomizationTest(model, x, { ...options, target: answer })).at(-1)?.similarity ?? NaN;
      answers.push({ title: method.title, summary: `${method.summary} ${method.source}.`, heat, faith, sanity });
    } catch (error) {
      // The method does not apply to the model, such as Grad-CAM to one without maps.
      if (!(error instanceof ConvlensError)) throw error;
    }
  }
  const [height, width] = shape as readonly [number, number];
  const chance: Heatmap = { count: 1, height, width, values: Float64Array.from(new Random(1).uniform(height * width)) };
  const byChance: Answer = {
    title: "Random map",
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
        The prediction explained by ${answers.length} methods: each map alone and over the image, on its own scale.
        Orange raises the score of the class, violet lowers it; for methods without a sign (gradients, Grad-CAM), the
        further from the colour of the page, the larger.${layer === undefined ? "" : ` Grad-CAM uses ${layer}.`}
      </p>
      <div class="gallery">${answers.map((each) => whyFigure(subject, each))}</div>
      <h3>How faithful they are</h3>
      <p>
        Deletion: the area under the probability of the class while pixels are removed, the most important first; lower
        is better. Insertion: while they are added to an empty image; higher is better. A method that is no better than
        a random map says nothing about this prediction.
      </p>
      <p>
        Sanity: the structural similarity to the map of the same model with all weights shuffled, which is 1 for the
        same map (Adebayo et al. 2018, “Sanity Checks for Saliency Maps”). A map that depends on the weights falls to
        under about 0.5; one that stays similar shows the image rather than what the model has learned. For one image
        this is a rough figure: if it is close to 0.5, look at several.
      </p>
      ${table("How faithful they are", ["method", "deletion", "insertion", "insertion − deletion", "sanity"], rows)}
      <div class="charts">${[best, byChance].map((each) => faithChart(each))}</div>`,
  };
}

const worth = ({ faith: { deletion, insertion } }: Answer): number => insertion.area - deletion.area;

function whyFigure(subject: Subject, { title, summary, heat }: Answer): Html {
  const size = sizeFor(heat.width, 136);
  const map = { shape: [heat.height, heat.width], values: heat.values };
  const painted = showRaster((theme) => paintMap(map, { theme }), `${title}: the map`, size);
  const laid = showOverlay(subject, map, `${title}: over the image`, size);
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
    { title: `${title}: probability of the class`, xLabel: "pixels changed, %", low: 0, high: 1 },
  );
  return figure(lines, title, "probability of the class while pixels change");
}
