import { checkOptions, oneOf } from "@convlens/backend";
import type { VolumeRow, VolumeTable } from "../structure/volumeTable.ts";
import { drawing, element, label, round, shortNumber, widthChecks, type WidthOptions } from "./svg.ts";

/** What {@link drawVolumes} may be told. */
export interface VolumesOptions extends WidthOptions {
  /**
   * `"true"`: all edges to one scale. `"root"`: cube roots, for nets whose volumes are of very different sizes. Default: true
   * where the whole then fits one line of 1240 pixels, however wide it may be.
   */
  readonly scale?: "true" | "root";
  /** How many pixels a line of boxes may be wide. Default: 1240. */
  readonly width?: number;
}

/** Cabinet projection: what goes to the back goes to the right and up, by half. */
const BACK = { x: 0.433, y: 0.25 };
const WIDEST = 1240;
/** How tall a line of that width is, and one of little width. */
const [TALL, LEAST_TALL] = [130, 90];
const GAP = 26;

/** A box of height, width (to the back) and depth (to the right). */
interface Box {
  readonly row: VolumeRow;
  readonly tall: number;
  readonly back: number;
  readonly wide: number;
}

const roleOf = ({ name }: VolumeRow): string =>
  name === "INPUT" ? "input" : name.startsWith("FC") ? "ink" : name.startsWith("POOL") ? "muted" : "activation";

function boxesOf({ rows }: VolumeTable, size: (edge: number) => number, factor: number): Box[] {
  return rows.map((row) => {
    const [height, width, depth] = row.shape as [number, number, number];
    const edge = (x: number): number => Math.max(2, size(x) * factor);
    return { row, tall: edge(height), back: edge(width), wide: edge(depth) };
  });
}

const widthOf = ({ row, wide, back }: Box): number =>
  Math.max(wide + back * BACK.x, 7 * Math.max(row.name.length, row.shape.join("x").length));

/** The three faces that one sees. */
function faces({ row, tall, back, wide }: Box, x: number, y: number): string {
  const [dx, dy] = [back * BACK.x, back * BACK.y];
  const path = (points: readonly (readonly [number, number])[]): string =>
    `M${points.map(([px, py]) => `${round(x + px)},${round(y + py)}`).join("L")}Z`;
  const role = roleOf(row);
  const face = (opacity: string, points: readonly (readonly [number, number])[]): string =>
    element("path", {
      d: path(points),
      class: `f-${role} s-${role}`,
      "fill-opacity": opacity,
      "stroke-linejoin": "round",
    });
  return (
    face("0.14", [
      [0, -tall],
      [dx, -tall - dy],
      [wide + dx, -tall - dy],
      [wide, -tall],
    ]) +
    face("0.46", [
      [wide, 0],
      [wide, -tall],
      [wide + dx, -tall - dy],
      [wide + dx, -dy],
    ]) +
    face("0.28", [
      [0, 0],
      [0, -tall],
      [wide, -tall],
      [wide, 0],
    ])
  );
}

/**
 * The volumes of a net side by side, in as many lines as they need: height upwards, width to the back, depth to the right.
 *
 * @example
 * ```ts
 * const svg = drawVolumes(volumeTable(lenet5(), [28, 28, 1]));
 * ```
 */
export function drawVolumes(table: VolumeTable, options: VolumesOptions = {}): string {
  checkOptions("drawVolumes", options, { ...widthChecks, scale: oneOf("true", "root") });
  const { scale, width: widest = WIDEST, theme = "auto", title } = options;
  const trueSize = (x: number): number => x;
  // The tallest box is as tall as a line, unless the widest one then is wider than it.
  const fit = (size: (edge: number) => number, room: number): number => {
    const tall = Math.max(LEAST_TALL, TALL * Math.min(1, room / WIDEST));
    return Math.min(
      ...table.rows.flatMap(({ shape }) => {
        const [height, width, depth] = shape.map(size) as [number, number, number];
        return [tall / (height + width * BACK.y), (room - 2 * GAP) / (depth + width * BACK.x)];
      }),
    );
  };
  const total = (list: readonly Box[]): number => list.reduce((sum, box) => sum + widthOf(box) + GAP, GAP);
  const isTrue =
    scale === undefined ? total(boxesOf(table, trueSize, fit(trueSize, Infinity))) <= WIDEST : scale === "true";
  const size = isTrue ? trueSize : Math.cbrt;
  const factor = fit(size, widest);
  const boxes = boxesOf(table, size, factor);
  const lines: Box[][] = [[]];
  for (const box of boxes) {
    if (total([...lines.at(-1)!, box]) > widest && lines.at(-1)!.length > 0) lines.push([]);
    lines.at(-1)!.push(box);
  }
  const rooms = lines.map((own) => Math.max(...own.map(({ tall, back }) => tall + back * BACK.y)) + 70);
  const height = rooms.reduce((sum, room) => sum + room, 22);
  const width = Math.max(290, ...lines.map(total));
  let top = 0;
  const content = lines.map((own, i) => {
    const drawn = drawLine(own, top + rooms[i]! / 2);
    top += rooms[i]!;
    return drawn;
  });
  const bar = isTrue
    ? scaleBar(factor, height)
    : label(GAP, height - 6, "edges as cube roots: 8 cells are drawn as 2", {
        anchor: "start",
        class: "f-muted",
        "font-size": 11,
      });
  const told = table.rows.map(({ name, shape }) => `${name} ${shape.join("×")}`).join(", ");
  return drawing(width, height, content.join("") + bar, {
    theme,
    title: title ?? `${table.rows.length} volumes, ${shortNumber(table.memory)} numbers in all: ${told}`,
  });
}

/** Boxes side by side around a middle line, with their names above and their sizes below. */
function drawLine(boxes: readonly Box[], middle: number): string {
  let x = GAP;
  return boxes
    .map((box) => {
      const { row, tall, back, wide } = box;
      const left = x + (widthOf(box) - wide - back * BACK.x) / 2;
      const center = x + widthOf(box) / 2;
      x += widthOf(box) + GAP;
      const [h, w, d] = row.shape as [number, number, number];
      const half = (tall + back * BACK.y) / 2;
      return (
        faces(box, left, middle + half) +
        label(center, middle - half - 8, row.name, { class: "f-ink", "font-size": 11 }) +
        label(center, middle + half + 17, h === 1 && w === 1 ? `${d}` : `${h}×${w}×${d}`, {
          class: "f-muted",
          "font-size": 11,
        })
      );
    })
    .join("");
}

/** How long so many pixels are. */
function scaleBar(factor: number, height: number): string {
  const cells = [1, 2, 5, 10, 20, 50, 100].find((n) => n * factor >= 24) ?? 100;
  const [from, to, y] = [GAP, GAP + cells * factor, height - 10];
  return (
    element("path", {
      d: `M${round(from)},${round(y - 4)}V${round(y)}H${round(to)}V${round(y - 4)}`,
      class: "line s-line",
    }) +
    label(to + 6, y, `${cells} ${cells === 1 ? "cell" : "cells"}`, {
      anchor: "start",
      class: "f-muted",
      "font-size": 11,
    })
  );
}
