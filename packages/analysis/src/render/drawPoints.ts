import { checkOptions } from "@convlens/backend";
import { extentOf } from "../numbers.ts";
import { label, scene, shape, tooltip, widthChecks, type Scene, type SceneShape, type WidthOptions } from "./scene.ts";

/** A point of the plane, and its class. */
export interface MarkedPoint {
  readonly x: number;
  readonly y: number;
  /** Class: an index into the list of names. */
  readonly kind: number;
  /** Whether it is drawn in a casing, above all others. */
  readonly selected?: boolean;
  /** Text that a pointer shows. */
  readonly about?: string;
}

/** Default side of the drawing. */
const SIDE = 480;
const MARGIN = 16;
const ROW = 20;
/** Classes differ by their mark, and by colour and weight. */
const roles = ["input", "positive", "activation", "gradient", "negative"] as const;
/** Longest name that is written at each point. */
const SHORT = 2;

/**
 * Points of the plane, each marked by the name of its class: codes along principal components, or a t-SNE map. Both axes have the
 * same scale. If a name has more than two letters, classes are numbered and listed below.
 *
 * @param names - Names of the classes.
 *
 * @example
 * ```ts
 * const { scores } = principalComponents(await codesOf(model, data, { layer: "layers.1" }));
 * const points = Array.from(data.labels, (kind, i) => ({ x: scores.values[2 * i]!, y: scores.values[2 * i + 1]!, kind }));
 * const svg = toSvg(drawPoints(points, data.classes, { title: "codes of layers.1" }));
 * ```
 */
export function drawPoints(
  points: readonly MarkedPoint[],
  names: readonly string[],
  options: WidthOptions = {},
): Scene {
  checkOptions("drawPoints", options, widthChecks);
  const { width: side = SIDE, theme = "auto", title } = options;
  const isShort = names.every((name) => name.length <= SHORT);
  const mark = (kind: number): string => (isShort ? (names[kind] ?? `${kind}`) : `${kind + 1}`);
  const [left, right] = extentOf(points.map(({ x }) => x));
  const [bottom, top] = extentOf(points.map(({ y }) => y));
  const scale = (side - 2 * MARGIN) / (Math.max(right - left, top - bottom) || 1);
  const draw = ({ x, y, kind, selected, about }: MarkedPoint): SceneShape[] => {
    const [px, py] = [side / 2 + (x - (left + right) / 2) * scale, side / 2 - (y - (bottom + top) / 2) * scale];
    const casing = shape("circle", { cx: px, cy: py, r: 11, fill: "selected", stroke: "ink", "stroke-width": "1.5" });
    const text = {
      ...{ x: px, y: py + 4, "text-anchor": "middle" },
      // Smaller where there is less room, but not in proportion.
      "font-size": 12 * Math.sqrt(side / SIDE),
      "font-weight": kind % (2 * roles.length) < roles.length ? undefined : "bold",
      // The casing is bright in both themes, so a mark on it is black.
      fill: selected ? "#1d2129" : roles[kind % roles.length]!,
    } as const;
    const told = about === undefined ? [] : [tooltip(about)];
    return [...(selected ? [casing] : []), shape("text", text, mark(kind), ...told)];
  };
  const frame = shape("rect", { x: 0.5, y: 0.5, width: side - 1, height: side - 1, fill: "none", stroke: "line" });
  const list = isShort
    ? []
    : names.map((name, kind) =>
        label(4 + (kind % 3) * (side / 3), side + 18 + Math.floor(kind / 3) * ROW, `${mark(kind)} ${name}`, {
          ...{ anchor: "start", fill: "ink" },
        }),
      );
  const ordered = [...points].sort((a, b) => Number(a.selected ?? false) - Number(b.selected ?? false));
  const height = side + Math.ceil(list.length / 3) * ROW + (list.length > 0 ? 6 : 0);
  return scene(side, height, [frame, ...ordered.flatMap(draw), ...list], {
    theme,
    title: `${title === undefined ? "" : `${title}: `}${points.length} points of ${names.length} classes`,
  });
}
