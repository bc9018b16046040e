import { checkOptions } from "@convlens/backend";
import { meanOf } from "../numbers.ts";
import type { OperationGraph, GraphNode } from "../structure/operationGraph.ts";
import {
  drawChecks,
  label,
  round,
  scene,
  shape,
  tooltip,
  type DrawOptions,
  type Scene,
  type SceneShape,
} from "./scene.ts";

const WIDE = 168;
const TALL = 40;
const ACROSS = WIDE + 24;
const DOWN = TALL + 30;
const MARGIN = 20;

/** A node in its row, or the place where a line passes through a row. */
interface Cell {
  /** Number of the node; `undefined` for a line that passes. */
  readonly node: number | undefined;
  readonly row: number;
  /** Cells in the row above that lead here. */
  readonly above: Cell[];
  readonly below: Cell[];
  x: number;
}

const width = ({ node }: Cell): number => (node === undefined ? 26 : ACROSS);

/** Rows by the longest path from the input. A line that skips rows gets a cell in each. */
function rowsOf({ nodes }: OperationGraph): Cell[][] {
  const rows: Cell[][] = [];
  const cells: Cell[] = [];
  const place = (node: number | undefined, row: number, above: Cell[]): Cell => {
    const cell: Cell = { node, row, above, below: [], x: 0 };
    for (const each of above) each.below.push(cell);
    (rows[row] ??= []).push(cell);
    return cell;
  };
  for (const [i, { inputs }] of nodes.entries()) {
    const read = inputs.flatMap((from) => cells[from] ?? []);
    const row = Math.max(-1, ...read.map((cell) => cell.row)) + 1;
    const above = read.map((cell) => {
      let at = cell;
      while (at.row < row - 1) at = place(undefined, at.row + 1, [at]);
      return at;
    });
    cells[i] = place(i, row, above);
  }
  return rows;
}

/** Sorts each row by the mean place of the cells that it is connected to, a few times down and up. */
function arrange(rows: readonly Cell[][]): void {
  const settle = (row: Cell[], pick: (cell: Cell) => readonly Cell[]): void => {
    const places = row.map((cell) => {
      const near = pick(cell);
      return { cell, wanted: near.length === 0 ? cell.x : meanOf(near.map(({ x }) => x)) };
    });
    places.sort((a, b) => a.wanted - b.wanted);
    // As near to the wanted place as the neighbours on the left allow; then the row is moved back by the mean distance.
    let edge = -Infinity;
    for (const { cell, wanted } of places) {
      cell.x = Math.max(wanted, edge + width(cell) / 2);
      edge = cell.x + width(cell) / 2;
    }
    const shift = places.reduce((sum, { cell, wanted }) => sum + wanted - cell.x, 0) / places.length;
    for (const [i, { cell }] of places.entries()) {
      cell.x += shift;
      row[i] = cell;
    }
  };
  for (const row of rows) row.forEach((cell, i) => (cell.x = i * ACROSS));
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const row of rows.slice(1)) settle(row, ({ above }) => above);
    for (const row of [...rows].reverse().slice(1)) settle(row, ({ below }) => below);
  }
}

/** Lines from the nodes that a node reads, straight through the rows that they pass. */
function linesTo(cell: Cell, at: (cell: Cell) => readonly [x: number, y: number]): SceneShape[] {
  const [x, y] = at(cell);
  return cell.above.map((from) => {
    const points: (readonly [number, number])[] = [[x, y - (TALL / 2 + 1)]];
    let each = from;
    while (each.node === undefined) {
      const [px, py] = at(each);
      // Upright beside the boxes of that row.
      points.unshift([px, py - TALL / 2], [px, py + TALL / 2]);
      each = each.above[0]!;
    }
    const [fx, fy] = at(each);
    points.unshift([fx, fy + TALL / 2]);
    const bends = points.slice(1).map(([px, py], i) => {
      const [qx, qy] = points[i]!;
      const half = (py - qy) / 2;
      return px === qx
        ? `V${round(py)}`
        : `C${round(qx)},${round(qy + half)} ${round(px)},${round(py - half)} ${round(px)},${round(py)}`;
    });
    const path = `M${round(fx)},${round(fy + TALL / 2)}${bends.join("")}`;
    return shape("path", { fill: "none", stroke: "line", "stroke-width": "1.4", d: path });
  });
}

/** The box of a node around a point. */
function drawNode(
  { label: name, layer, shape: sizes, parameters, inputs }: GraphNode,
  x: number,
  y: number,
): SceneShape[] {
  const role =
    inputs.length === 0 ? "input" : parameters.length > 0 ? "activation" : inputs.length > 1 ? "ink" : "line";
  const more = [layer, ...parameters].filter(Boolean).join(", ");
  const box = { x: x - WIDE / 2, y: y - TALL / 2, width: WIDE, height: TALL, rx: 6 };
  const opacity = role === "activation" || role === "input" ? "0.16" : "0";
  return [
    shape("rect", { ...box, fill: "ground" }),
    shape("rect", { ...box, fill: role, stroke: role, "fill-opacity": opacity, "stroke-width": "1.4" }),
    label(x, y - 3, name, { fill: "ink" }),
    label(x, y + 13, sizes.join(" × ") || "1", { fill: "muted", "font-size": 11 }),
    ...(more === "" ? [] : [tooltip(more)]),
  ];
}

/**
 * The operations of a model, from the input at the top to the output at the bottom: a box for each operation or layer with the
 * shape of its result. Those with parameters are filled. A box that reads several results has several lines.
 *
 * @example
 * ```ts
 * const svg = toSvg(drawOperations(operationGraph(resnet18(), [224, 224, 3], "layers")));
 * ```
 */
export function drawOperations(graph: OperationGraph, options: DrawOptions = {}): Scene {
  checkOptions("drawOperations", options, drawChecks);
  const { nodes } = graph;
  const rows = rowsOf(graph);
  arrange(rows);
  const all = rows.flat();
  const left = Math.min(...all.map((cell) => cell.x - width(cell) / 2));
  const right = Math.max(...all.map((cell) => cell.x + width(cell) / 2));
  const at = (cell: Cell): readonly [number, number] => [MARGIN + cell.x - left, MARGIN + TALL / 2 + cell.row * DOWN];
  const cells = all.filter(({ node }) => node !== undefined);
  const boxes = cells.map((cell) =>
    shape("g", { "data-node": cell.node }, ...drawNode(nodes[cell.node!]!, ...at(cell))),
  );
  const lines = cells.flatMap((cell) => linesTo(cell, at));
  const joins = nodes.filter(({ inputs }) => inputs.length > 1).length;
  const steps = `${nodes.length - 1} ${nodes.length === 2 ? "operation" : "operations"}`;
  return scene(right - left + 2 * MARGIN, 2 * MARGIN + (rows.length - 1) * DOWN + TALL, [...lines, ...boxes], {
    theme: options.theme ?? "auto",
    title: options.title ?? `${steps} from the input to the output, ${joins} that read several results`,
  });
}
