import { effectiveReceptiveField, receptiveFields } from "@convlens/analysis";
import { drawBoxes } from "@convlens/analysis/render";
import { html, svg, type HtmlPart } from "../page/html.ts";
import { figure, table, type Section } from "../page/page.ts";
import { rasterOfInput, sizeFor } from "../page/pictures.ts";
import { showOverlay } from "./showOverlay.ts";
import { convolutions, nameOf, someOf, type Subject } from "./subject.ts";

/** Layers whose effective receptive fields are shown, and the examples they are averaged over. */
const [MOST, EXAMPLES] = [4, 32];

/** The receptive fields of all layers. */
export async function geometrySection(subject: Subject): Promise<Section> {
  const { model, shape, layers } = subject;
  const fields = receptiveFields(model, shape).filter(({ name }) => layers.some((layer) => layer.name === name));
  const rows = fields.map(({ name, type, outputShape, axes }) => [
    `${name} ${type}`,
    outputShape.join(" × "),
    axes.map(({ size }) => size).join(" × "),
    axes.every(({ jump }) => jump === 0) ? "– (all the same)" : axes.map(({ jump }) => jump).join(" × "),
    axes.map(({ start }) => `${start}`.replace("-", "−")).join(", "),
  ]);
  const body = table(
    "Receptive fields by layer",
    ["layer", "output", "receptive field (pixels)", "jump (pixels)", "first begins at"],
    rows,
  );
  const pictures = shape.length === 3 ? await fieldPictures(subject, fields) : "";
  return {
    id: "geometry",
    title: "Receptive fields",
    body: html`<p>
        The number of pixels that a unit of each layer sees, padding included, and the distance to the receptive field
        of its neighbour. A field that begins below 0 begins in the padding.
      </p>
      ${body}${pictures}`,
  };
}

async function fieldPictures(subject: Subject, fields: ReturnType<typeof receptiveFields>): Promise<HtmlPart> {
  const { model, shape, values, sets } = subject;
  const image = rasterOfInput({ shape, values });
  const size = sizeFor(image.width, 200);
  const chosen = [...convolutions(subject)].slice(0, MOST);
  if (chosen.length === 0) return "";
  const { inputs } = await someOf(sets.test, EXAMPLES);
  const figures = await Promise.all(
    chosen.map(async ({ name, type, output }) => {
      const unit = output.shape.slice(1, -1).map((places) => Math.floor(places / 2));
      const box = fields.find((field) => field.name === name)!.box(unit);
      const effective = await effectiveReceptiveField(model, inputs, name, unit);
      const about = `${nameOf({ name, type })}, unit ${unit.join(", ")}`;
      const boxed = drawBoxes(image, [{ box }], {
        size,
        title: `the receptive field of ${about}`,
      });
      const glass = showOverlay(subject, effective, `the effective receptive field of ${about}`, size);
      const pixels = box.map(([first, last]) => last - first + 1).join(" × ");
      return figure(
        html`<div>${svg(boxed)}</div>
          <div>${glass}</div>`,
        about,
        `receptive field of ${pixels} pixels, of which ${effective.area} count`,
      );
    }),
  );
  return html`<h3>The unit in the middle</h3>
    <p>
      Not all pixels of a receptive field count equally: those near its border reach the unit on fewer paths (Luo et al.
      2016). The effective receptive field is the gradient of the unit, over ${inputs.shape[0]} test examples; pixels
      count that have more than 4.55 % of the largest gradient, the fraction of a normal distribution beyond two
      standard deviations.
    </p>
    <div class="gallery">${figures}</div>`;
}
