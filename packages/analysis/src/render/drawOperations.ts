import { checkOptions } from "@convlens/backend";
import type { OperationGraph } from "../structure/operationGraph.ts";
import { drawChecks, drawing, element, label, round, tooltip, type DrawOptions } from "./svg.ts";

const WIDE = 168;
const TALL = 40;
const ACROSS = WIDE + 24;
const DOWN = TALL + 30;
const MARGIN = 20;

/** A node in its row, or a place where a line passes through a row. */
interface Cell {
  /** The node's number; `undefined` for a line that passes. */
  readonly node: number | undefined;
  readonly row: number;
  /** Cells above that lead here. */
  readonly above: Cell[];
  readonly below: Cell[];
  x: number;
}

const width = ({ node }: Cell): number => (node === undefined ? 26 : ACROSS);

/** Rows by the longest way from the input; lines that skip rows get a cell in each. */
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
    const row = Math.max(-1, ...inputs.map((from) => cells[from]!.row)) + 1;
    const above = inputs.map((from) => {
      let at = cells[from]!;
      while (at.row < row - 1) at = place(undefined, at.row + 1, [at]);
      return at;
    });
    cells[i] = place(i, row, above);
  }
  return rows;
}

/** Neighbours where their neighbours are: each row in the order of the middles of what leads to it, a few times back and forth. */
function arrange(rows: readonly Cell[][]): void {
  const settle = (row: Cell[], pick: (cell: Cell) => readonly Cell[]): void => {
    const middle = (cell: Cell): number => {
      const near = pick(cell);
      return near.length === 0 ? cell.x : near.reduce((sum, { x }) => sum + x, 0) / near.length;
    };
    const wanted = new Map(row.map((cell) => [cell, middle(cell)]));
    row.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
    // As near to what is wanted as the neighbours on the left allow; then all moved back by the mean of what that cost.
    let edge = -Infinity;
    for (const cell of row) {
      cell.x = Math.max(wanted.get(cell)!, edge + width(cell) / 2);
      edge = cell.x + width(cell) / 2;
    }
    const shift = row.reduce((sum, cell) => sum + wanted.get(cell)! - cell.x, 0) / row.length;
    for (const cell of row) cell.x += shift;
  };
  for (const row of rows) row.forEach((cell, i) => (cell.x = i * ACROSS));
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const row of rows.slice(1)) settle(row, ({ above }) => above);
    for (const row of [...rows].reverse().slice(1)) settle(row, ({ below }) => below);
  }
}

/** A line from a node to the next, straight through the rows that it passes. */
function lineTo(cell: Cell, at: (cell: Cell) => readonly [x: number, y: number]): string {
  const [x, y] = at(cell);
  return cell.above
    .map((from) => {
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
      return element("path", {
        class: "line s-line",
        "stroke-width": "1.4",
        d: `M${round(fx)},${round(fy + TALL / 2)}${bends.join("")}`,
      });
    })
    .join("");
}

/**
 * What a model computes, from the input at the top to the answer at the bottom: a box for each operation or layer with the shape
 * that it makes. Those with parameters are filled; where ways meet again, the box has several lines.
 *
 * @example
 * ```ts
 * const svg = drawOperations(operationGraph(resnet18(), [224, 224, 3], "layers"));
 * ```
 */
export function drawOperations(graph: OperationGraph, options: DrawOptions = {}): string {
  checkOptions("drawOperations", options, drawChecks);
  const { theme = "auto", title } = options;
  const rows = rowsOf(graph);
  arrange(rows);
  const all = rows.flat();
  const left = Math.min(...all.map((cell) => cell.x - width(cell) / 2));
  const right = Math.max(...all.map((cell) => cell.x + width(cell) / 2));
  const at = (cell: Cell): readonly [number, number] => [MARGIN + cell.x - left, MARGIN + TALL / 2 + cell.row * DOWN];
  const boxes = all.flatMap((cell) => {
    if (cell.node === undefined) return [];
    const { label: name, layer, shape, parameters, inputs } = graph.nodes[cell.node]!;
    const [x, y] = at(cell);
    const role =
      inputs.length === 0 ? "input" : parameters.length > 0 ? "activation" : inputs.length > 1 ? "ink" : "line";
    const more = [layer, ...parameters].filter(Boolean).join(", ");
    return element(
      "g",
      { "data-node": cell.node },
      element("rect", { x: x - WIDE / 2, y: y - TALL / 2, width: WIDE, height: TALL, rx: 6, class: "f-ground" }) +
        element("rect", {
          ...{ x: x - WIDE / 2, y: y - TALL / 2, width: WIDE, height: TALL, rx: 6, class: `f-${role} s-${role}` },
          ...{ "fill-opacity": role === "activation" || role === "input" ? "0.16" : "0", "stroke-width": "1.4" },
        }) +
        label(x, y - 3, name, { class: "f-ink" }) +
        label(x, y + 13, shape.join(" × ") || "1", { class: "f-muted", "font-size": 11 }) +
        (more === "" ? "" : tooltip(more)),
    );
  });
  const lines = all.filter(({ node }) => node !== undefined).map((cell) => lineTo(cell, at));
  const joins = graph.nodes.filter(({ inputs }) => inputs.length > 1).length;
  return drawing(
    right - left + 2 * MARGIN,
    2 * MARGIN + (rows.length - 1) * DOWN + TALL,
    lines.join("") + boxes.join(""),
    {
      theme,
      title:
        title ??
        `${graph.nodes.length - 1} ${graph.nodes.length === 2 ? "step" : "steps"} from the input to the answer, ${joins} where ways meet`,
    },
  );
}
