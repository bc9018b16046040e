import { checkOptions } from "@convlens/backend";
import { drawing, element, escapeText, label, tooltip, widthChecks, type WidthOptions } from "./svg.ts";

/** A point of the plane, and what it is. */
export interface MarkedPoint {
  readonly x: number;
  readonly y: number;
  /** Its class: a number of the list of names. */
  readonly kind: number;
  /** Drawn in a casing, above all others. */
  readonly selected?: boolean;
  /** What is said of it where a pointer rests. */
  readonly about?: string;
}

/** How long a side is, if nothing else is asked for. */
const SIDE = 480;
const MARGIN = 16;
const ROW = 20;
/** Classes differ by what is written, and by colour and weight for those who see them. */
const roles = ["input", "positive", "activation", "gradient", "negative"] as const;
/** Names that are short enough to be written at each point. */
const SHORT = 2;

/**
 * Points of the plane, each as the name of its class: codes seen along principal components, or a t-SNE map. Both axes have one
 * scale. Names of more than two letters are numbered, and listed below.
 *
 * @param names - Of the classes.
 *
 * @example
 * ```ts
 * const { scores } = principalComponents(await codesOf(model, data, { layer: "layers.1" }));
 * const points = Array.from(data.labels, (kind, i) => ({ x: scores.values[2 * i]!, y: scores.values[2 * i + 1]!, kind }));
 * const svg = drawPoints(points, data.classes, { title: "codes of layers.1" });
 * ```
 */
export function drawPoints(
  points: readonly MarkedPoint[],
  names: readonly string[],
  options: WidthOptions = {},
): string {
  checkOptions("drawPoints", options, widthChecks);
  const { width: side = SIDE, theme = "auto", title } = options;
  const isShort = names.every((name) => name.length <= SHORT);
  const mark = (kind: number): string => (isShort ? (names[kind] ?? `${kind}`) : `${kind + 1}`);
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const middle = (values: readonly number[]): number =>
    values.length === 0 ? 0 : (smallest(values) - smallest(values.map((x) => -x))) / 2;
  const reach = (values: readonly number[]): number =>
    values.length === 0 ? 0 : -smallest(values.map((x) => -x)) - smallest(values);
  const scale = (side - 2 * MARGIN) / (Math.max(reach(xs), reach(ys)) || 1);
  const [middleX, middleY] = [middle(xs), middle(ys)];
  const draw = ({ x, y, kind, selected, about }: MarkedPoint): string => {
    const [px, py] = [side / 2 + (x - middleX) * scale, side / 2 - (y - middleY) * scale];
    const told = about === undefined ? "" : tooltip(about);
    const casing = selected
      ? element("circle", { cx: px, cy: py, r: 11, class: "f-selected s-ink", "stroke-width": "1.5" })
      : "";
    // On its casing, which is bright on both kinds of page, a mark is black.
    const colors = selected ? { fill: "#1d2129" } : { class: `f-${roles[kind % roles.length]}` };
    return `${casing}${element(
      "text",
      {
        x: px,
        y: py + 4,
        "text-anchor": "middle",
        // Smaller where there is less room, but not by as much.
        "font-size": 12 * Math.sqrt(side / SIDE),
        "font-weight": kind % (2 * roles.length) < roles.length ? undefined : "bold",
        ...colors,
      },
      escapeText(mark(kind)) + told,
    )}`;
  };
  const frame = element("rect", { ...{ x: 0.5, y: 0.5, width: side - 1, height: side - 1 }, class: "line s-line" });
  const list = isShort
    ? []
    : names.map((name, kind) =>
        label(4 + (kind % 3) * (side / 3), side + 18 + Math.floor(kind / 3) * ROW, `${mark(kind)} ${name}`, {
          anchor: "start",
          class: "f-ink",
        }),
      );
  const ordered = [...points].sort((a, b) => Number(a.selected ?? false) - Number(b.selected ?? false));
  return drawing(
    side,
    side + Math.ceil(list.length / 3) * ROW + (list.length > 0 ? 6 : 0),
    frame + ordered.map(draw).join("") + list.join(""),
    { theme, title: `${title === undefined ? "" : `${title}: `}${points.length} points of ${names.length} classes` },
  );
}

const smallest = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
