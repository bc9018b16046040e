import {
  convOutputShape,
  droppedBy,
  sizeOf,
  traitsOf,
  type Conv2dGeometry,
  type Pool2dGeometry,
  type Shape,
} from "@convlens/backend";
import { sorted, zeros, type Tensor } from "@convlens/tensor";
import { apply, layersOf, namePaths, parameters, typeOf, type Layer } from "./layer.ts";

/** Row of a {@link Summary}: one layer. */
export interface SummaryRow {
  /** Path in the model, such as `layers.0`. */
  readonly path: string;
  /** Name of its class. */
  readonly type: string;
  /** Shape of the output for one example. */
  readonly outputShape: Shape;
  /** Number of parameters; those of a layer that is used twice count once. */
  readonly parameters: number;
  /** Number of multiply-adds for one example. */
  readonly multiplyAdds: number;
  /** Rows and columns at the end that no window reaches, such as `"1 row and 2 columns"`. */
  readonly dropped?: string;
}

/** Layers of a model, their shapes, parameters and multiply-adds for one example. */
export interface Summary {
  readonly inputShape: Shape;
  readonly rows: readonly SummaryRow[];
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** Number of multiply-adds of a recorded operation; only convolutions and products of matrices count. */
export function multiplyAddsOf(t: Tensor): number {
  const { kind, elementwise } = traitsOf(t.operation);
  if (kind !== "product" || elementwise) return 0;
  const { geometry: g, transposeA } = t.attributes as { geometry?: Conv2dGeometry; transposeA?: boolean };
  if (g !== undefined) return sizeOf(convOutputShape(g)) * g.height.window * g.width.window * (g.inChannels / g.groups);
  return t.size * t.inputs[0]!.shape.at(transposeA ? -2 : -1)!;
}

/** What the window of a recorded operation drops, in words. */
function droppedIn(t: Tensor): string | undefined {
  const { geometry } = (t.attributes ?? {}) as { geometry?: Conv2dGeometry | Pool2dGeometry };
  if (geometry === undefined || traitsOf(t.operation).slides !== "input") return undefined;
  const [rows, columns] = [droppedBy(geometry.height), droppedBy(geometry.width)];
  const parts = [
    rows > 0 ? `${rows} row${rows > 1 ? "s" : ""}` : "",
    columns > 0 ? `${columns} column${columns > 1 ? "s" : ""}` : "",
  ];
  return parts.filter(Boolean).join(" and ") || undefined;
}

/** Operations recorded between `x` and `y` that are not counted yet. */
function newlyRecorded(x: Tensor, y: Tensor, counted: Set<Tensor>): Tensor[] {
  const between = sorted([y], (t) => (t === x ? [] : t.inputs)).filter((t) => t !== x && !counted.has(t));
  for (const t of between) counted.add(t);
  return between;
}

/**
 * Lists the layers of a model in the order of their calls, with shapes, parameters and multiply-adds for one example. They are
 * counted on the recorded operations, so custom layers count as well. Nothing is computed.
 *
 * @param inputShape - Shape of one example.
 *
 * @example
 * ```ts
 * console.log(formatSummary(summary(lenet5(), [28, 28, 1])));
 * ```
 */
export function summary(model: Layer, inputShape: Shape): Summary {
  const rows: SummaryRow[] = [];
  const counted = new Set<object>();
  const seen = new Set<Tensor>();
  namePaths(model);
  const x = zeros([1, ...inputShape]);
  seen.add(x);
  const add = (path: string, layer: Layer, y: Tensor, input: Tensor): void => {
    const recorded = newlyRecorded(input, y, seen);
    const own = [...parameters(layer)].filter(([, variable]) => !counted.has(variable));
    for (const [, variable] of own) counted.add(variable);
    const row: SummaryRow = {
      path,
      type: typeOf(layer),
      outputShape: y.shape.slice(1),
      parameters: own.reduce((total, [, variable]) => total + variable.size, 0),
      multiplyAdds: recorded.reduce((total, t) => total + multiplyAddsOf(t), 0),
    };
    const dropped = recorded.map(droppedIn).find((text) => text !== undefined);
    const contains = layersOf(layer).size > 1;
    if (!contains || row.parameters + row.multiplyAdds > 0)
      rows.push(dropped === undefined ? row : { ...row, dropped });
  };
  apply(model, x, { watch: add });
  return {
    inputShape,
    rows,
    parameters: rows.reduce((total, row) => total + row.parameters, 0),
    multiplyAdds: rows.reduce((total, row) => total + row.multiplyAdds, 0),
  };
}

const thousands = (n: number): string => `${n}`.replace(/\B(?=(\d{3})+$)/g, ",");

/** Formats a summary as a table. */
export function formatSummary({ inputShape, rows, parameters: total, multiplyAdds }: Summary): string {
  const cells = [
    ["layer", "output", "parameters", "multiply-adds"],
    ["input", `[${inputShape.join(", ")}]`, "", ""],
    ...rows.map((row) => [
      `${row.path === "" ? "" : `${row.path} `}${row.type}`,
      `[${row.outputShape.join(", ")}]${row.dropped === undefined ? "" : ` (drops ${row.dropped})`}`,
      thousands(row.parameters),
      thousands(row.multiplyAdds),
    ]),
    ["total", "", thousands(total), thousands(multiplyAdds)],
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
