import {
  explain,
  explainMethods,
  faithfulness,
  heatmap,
  randomizationTest,
  type ExplainMethod,
  type ExplainOptions,
  type Faithfulness,
  type Heatmap,
} from "@convlens/analysis";
import { paintMap } from "@convlens/analysis/render";
import { ConvlensError, Random } from "@convlens/backend";
import { html, type Html } from "../report/html.ts";
import { figure, fixed, table, type Section } from "../report/page.ts";
import { chart, showRaster, sizeFor } from "../report/pictures.ts";
import { showOverlay } from "./showOverlay.ts";
import { className, convolutions, detectorOf, type Subject } from "./subject.ts";

/** What each method is called, and what it asks. */
const methods: Readonly<Record<ExplainOptions["method"], { readonly name: string; readonly asks: string }>> = {
  gradient: { name: "Gradient", asks: "where would a small change move the score most?" },
  gradientTimesInput: { name: "Gradient × input", asks: "that slope, times what is there" },
  smoothGrad: { name: "SmoothGrad", asks: "the slope, averaged over noisy copies" },
  integratedGradients: { name: "Integrated gradients", asks: "all slopes on the way from an empty image" },
  guidedBackpropagation: { name: "Guided backpropagation", asks: "slopes, where only what speaks for it comes back" },
  deconvnet: { name: "Deconvnet", asks: "the same, without looking at what fired" },
  gradCam: { name: "Grad-CAM", asks: "which maps of a layer speak for it, and where?" },
  guidedGradCam: { name: "Guided Grad-CAM", asks: "that, times guided backpropagation" },
  occlusion: { name: "Occlusion", asks: "how far does the score fall where a square covers it?" },
  relevance: { name: "Layer-wise relevance", asks: "the score itself, shared out from layer to layer" },
};

interface Answer {
  readonly name: string;
  readonly asks: string;
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
  for (const method of explainMethods) {
    const told = { method, ...(layer !== undefined && /cam/i.test(method) && { layer }) } as ExplainMethod;
    try {
      const heat = heatmap(await explain(model, x, { ...told, target: answer }));
      const faith = await faithfulness(model, x, heat, { target: answer });
      const sanity = (await randomizationTest(model, x, { ...told, target: answer })).at(-1)?.similarity ?? NaN;
      answers.push({ ...methods[method], heat, faith, sanity });
    } catch (error) {
      // A method that the net has nothing for, as Grad-CAM where there are no maps.
      if (!(error instanceof ConvlensError)) throw error;
    }
  }
  const [height, width] = shape as readonly [number, number];
  const chance: Heatmap = { count: 1, height, width, values: Float64Array.from(new Random(1).uniform(height * width)) };
  const byChance: Answer = {
    name: "By chance",
    asks: "",
    heat: chance,
    faith: await faithfulness(model, x, chance, { target: answer }),
    sanity: NaN,
  };
  const all = [...answers, byChance];
  const rows = all.map(({ name, faith: { deletion, insertion }, sanity }) => [
    name,
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

function whyFigure(subject: Subject, { name, asks, heat }: Answer): Html {
  const size = sizeFor(subject.shape[1]!, 136);
  const map = { shape: [heat.height, heat.width], values: heat.values };
  const painted = showRaster((theme) => paintMap(map, { theme }), `${name}: the map`, size);
  const laid = showOverlay(subject, map, `${name}: laid over the image`, size);
  return figure(
    html`<div>${painted}</div>
      <div>${laid}</div>`,
    name,
    asks,
  );
}

function faithChart({ name, faith: { deletion, insertion } }: Answer): Html {
  const percentOf = ({ changed, share }: typeof deletion): (readonly [number, number])[] =>
    changed.map((x, i) => [100 * x, share[i]!] as const);
  const lines = chart(
    [
      { name: "deletion", points: percentOf(deletion) },
      { name: "insertion", points: percentOf(insertion) },
    ],
    { title: `${name}: share of the class`, xLabel: "pixels changed, %", low: 0, high: 1 },
  );
  return figure(lines, name, "share of the class while pixels go");
}
