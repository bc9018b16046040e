import { html, stylesheet, type Html, type HtmlPart } from "./html.ts";
import { style } from "./style.ts";

/** Formats a fraction as a percentage. */
export const percent = (x: number, digits = 2): string => (Number.isNaN(x) ? "–" : `${(100 * x).toFixed(digits)} %`);

/** Formats a number with a fixed number of decimals. */
export const fixed = (x: number, digits: number): string =>
  Number.isNaN(x) ? "–" : x.toFixed(digits).replace("-", "−");

/** Formats a whole number with thousands separators. */
export const whole = (x: number): string => Math.round(x).toLocaleString("en-US");

/** A list of facts, each with a name. */
export const facts = (list: readonly (readonly [name: string, value: string])[]): Html =>
  html`<dl class="facts">
    ${list.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

/** A picture with a caption and a description. */
export function figure(picture: HtmlPart, caption: HtmlPart, about: HtmlPart = ""): Html {
  const more = about === "" ? "" : html` <span class="about">${about}</span>`;
  return html`<figure>
    ${picture}
    <figcaption>${caption}${more}</figcaption>
  </figure>`;
}

/** Content that may be wider than the page; it scrolls by itself, also by keyboard. */
export const scrolling = (content: HtmlPart, name: string): Html =>
  html`<div class="scroll" role="region" tabindex="0" aria-label="${name}">${content}</div>`;

const isNumber = (cell: string | number): boolean => /^(–|[−-]?[\d.,]+( (%|KiB))?)?$/.test(`${cell}`);

/** A table. Columns that hold only numbers are aligned to the right. */
export function table(name: string, head: readonly string[], rows: readonly (readonly (string | number)[])[]): Html {
  const looks = head.map((_, column) =>
    column > 0 && rows.every((row) => isNumber(row[column]!)) ? html` class="number"` : "",
  );
  const cell = (value: string | number, column: number): Html => {
    const text = typeof value === "number" ? whole(value) : value;
    return column === 0 ? html`<th scope="row">${text}</th>` : html`<td${looks[column]}>${text}</td>`;
  };
  const body = rows.map(
    (row) =>
      html`<tr>
        ${row.map(cell)}
      </tr>`,
  );
  const columns = head.map((text, column) => html`<th scope="col" ${looks[column]}>${text}</th>`);
  return scrolling(
    html`<table>
      <thead>
        <tr>
          ${columns}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>`,
    name,
  );
}

/** A section of a page. */
export interface Section {
  /** Its anchor on the page. */
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** A page in one file that loads nothing else. It begins with links to its sections. */
export function page(title: string, head: Html, sections: readonly Section[]): string {
  const links = sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`);
  const bodies = sections.map(
    ({ id, title: name, body }) =>
      html`<section aria-labelledby="${id}">
        <h2 id="${id}">${name}</h2>
        ${body}
      </section> `,
  );
  const text = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${stylesheet(style)}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${head}
          <nav aria-label="On this page">
            <ol>
              ${links}
            </ol>
          </nav>
          ${bodies}
        </main>
      </body>
    </html> `;
  // Keeps a number and its unit on one line.
  return text.toString().replaceAll(/(?<=\d) %/g, "\u00a0%");
}
