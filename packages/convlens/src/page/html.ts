import { toSvg, type Scene } from "@convlens/analysis/render";

/** A part of an {@link html} template: text, which is escaped, markup, a list of parts, or nothing. */
export type HtmlPart = Html | string | number | undefined | readonly HtmlPart[];

/** Trusted markup. Only {@link html}, {@link svg} and {@link stylesheet} make it. */
export class Html {
  readonly #text: string;

  /** @internal */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** Characters with a meaning in markup, and their references. */
const references = [
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
] as const;

/** Escapes text for use between tags and within quoted attributes. */
function escaped(text: string): string {
  return (
    references
      .reduce((all, [character, reference]) => all.replaceAll(character, reference), text)
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd")
  );
}

const textOf = (part: HtmlPart): string => {
  if (part === undefined) return "";
  if (part instanceof Html) return part.toString();
  return Array.isArray(part) ? part.map(textOf).join("") : escaped(String(part));
};

/**
 * Makes markup from a template. All parts are escaped, unless they are markup themselves: with `name` of `<i>`,
 * html`<b>${name}</b>` is `<b>&lt;i&gt;</b>`. Attributes must be quoted.
 */
export const html = (strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html =>
  new Html(strings.reduce((all, string, i) => all + textOf(parts[i - 1]) + string));

/** Makes markup of a drawing of `@convlens/analysis/render`. */
export const svg = (drawing: Scene): Html => new Html(toSvg(drawing));

/** Makes a style sheet element. */
export const stylesheet = (rules: string): Html => new Html(`<style>${rules}</style>`);
