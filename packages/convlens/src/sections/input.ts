import { drawBars } from "@convlens/analysis/render";
import { html, svg, type Html, type HtmlPart } from "../page/html.ts";
import { figure, percent, type Section } from "../page/page.ts";
import { forWidths, showInput } from "../page/pictures.ts";
import { className, type ImageFile, type Subject } from "./subject.ts";

/** Remarks about an image file: the changes made to fit it to the model, and whether it looks inverted. */
export function remarksOf({ file }: Subject): readonly string[] {
  if (file === undefined) return [];
  const { inversion, isInverted, input } = file;
  const { image, data } = inversion;
  const bright = (x: number): string => percent(x, 0);
  const reason = `its edge is ${bright(image.edge)} bright (0 % is black), that of training examples ${bright(data.edge)}`;
  const warning = isInverted
    ? `after --invert it looks inverted: ${reason}; leave --invert out`
    : `it looks inverted: ${reason}; --invert exchanges black and white`;
  return [...input.changes, ...(inversion.isInverted ? [warning] : [])];
}

/** The input, and what the model predicts for it. */
export function inputSection(subject: Subject): Section {
  const { shape, values, inputName, probabilities, answer, confidence, file, label } = subject;
  const truth =
    label === undefined
      ? ""
      : label === answer
        ? ", which is correct"
        : `; the true class is ${className(subject, label)}`;
  const input = figure(
    showInput({ shape, values }, inputName, 280),
    file === undefined ? inputName : "The input of the model",
    `${shape.join(" × ")} numbers`,
  );
  return {
    id: "input",
    title: file === undefined ? "The example" : "The image",
    body: html`<p>
        The model predicts <strong>${className(subject, answer)}</strong>, with ${percent(confidence, 1)}${truth}.
        Probabilities are the softmax of its ${probabilities.length} outputs.
      </p>
      ${remarks(subject)}
      <div class="gallery">
        ${original(file)}${input}${figure(probabilityBars(subject), "Probability of each class")}
      </div>`,
  };
}

/** The image file as it was given. */
const original = (file: ImageFile | undefined): HtmlPart =>
  file &&
  figure(
    showInput(file.preview, `${file.name}, as it is`, 280),
    file.name,
    `${file.size.join(" × ")} pixels (height × width)`,
  );

function remarks(subject: Subject): HtmlPart {
  const all = remarksOf(subject);
  if (all.length > 0)
    return html`<ul class="note">
      ${all.map((text) => html`<li>${text}</li>`)}
    </ul>`;
  return subject.file && html`<p>The image fits the model as it is.</p>`;
}

/** Classes whose probability is drawn, if there are more. */
const MOST_CLASSES = 20;

function probabilityBars(subject: Subject): Html {
  const { probabilities, answer, confidence, sets } = subject;
  const bars = probabilities.map((value, label) => ({
    name: sets.test.classes[label] ?? `${label}`,
    value,
    text: percent(value, 1),
  }));
  if (bars.length > MOST_CLASSES) bars.sort((a, b) => b.value - a.value).splice(MOST_CLASSES);
  const title = `prediction: ${className(subject, answer)} with ${percent(confidence, 1)}`;
  return forWidths((width) => svg(drawBars(bars, { width, title })));
}
