import { checkOptions, oneOf } from "@convlens/backend";
import type { VolumeRow } from "../structure/volumeTable.ts";
import type { Role } from "./palette.ts";
import {
  label,
  polygon,
  round,
  scene,
  shape,
  widthChecks,
  type Scene,
  type SceneShape,
  type WidthOptions,
} from "./scene.ts";
import { shortNumber } from "./shortNumber.ts";

/** The part of a `VolumeTable` that {@link drawVolumes} reads. */
export interface DrawnVolumes {
  readonly rows: readonly Pick<VolumeRow, "name" | "shape">[];
  /** Numbers in all volumes. */
  readonly memory: number;
}

type DrawnRow = DrawnVolumes["rows"][number];

/** Options of {@link drawVolumes}. */
export interface VolumesOptions extends WidthOptions {
  /**
   * `"true"`: all edges in proportion. `"root"`: cube roots of the edges, for nets whose volumes are of very different sizes.
   * Default: `"true"` if all boxes then fit one line of 1240 pixels, whatever the width is.
   */
  readonly scale?: "true" | "root";
  /** Width in pixels of a line of boxes. Default: 1240. */
  readonly width?: number;
}

/** Cabinet projection: the way to the back goes to the right and up, at half its length. */
const BACK = { x: 0.433, y: 0.25 };
const WIDEST = 1240;
/** Height of a line of that width, and of a narrow one. */
const [TALL, LEAST_TALL] = [130, 90];
const GAP = 26;
const SMALL = { "font-size": 11 } as const;

/** A box of height, width (to the back) and depth (to the right). */
interface Box {
  readonly row: DrawnRow;
  readonly index: number;
  readonly tall: number;
  readonly back: number;
  readonly wide: number;
}

const roleOf = ({ name }: DrawnRow): Role =>
  name === "INPUT" ? "input" : name.startsWith("FC") ? "ink" : name.startsWith("POOL") ? "muted" : "activation";

function boxesOf(rows: readonly DrawnRow[], size: (edge: number) => number, factor: number): Box[] {
  return rows.map((row, index) => {
    const [height, width, depth] = row.shape as [number, number, number];
    const edge = (x: number): number => Math.max(2, size(x) * factor);
    return { row, index, tall: edge(height), back: edge(width), wide: edge(depth) };
  });
}

const widthOf = ({ row, wide, back }: Box): number =>
  Math.max(wide + back * BACK.x, 7 * Math.max(row.name.length, row.shape.join("x").length));

const heightOf = ({ tall, back }: Box): number => tall + back * BACK.y;

/** Width of boxes side by side. */
const total = (boxes: readonly Box[]): number => boxes.reduce((sum, box) => sum + widthOf(box) + GAP, GAP);

/** Pixels for each unit of an edge, so that the tallest box is as tall as a line and the widest fits into it. */
function fit(rows: readonly DrawnRow[], size: (edge: number) => number, room: number): number {
  const tall = Math.max(LEAST_TALL, TALL * Math.min(1, room / WIDEST));
  return Math.min(
    ...rows.flatMap(({ shape: edges }) => {
      const [height, width, depth] = edges.map(size) as [number, number, number];
      return [tall / (height + width * BACK.y), (room - 2 * GAP) / (depth + width * BACK.x)];
    }),
  );
}

/** The three visible faces of a box. */
function faces({ row, tall, back, wide }: Box, x: number, y: number): SceneShape[] {
  const [dx, dy] = [back * BACK.x, back * BACK.y];
  const role = roleOf(row);
  const face = (opacity: string, ...points: readonly (readonly [number, number])[]): SceneShape =>
    shape("path", {
      d: polygon(points.map(([px, py]) => [x + px, y + py])),
      ...{ fill: role, stroke: role, "fill-opacity": opacity, "stroke-linejoin": "round" },
    });
  return [
    face("0.14", [0, -tall], [dx, -tall - dy], [wide + dx, -tall - dy], [wide, -tall]),
    face("0.46", [wide, 0], [wide, -tall], [wide + dx, -tall - dy], [wide + dx, -dy]),
    face("0.28", [0, 0], [0, -tall], [wide, -tall], [wide, 0]),
  ];
}

/** Boxes side by side around a middle line, with their names above and their shapes below. */
function drawLine(boxes: readonly Box[], middle: number): SceneShape[] {
  let x = GAP;
  return boxes.map((box) => {
    const { row, index, wide, back } = box;
    const left = x + (widthOf(box) - wide - back * BACK.x) / 2;
    const center = x + widthOf(box) / 2;
    x += widthOf(box) + GAP;
    const [h, w, d] = row.shape as [number, number, number];
    const half = heightOf(box) / 2;
    return shape(
      "g",
      { "data-volume": index },
      ...faces(box, left, middle + half),
      label(center, middle - half - 8, row.name, { fill: "ink", ...SMALL }),
      label(center, middle + half + 17, h === 1 && w === 1 ? `${d}` : `${h}×${w}×${d}`, { fill: "muted", ...SMALL }),
    );
  });
}

/** A bar that shows the scale. */
function scaleBar(factor: number, height: number): SceneShape[] {
  const cells = [1, 2, 5, 10, 20, 50, 100].find((n) => n * factor >= 24) ?? 100;
  const [from, to, y] = [GAP, GAP + cells * factor, height - 10];
  const path = `M${round(from)},${round(y - 4)}V${round(y)}H${round(to)}V${round(y - 4)}`;
  return [
    shape("path", { d: path, fill: "none", stroke: "line" }),
    label(to + 6, y, `${cells} ${cells === 1 ? "cell" : "cells"}`, { anchor: "start", fill: "muted", ...SMALL }),
  ];
}

/**
 * The volumes of a net side by side, in as many lines as they need: height upwards, width to the back, depth to the right.
 *
 * @example
 * ```ts
 * const svg = toSvg(drawVolumes(volumeTable(lenet5(), [28, 28, 1])));
 * ```
 */
export function drawVolumes(table: DrawnVolumes, options: VolumesOptions = {}): Scene {
  checkOptions("drawVolumes", options, { ...widthChecks, scale: oneOf("true", "root") });
  const { scale, width: widest = WIDEST, theme = "auto", title } = options;
  const { rows, memory } = table;
  const trueSize = (x: number): number => x;
  const isTrue =
    scale === undefined ? total(boxesOf(rows, trueSize, fit(rows, trueSize, Infinity))) <= WIDEST : scale === "true";
  const size = isTrue ? trueSize : Math.cbrt;
  const factor = fit(rows, size, widest);
  let line: Box[] = [];
  const lines = [line];
  for (const box of boxesOf(rows, size, factor)) {
    if (total([...line, box]) > widest && line.length > 0) lines.push((line = []));
    line.push(box);
  }
  let [top, height] = [0, 22];
  const content = lines.flatMap((own) => {
    const room = Math.max(...own.map(heightOf)) + 70;
    const drawn = drawLine(own, top + room / 2);
    [top, height] = [top + room, height + room];
    return drawn;
  });
  const roots = "edges as cube roots: 8 cells are drawn as 2";
  const bar = isTrue
    ? scaleBar(factor, height)
    : [label(GAP, height - 6, roots, { anchor: "start", fill: "muted", ...SMALL })];
  const told = rows.map(({ name, shape: edges }) => `${name} ${edges.join("×")}`).join(", ");
  return scene(Math.max(290, ...lines.map(total)), height, [...content, ...bar], {
    theme,
    title: title ?? `${rows.length} volumes, ${shortNumber(memory)} numbers in all: ${told}`,
  });
}
