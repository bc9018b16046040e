import { numberAbove, oneOf, type OptionChecks } from "@convlens/backend";
import { textOption } from "../optionChecks.ts";
import type { Theme } from "./colorMaps.ts";
import { palette, type Role } from "./palette.ts";

/** Options of every drawing. */
export interface DrawOptions {
  /** Theme of the page: light, dark, or `"auto"`, the default, which follows the reader's system. */
  readonly theme?: Theme | "auto";
  /** Description for readers who do not see the drawing. Default: its main counts. */
  readonly title?: string;
}

/** Options of a drawing that adapts to narrow pages. */
export interface WidthOptions extends DrawOptions {
  /** Width in pixels that the drawing may have. It is wider only if it cannot be drawn in less. */
  readonly width?: number;
}

/** Checks of the options of every drawing. */
export const drawChecks: OptionChecks<DrawOptions> = {
  theme: /* @__PURE__ */ oneOf("light", "dark", "auto"),
  title: textOption,
};

/** Checks of the options of a drawing that adapts to narrow pages. */
export const widthChecks: OptionChecks<WidthOptions> = { ...drawChecks, width: /* @__PURE__ */ numberAbove(0) };

/** A paint of a shape: a role of the palette, `"none"`, or a fixed colour. */
export type Paint = Role | "none" | `#${string}` | `rgb(${string})`;

/** Attributes of a shape, as SVG names them. `fill` and `stroke` may be roles; `data-…` says what the shape stands for. */
export interface ShapeAttributes {
  readonly fill?: Paint | undefined;
  readonly stroke?: Paint | undefined;
  readonly [name: string]: string | number | undefined;
}

/** A shape, a text or a group of a drawing. */
export interface SceneShape {
  readonly name: "g" | "rect" | "circle" | "ellipse" | "line" | "path" | "polyline" | "image" | "text" | "title";
  readonly attributes: ShapeAttributes;
  /** Shapes of a group, and the characters of a text. */
  readonly content: readonly (SceneShape | string)[];
}

/** A drawing as plain data. {@link toSvg} makes SVG text of it; a page may render the same shapes as elements. */
export interface Scene {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly theme: Theme | "auto";
  /** Description for readers who do not see the drawing. */
  readonly title: string;
  readonly shapes: readonly SceneShape[];
}

/** A shape. */
export const shape = (
  name: SceneShape["name"],
  attributes: ShapeAttributes,
  ...content: readonly (SceneShape | string)[]
): SceneShape => ({ name, attributes, content });

/** Text that a pointer shows when it rests on the shape that contains it. */
export const tooltip = (text: string): SceneShape => shape("title", {}, text);

/** Text at a place. */
export const label = (
  x: number,
  y: number,
  text: string,
  {
    anchor = "middle",
    ...more
  }: { readonly anchor?: "start" | "middle" | "end"; readonly fill?: Role; readonly "font-size"?: number } = {},
): SceneShape => shape("text", { x, y, "text-anchor": anchor, ...more }, text);

/** A number short enough for a coordinate. */
export const round = (x: number): string => `${+x.toFixed(2)}`;

/** A path along straight lines between points, closed. */
export const polygon = (points: readonly (readonly [x: number, y: number])[]): string =>
  `M${points.map(([x, y]) => `${round(x)},${round(y)}`).join("L")}Z`;

/** A drawing of this size. */
export const scene = (
  width: number,
  height: number,
  shapes: readonly SceneShape[],
  { theme = "auto", title = "" }: DrawOptions,
): Scene => ({ width, height, theme, title, shapes });

const isRole = (paint: string | number | undefined): boolean =>
  typeof paint === "string" && Object.hasOwn(palette.light, paint);

/**
 * Attributes of a shape as elements have them, with roles as classes: `.f-ink` fills with ink, `.s-ink` draws lines with it, `.line`
 * is not filled.
 *
 * @example
 * ```ts
 * for (const shape of drawBars([{ name: "a", value: 1 }]).shapes) attributesOf(shape); // [["x", 46], …, ["class", "f-muted"]]
 * ```
 */
export function attributesOf({ attributes }: SceneShape): readonly (readonly [name: string, value: string | number])[] {
  const { fill, stroke } = attributes;
  const classes = [
    fill === "none" ? "line" : isRole(fill) ? `f-${fill}` : "",
    isRole(stroke) ? `s-${stroke}` : "",
  ].filter((name) => name !== "");
  let isWritten = false;
  return Object.entries(attributes).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if ((name !== "fill" && name !== "stroke") || !(value === "none" || isRole(value))) return [[name, value] as const];
    if (isWritten) return [];
    isWritten = true;
    return [["class", classes.join(" ")] as const];
  });
}
