import { drawBars } from "@convlens/analysis/render";
import { parameters } from "@convlens/layers";
import { evaluateModel } from "@convlens/training";
import { html, svg, type Html } from "../report/html.ts";
import { facts, figure, percent, whole, type Section } from "../report/page.ts";
import { forWidths, showInput, sizeFor } from "../report/pictures.ts";
import { className, type Subject } from "./subject.ts";

/** What one wants to know first about a net. */
export async function overview({ model, sets, settings, progress }: Subject): Promise<Html> {
  const { accuracy, loss, mistakes } = await evaluateModel(model, sets.test);
  const learned = [...parameters(model).values()].reduce((sum, { size }) => sum + size, 0);
  return facts([
    ...(accuracy === undefined ? [] : [["test accuracy", percent(accuracy)] as const]),
    ["test loss", loss.toFixed(4)],
    ...(mistakes === undefined ? [] : [["mistakes", `${whole(mistakes.length)} of ${whole(sets.test.size)}`] as const]),
    ["steps learned", `${whole(progress.step)}, in batches of ${settings.batchSize}`],
    ["parameters", whole(learned)],
    ["input", sets.test.shape.join(" × ")],
  ]);
}

/** What is said about an image that was given: what was done to it, and whether it looks like a negative. */
export function remarksOf({ file }: Subject): readonly string[] {
  if (file === undefined) return [];
  const { inversion, isInverted, input } = file;
  const { image, data } = inversion;
  const bright = (x: number): string => percent(x, 0);
  const told = `its edge is ${bright(image.edge)} bright (0 is black), where examples that the net has learned from have ${bright(data.edge)}`;
  const warning = isInverted
    ? `exchanged, it looks inverted: ${told}; leave --invert out`
    : `it looks inverted: ${told}; --invert exchanges black and white`;
  return [...input.changes, ...(inversion.isInverted ? [warning] : [])];
}

/** The input, and the answer. */
export function inputSection(subject: Subject): Section {
  const { shape, values, inputName, shares, answer, sets, file, label } = subject;
  const truth =
    label === undefined ? "" : label === answer ? ", which is right" : `, but it is a ${className(subject, label)}`;
  const width = shape.length === 3 ? shape[1]! : 1;
  const seen = figure(
    showInput({ shape, values }, inputName, sizeFor(width, 280)),
    file === undefined ? inputName : "What the net sees",
    `${shape.join(" × ")} numbers`,
  );
  const given =
    file === undefined
      ? ""
      : figure(
          showInput(file.preview, `${file.name}, as it is`, sizeFor(file.preview.shape[1]!, 280)),
          file.name,
          `${file.size.join(" × ")} pixels (height × width)`,
        );
  const order = shares.map((_, label) => label);
  if (shares.length > 20) order.sort((a, b) => shares[b]! - shares[a]!).splice(20);
  const bars = order.map((label) => ({
    name: sets.test.classes[label] ?? `${label}`,
    value: shares[label]!,
    text: percent(shares[label]!, 1),
  }));
  const told = `what the net takes it for: ${className(subject, answer)} with ${percent(shares[answer]!, 1)}`;
  const drawn = forWidths((width) => svg(drawBars(bars, { width, title: told })));
  const remarks = remarksOf(subject);
  const list =
    remarks.length === 0
      ? ""
      : html`<ul class="note">
          ${remarks.map((text) => html`<li>${text}</li>`)}
        </ul>`;
  const done =
    file !== undefined && remarks.length === 0 ? html`<p>The file fits the net as it is: nothing was changed.</p>` : "";
  return {
    id: "input",
    title: file === undefined ? "The example" : "The image",
    body: html`<p>
        The net takes it for <strong>${className(subject, answer)}</strong>, with
        ${percent(shares[answer]!, 1)}${truth}. Shares are what softmax makes of its ${shares.length} outputs.
      </p>
      ${list}${done}
      <div class="gallery">${given}${seen}${figure(drawn, "The share of each class")}</div>`,
  };
}
