import { colorMap, colorOf } from "@convlens/analysis/render";
import { html } from "../page/html.ts";
import { figure, percent, scrolling, type Section } from "../page/page.ts";
import { showInput } from "../page/pictures.ts";
import { exampleOf, type EvaluatedSubject } from "./subject.ts";

/** Mistakes that are shown. */
const MOST_MISTAKES = 24;

/** The confusion matrix of the test set. */
export function confusionSection({ evaluation, sets }: EvaluatedSubject): Section | undefined {
  const { confusion } = evaluation;
  if (confusion === undefined) return undefined;
  const { classes } = sets.test;
  const rows = confusion.map((row, label) => {
    const total = Math.max(
      1,
      row.reduce((sum, n) => sum + n, 0),
    );
    const cells = row.map((n, predicted) => {
      const share = n / total;
      // Rare mistakes stay visible.
      const [r, g, b] = colorOf(colorMap("signed"), predicted === label ? -share : Math.min(1, share * 10));
      const text = r + g + b < 380 ? "#fff" : "#111";
      return html`<td style="background:rgb(${r} ${g} ${b});color:${text}">${n === 0 ? "" : n}</td>`;
    });
    return html`<tr>
      <th scope="row">${classes[label] ?? label}</th>
      ${cells}
      <td class="share">${percent(row[label]! / total)}</td>
    </tr>`;
  });
  const head = confusion.map((_, c) => html`<th scope="col">${classes[c] ?? c}</th>`);
  const table = html`<table class="confusion">
    <thead>
      <tr>
        <td></td>
        ${head}
        <th scope="col">correct</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
  return {
    id: "confusion",
    title: "Confusion matrix",
    body: html`<p>Test examples by true class (rows) and predicted class (columns); mistakes are orange.</p>
      ${scrolling(table, "Test examples by true and predicted class")}`,
  };
}

/** The mistakes that the model was most confident of. */
export function mistakeSection({ evaluation, sets: { test } }: EvaluatedSubject): Section | undefined {
  const { mistakes } = evaluation;
  if (mistakes === undefined) return undefined;
  const shown = mistakes.slice(0, MOST_MISTAKES).map(({ index, label, predicted, confidence }) => {
    return figure(
      showInput(exampleOf(test, index), `test example ${index}`, 84),
      html`${test.classes[label]}, predicted <b>${test.classes[predicted] ?? predicted}</b>`,
      `confidence ${percent(confidence, 0)}`,
    );
  });
  const count = mistakes.length > shown.length ? `, ${shown.length} of ${mistakes.length}` : "";
  return {
    id: "mistakes",
    title: "Worst mistakes",
    body:
      shown.length === 0
        ? html`<p>There are none on the test set.</p>`
        : html`<p>Test examples that the model was most confident about and wrong${count}.</p>
            <div class="gallery">${shown}</div>`,
  };
}
