import type { Theme } from "./colorMaps.ts";
import { palette, type Role } from "./palette.ts";
import { attributesOf, round, type Scene, type SceneShape } from "./scene.ts";

/** Text without markup. Control characters, which XML does not allow, are replaced. */
const escapeText = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const valueText = (value: string | number): string => (typeof value === "number" ? round(value) : escapeText(value));

function shapeText(shape: SceneShape): string {
  const attributes = attributesOf(shape)
    .map(([name, value]) => ` ${name}="${valueText(value)}"`)
    .join("");
  const content = shape.content.map((part) => (typeof part === "string" ? escapeText(part) : shapeText(part))).join("");
  return content === "" ? `<${shape.name}${attributes}/>` : `<${shape.name}${attributes}>${content}</${shape.name}>`;
}

/**
 * CSS rules that give the shapes of a scene their colours.
 *
 * @param scope - The selector of the scene.
 * @param colorOf - The colour of a role.
 *
 * @example
 * ```ts
 * roleRules(".chart", (role) => palette.dark[role]); // ".chart .f-ground{fill:#1a1d24}…"
 * ```
 */
export const roleRules = (scope: string, colorOf: (role: Role) => string): string =>
  (Object.keys(palette.light) as Role[])
    .map((role) => `${scope} .f-${role}{fill:${colorOf(role)}}${scope} .s-${role}{stroke:${colorOf(role)}}`)
    .join("");

const rules = (theme: Theme, scope: string): string => roleRules(scope, (role) => palette[theme][role]);

// The size is set on the drawing, so that a text may have another one.
const common =
  ".convlens{font-family:system-ui,sans-serif;font-size:12px;font-variant-numeric:tabular-nums}.convlens .line{fill:none}";

// Each theme is written out, because not every program that shows SVG knows CSS variables. Each has its own class, because a
// page may contain several drawings.
const styles: Readonly<Record<Theme | "auto", string>> = {
  light: rules("light", ".convlens-light"),
  dark: rules("dark", ".convlens-dark"),
  auto: `${rules("light", ".convlens-auto")}@media (prefers-color-scheme:dark){${rules("dark", ".convlens-auto")}}`,
};

/**
 * A drawing as SVG text, which can be a file or part of a page.
 *
 * @example
 * ```ts
 * const svg = toSvg(drawBars([{ name: "conv1", value: 3 }], { theme: "dark" }));
 * ```
 */
export function toSvg({ width, height, theme, title, shapes }: Scene): string {
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    class: `convlens convlens-${theme}`,
    viewBox: `0 0 ${round(width)} ${round(height)}`,
    width,
    height,
    role: "img",
    "aria-label": title,
  };
  const opening = Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${valueText(value)}"`)
    .join("");
  return `<svg${opening}><style>${common}${styles[theme]}</style>${shapes.map(shapeText).join("")}</svg>`;
}
