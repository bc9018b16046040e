import { numberAbove, oneOf, type OptionChecks } from "@convlens/backend";
import { textOption } from "../optionChecks.ts";
import type { Theme } from "./colorMaps.ts";
import { palette } from "./palette.ts";

/** What every drawing may be told. */
export interface DrawOptions {
  /** For a light or a dark page, or `"auto"`, the default: as the reader's system is set. */
  readonly theme?: Theme | "auto";
  /** What it shows, for those who do not see it. Default: what there is to count. */
  readonly title?: string;
}

/** What a drawing that finds room on narrow pages, too, may be told. */
export interface WidthOptions extends DrawOptions {
  /** How many pixels it may be wide; what cannot be drawn in less is as wide as it must be. */
  readonly width?: number;
}

/** Checks of the options of every drawing. */
export const drawChecks: OptionChecks<DrawOptions> = {
  theme: /* @__PURE__ */ oneOf("light", "dark", "auto"),
  title: textOption,
};

/** Checks of the options of a drawing that fits narrow pages. */
export const widthChecks: OptionChecks<WidthOptions> = { ...drawChecks, width: /* @__PURE__ */ numberAbove(0) };

/** Text that cannot be taken for markup. Control characters, which XML does not allow, are replaced. */
export const escapeText = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** Numbers short enough for a coordinate. */
export const round = (x: number): string => `${+x.toFixed(2)}`;

/** An element of SVG; attributes that are `undefined` are left out. `content` is markup: texts go through {@link textElement}. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content = "",
): string {
  const text = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escapeText(value!)}"`)
    .join("");
  return content === "" ? `<${name}${text}/>` : `<${name}${text}>${content}</${name}>`;
}

/** An element that holds text. */
export const textElement = (
  name: "text" | "title",
  attributes: Readonly<Record<string, string | number | undefined>>,
  text: string,
): string => element(name, attributes, escapeText(text));

/** What is said of an element where a pointer rests. */
export const tooltip = (text: string): string => textElement("title", {}, text);

/** Text at a place. */
export const label = (
  x: number,
  y: number,
  text: string,
  {
    anchor = "middle",
    ...more
  }: { readonly anchor?: "start" | "middle" | "end"; readonly class?: string; readonly "font-size"?: number } = {},
): string => textElement("text", { x, y, "text-anchor": anchor, ...more }, text);

/** `.f-ink` fills with ink, `.s-ink` draws lines with it. */
const rules = (theme: Theme, scope: string): string =>
  Object.entries(palette[theme])
    .map(([role, color]) => `${scope} .f-${role}{fill:${color}}${scope} .s-${role}{stroke:${color}}`)
    .join("");

// Of the drawing, not of its texts: so a text may say that it is of another size.
const common =
  ".convlens{font-family:system-ui,sans-serif;font-size:12px;font-variant-numeric:tabular-nums}.convlens .line{fill:none}";

// Written out for each theme, since not every program that shows SVG knows variables; under a name of its own, since a page
// may hold many drawings.
const styles: Readonly<Record<Theme | "auto", string>> = {
  light: rules("light", ".convlens-light"),
  dark: rules("dark", ".convlens-dark"),
  auto: `${rules("light", ".convlens-auto")}@media (prefers-color-scheme:dark){${rules("dark", ".convlens-auto")}}`,
};

/** A whole drawing of this size. */
export function drawing(
  width: number,
  height: number,
  content: string,
  { theme = "auto", title = "" }: DrawOptions,
): string {
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: `convlens convlens-${theme}`,
      viewBox: `0 0 ${round(width)} ${round(height)}`,
      width,
      height,
      role: "img",
      "aria-label": title,
    },
    `<style>${common}${styles[theme]}</style>${content}`,
  );
}

/**
 * A number for people: no more digits than can be told apart.
 *
 * @example
 * ```ts
 * shortNumber(138357544); // "138M"
 * ```
 */
export function shortNumber(x: number): string {
  if (!Number.isFinite(x)) return `${x}`;
  const size = Math.abs(x);
  if (size >= 1e9) return `${+(x / 1e9).toPrecision(3)}G`;
  if (size >= 1e6) return `${+(x / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${+(x / 1e3).toPrecision(3)}k`;
  return `${+x.toPrecision(3)}`.replace("-", "−");
}
