import { style } from "./style.ts";

/** Text that cannot be taken for markup. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A share for people. */
export const percent = (x: number, digits = 2): string => (Number.isNaN(x) ? "–" : `${(100 * x).toFixed(digits)} %`);

/** A number with so many digits behind the point. */
export const fixed = (x: number, digits: number): string =>
  Number.isNaN(x) ? "–" : x.toFixed(digits).replace("-", "−");

/** A whole number with its thousands apart. */
export const whole = (x: number): string => Math.round(x).toLocaleString("en-US");

/** A few things that one wants to know first. */
export const facts = (list: readonly (readonly [name: string, value: string])[]): string =>
  `<dl class="facts">${list.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join("")}</dl>`;

/** A picture with words below: what it is, and what one sees. Both may hold markup. */
export function figure(picture: string, caption: string, about = ""): string {
  const more = about === "" ? "" : ` <span class="about">${about}</span>`;
  return `<figure>${picture}<figcaption>${caption}${more}</figcaption></figure>`;
}

/** Something that may be wider than the page: it scrolls by itself, also by keyboard. */
export const scrolling = (content: string, name: string): string =>
  `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(name)}">${content}</div>`;

const isNumber = (cell: string | number): boolean => /^(–|[−-]?[\d.,]+( (%|KiB))?)?$/.test(`${cell}`);

/** Rows of text and numbers; columns of numbers only stand on the right. Cells hold plain text. */
export function table(name: string, head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const looks = head.map((_, column) =>
    column > 0 && rows.every((row) => isNumber(row[column]!)) ? ' class="number"' : "",
  );
  const cell = (value: string | number, column: number): string => {
    const text = escaped(typeof value === "number" ? whole(value) : value);
    return column === 0 ? `<th scope="row">${text}</th>` : `<td${looks[column]}>${text}</td>`;
  };
  const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("");
  const columns = head.map((text, column) => `<th scope="col"${looks[column]}>${escaped(text)}</th>`).join("");
  return scrolling(`<table><thead><tr>${columns}</tr></thead><tbody>${body}</tbody></table>`, name);
}

/** A chapter of a page. */
export interface Section {
  /** Its address on the page. */
  readonly id: string;
  readonly title: string;
  /** Markup. */
  readonly body: string;
}

/** A whole page that needs nothing else, no network. With several sections it begins with links to them. */
export function page(title: string, head: string, sections: readonly Section[]): string {
  const links = sections.map(({ id, title: name }) => `<li><a href="#${id}">${escaped(name)}</a></li>`).join("");
  const bodies = sections
    .map(
      ({ id, title: name, body }) =>
        `<section aria-labelledby="${id}"><h2 id="${id}">${escaped(name)}</h2>\n${body}</section>`,
    )
    .join("\n");
  const text = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${style}</style></head>
<body><main><h1>${escaped(title)}</h1>
${head}
<nav aria-label="On this page"><ol>${links}</ol></nav>
${bodies}
</main></body></html>
`;
  // A number and its unit stay together.
  return text.replaceAll(/(?<=\d) %/g, "\u00a0%");
}
