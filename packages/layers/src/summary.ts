import {
  checkValue,
  convOutputShape,
  droppedBy,
  showShape,
  sizeOf,
  traitsOf,
  type Conv2dGeometry,
  type Pool2dGeometry,
  type Section,
  type Shape,
} from "@convlens/backend";
import {
  mapTensors,
  showShapes,
  sorted,
  tensorsIn,
  type Shapes,
  type ShapesOf,
  type Tensor,
  type Tensors,
} from "@convlens/tensor";
import { shapesOption, zerosOf } from "./build.ts";
import { thousands } from "./formatModel.ts";
import { apply, layersOf, parameters, typeOf, type AnyLayer, type InputOf, type Layer } from "./layer.ts";

/** One layer of a {@link Summary}. */
export interface SummaryRow {
  /** Path of the layer, `layers.0`. */
  readonly path: string;
  /** Name of its class. */
  readonly type: string;
  /** Name of the tensor that the row is about, if the layer returns a tuple or record of tensors. */
  readonly part?: string;
  /** Shape of the output for one example. */
  readonly outputShape: Shape;
  /** Number of trainable parameters; those of a layer that is used twice count once. */
  readonly parameters: number;
  /** Number of multiply-adds for one example. */
  readonly multiplyAdds: number;
  /** Rows and columns at the end that no window reaches, such as `"1 row and 2 columns"`. */
  readonly dropped?: string;
}

/** The layers of a model and their costs, for one example. */
export interface Summary<InputShape extends Shapes = Shape> {
  /** Shape of the input, or a tuple or record of shapes. */
  readonly inputShape: InputShape;
  readonly rows: readonly SummaryRow[];
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** Number of multiply-adds of a recorded operation. Only convolutions and matrix products count. */
export function multiplyAddsOf(t: Tensor): number {
  const { kind, elementwise } = traitsOf(t.operation);
  if (kind !== "product" || elementwise) return 0;
  const { geometry: g, transposeA } = t.attributes as { geometry?: Conv2dGeometry; transposeA?: boolean };
  if (g !== undefined) return sizeOf(convOutputShape(g)) * g.height.window * g.width.window * (g.inChannels / g.groups);
  return t.size * t.inputs[0]!.shape.at(transposeA ? -2 : -1)!;
}

/**
 * Numbers of rows and columns at the end that no window reaches: of an operation that slides, or of slices of an image that are
 * concatenated by channel, as {@link LocallyConnected2d} records its windows.
 */
function droppedIn(t: Tensor): readonly [rows: number, columns: number] {
  const { geometry } = (t.attributes ?? {}) as { geometry?: Conv2dGeometry | Pool2dGeometry };
  if (geometry !== undefined && traitsOf(t.operation).slides === "input")
    return [droppedBy(geometry.height), droppedBy(geometry.width)];
  const image = t.inputs[0]?.inputs[0];
  const areWindows =
    t.operation === "concat" &&
    image?.rank === 4 &&
    t.inputs.every(({ operation, inputs }) => operation === "slice" && inputs[0] === image);
  if (!areWindows) return [0, 0];
  const last = (axis: number): number =>
    Math.max(
      ...t.inputs.map(({ attributes }) => {
        const { begin, step, shape } = attributes as Section;
        return begin[axis]! + (shape[axis]! - 1) * Math.max(0, step[axis]!);
      }),
    );
  return [image.shape[1]! - 1 - last(1), image.shape[2]! - 1 - last(2)];
}

/** Such as `"1 row and 2 columns"`; undefined if there are none. */
function rowsAndColumns([rows, columns]: readonly [rows: number, columns: number]): string | undefined {
  const parts = [
    rows > 0 ? `${rows} row${rows > 1 ? "s" : ""}` : "",
    columns > 0 ? `${columns} column${columns > 1 ? "s" : ""}` : "",
  ];
  return parts.filter(Boolean).join(" and ") || undefined;
}

/** The tensors recorded between the inputs and an output of a layer that are not counted yet. */
function newlyRecorded(inputs: Tensors, output: Tensor, counted: Set<Tensor>): Tensor[] {
  const given = new Set(tensorsIn(inputs));
  const between = sorted([output], (t) => (given.has(t) ? [] : t.inputs)).filter(
    (t) => !given.has(t) && !counted.has(t),
  );
  for (const t of between) counted.add(t);
  return between;
}

const sum = <T>(all: readonly T[], of: (x: T) => number): number => all.reduce((total, x) => total + of(x), 0);

/**
 * Lists the layers of a model in the order of their calls, with shapes, parameters and multiply-adds for one example. It
 * counts what the model records, and so holds for layers of any class. Nothing is computed.
 *
 * @param inputShape - Shape of one example, or a tuple or record of shapes, as the model takes them.
 *
 * @example
 * ```ts
 * console.log(formatSummary(summary(lenet5(), [28, 28, 1])));
 * ```
 */
export function summary(model: Layer<Tensor, unknown>, inputShape: Shape): Summary;
export function summary<M extends AnyLayer>(
  model: M,
  inputShape: ShapesOf<InputOf<M>>,
): Summary<ShapesOf<InputOf<M>> & Shapes>;
export function summary(model: AnyLayer, inputShape: unknown): Summary<Shapes> {
  checkValue("summary", "inputShape", inputShape, shapesOption);
  const rows: SummaryRow[] = [];
  const counted = new Set<object>();
  const x = zerosOf(inputShape, 1);
  const seen = new Set(tensorsIn(x));
  const add = (path: string, layer: AnyLayer, outputs: Tensors, inputs: Tensors): void => {
    const contains = layersOf(layer).size > 1;
    mapTensors(outputs, (output, part) => {
      const recorded = newlyRecorded(inputs, output, seen);
      const own = [...parameters(layer).values()].filter((variable) => !counted.has(variable));
      for (const variable of own) counted.add(variable);
      const dropped = recorded.map((t) => rowsAndColumns(droppedIn(t))).find((text) => text !== undefined);
      const row: SummaryRow = {
        path,
        type: typeOf(layer),
        ...(part !== "" && { part }),
        outputShape: output.shape.slice(1),
        parameters: sum(own, ({ size }) => size),
        multiplyAdds: sum(recorded, multiplyAddsOf),
        ...(dropped !== undefined && { dropped }),
      };
      if (!contains || row.parameters + row.multiplyAdds > 0) rows.push(row);
    });
  };
  apply<never, unknown>(model, x as never, { watch: add });
  return {
    inputShape: inputShape as Shapes,
    rows,
    parameters: sum(rows, (row) => row.parameters),
    multiplyAdds: sum(rows, (row) => row.multiplyAdds),
  };
}

/** Formats a summary as a table. */
export function formatSummary({ inputShape, rows, parameters: total, multiplyAdds }: Summary<Shapes>): string {
  const cells = [
    ["layer", "output", "parameters", "multiply-adds"],
    ["input", showShapes(inputShape), "", ""],
    ...rows.map((row) => [
      [`${row.path}${row.part === undefined ? "" : `:${row.part}`}`, row.type].filter(Boolean).join(" "),
      `${showShape(row.outputShape)}${row.dropped === undefined ? "" : ` (drops ${row.dropped})`}`,
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
