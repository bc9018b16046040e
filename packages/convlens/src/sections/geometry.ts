import { effectiveReceptiveField, receptiveFields } from "@convlens/analysis";
import { drawBoxes } from "@convlens/analysis/render";
import { html, svg, type HtmlPart } from "../page/html.ts";
import { figure, table, type Section } from "../page/page.ts";
import { rasterOfInput, sizeFor } from "../page/pictures.ts";
import { showOverlay } from "./showOverlay.ts";
import { convolutions, nameOf, someOf, type Subject } from "./subject.ts";

/** Layers whose effective fields are shown, and examples that their slopes are the mean of. */
const [MOST, EXAMPLES] = [4, 32];

/** What units of each layer see of the input. */
export async function geometrySection(subject: Subject): Promise<Section> {
  const { model, shape, layers } = subject;
  const fields = receptiveFields(model, shape).filter(({ name }) => layers.some((layer) => layer.name === name));
  const rows = fields.map(({ name, type, outputShape, axes }) => [
    `${name} ${type}`,
    outputShape.join(" × "),
    axes.map(({ size }) => size).join(" × "),
    axes.every(({ jump }) => jump === 0) ? "– (all see the same)" : axes.map(({ jump }) => jump).join(" × "),
    axes.map(({ start }) => `${start}`.replace("-", "−")).join(", "),
  ]);
  const body = table(
    "Receptive fields",
    ["layer", "makes", "each unit sees (pixels)", "next unit (pixels on)", "the first begins at"],
    rows,
  );
  const pictures = shape.length === 3 ? await fieldPictures(subject, fields) : "";
  return {
    id: "geometry",
    title: "What units see",
    body: html`<p>
        In closed form: how many pixels a unit of each layer sees, padding included, and how far its neighbour’s window
        lies from its own. A window that begins below 0 begins in the padding.
      </p>
      ${body}${pictures}`,
  };
}

async function fieldPictures(subject: Subject, fields: ReturnType<typeof receptiveFields>): Promise<HtmlPart> {
  const { model, shape, values, sets } = subject;
  const size = sizeFor(shape[1]!, 200);
  const chosen = [...convolutions(subject)].slice(0, MOST);
  if (chosen.length === 0) return "";
  const { inputs } = someOf(sets.test, EXAMPLES);
  const figures = await Promise.all(
    chosen.map(async ({ name, type, output }) => {
      const unit = output.shape.slice(1, -1).map((places) => Math.floor(places / 2));
      const box = fields.find((field) => field.name === name)!.box(unit);
      const effective = await effectiveReceptiveField(model, inputs, name, unit);
      const about = `${nameOf({ name, type })}, unit ${unit.join(", ")}`;
      const boxed = drawBoxes(rasterOfInput({ shape, values }), [{ box }], {
        size,
        title: `the box of pixels that ${about} sees`,
      });
      const glass = showOverlay(subject, effective, `how much each pixel counts for ${about}`, size);
      const pixels = box.map(([first, last]) => last - first + 1).join(" × ");
      return figure(
        html`<div>${svg(boxed)}</div>
          <div>${glass}</div>`,
        about,
        `sees this box of ${pixels} pixels, of which ${effective.area} count`,
      );
    }),
  );
  return html`<h3>The unit in the middle</h3>
    <p>
      A unit sees all of its box, but not all of it counts as much: what lies near the border reaches the unit on fewer
      ways (Luo et al. 2016). How much a pixel counts is the slope of the unit by it, over ${inputs.shape[0]} test
      examples; pixels are counted that have more than 4.55 % of the largest, which is what a bell curve has beyond two
      deviations.
    </p>
    <div class="gallery">${figures}</div>`;
}
