import { ShapeError, sizeOf, stepsOf, traitsOf, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import type { Field } from "../geometry/field.ts";
import { fieldsOf } from "../geometry/fieldsOf.ts";
import { axisFieldsOf } from "../geometry/receptiveField.ts";
import { dependentsOf, recordModel } from "../recordModel.ts";
import { markedIn, markInputs, type Mask } from "../geometry/sources.ts";

/** The kind of a {@link ModularStage}. */
export type ModularKind = "input" | "convolution" | "largest" | "mean" | "dense" | "join";

/** A row of equal elements: the inputs, the copies of a group of neurons, or the windows of a pooling layer. */
export interface ModularStage {
  readonly kind: ModularKind;
  /**
   * `x`; `A`, `B` … for convolutions in order; `max`, `mean`; `F` for fully connected layers, or `n` for their neurons if the
   * input has no spatial axes; `+`, `×`, `∪` for joins.
   */
  readonly label: string;
  /** Name of the layer; `""` for the inputs. */
  readonly layer: string;
  /** Rows and columns of elements; one row for signals. */
  readonly grid: readonly [rows: number, columns: number];
  /**
   * Center of the receptive field of the first element, and the distance to the next: row and column. Absent if all elements see
   * the same.
   */
  readonly stands?: {
    readonly first: readonly [row: number, column: number];
    readonly jump: readonly [row: number, column: number];
  };
  /** Number of neurons in each element. */
  readonly channels: number;
  /** The elements that these elements read. */
  readonly edges: readonly ModularEdge[];
}

/** An edge between elements, which are numbered row by row. */
export interface ModularEdge {
  /** Index of the stage that is read. */
  readonly stage: number;
  /** Index of the element that is read. */
  readonly from: number;
  /** Index of the element that reads it. */
  readonly to: number;
}

/** A model as modules and the edges between them. */
export interface ModularGraph {
  /** The stages in topological order. */
  readonly stages: readonly ModularStage[];
  /** Whether elements have rows and columns: the model takes images. */
  readonly isPlane: boolean;
}

/** Largest number of elements in a legible diagram. */
const LARGEST = 5000;

const joins: Readonly<Record<string, string>> = { add: "+", subtract: "−", multiply: "×", divide: "÷", concat: "∪" };

/** Returns the kind of stage of a tensor; `undefined` for elementwise operations, which belong to the stage before. */
function kindOf(
  t: Tensor,
  depends: ReadonlySet<Tensor>,
  isFlat: boolean,
): { readonly kind: ModularKind; readonly label: string } | undefined {
  const { weighs, slides, folds } = traitsOf(t.operation);
  // A product of matrices sees everything, unless each place has a matrix of its own: a convolution that shares nothing.
  if (weighs && !slides && t.inputs[1]?.rank === 2) return { kind: "dense", label: isFlat ? "n" : "F" };
  if (weighs) return { kind: "convolution", label: "A" };
  if (folds) return folds === "largest" ? { kind: "largest", label: "max" } : { kind: "mean", label: "mean" };
  return t.inputs.filter((x) => depends.has(x)).length > 1 && t.operation !== undefined
    ? { kind: "join", label: joins[t.operation] ?? "⋈" }
    : undefined;
}

/** The elements of a tensor in the diagram. */
interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** The element of each number. */
  readonly elements: Int32Array;
}

/** Returns the grid of a tensor: its spatial axes, or one element for each number if there are none. */
function gridOf(t: Tensor, field: Field | undefined, places: readonly number[]): Grid {
  if (places.length === 0) {
    const columns = t.shape.at(-1) ?? 1;
    return { rows: 1, columns, elements: Int32Array.from({ length: t.size }, (_, i) => i % columns) };
  }
  const steps = stepsOf(t.shape);
  // The factors of the axes are the digits of an index. Those along spatial axes make the index of the element.
  const digits = (field?.axes ?? []).flatMap((factors, axis) => {
    const inner = stepsOf(factors.map(({ size }) => size));
    return factors.map(({ size, along = 0 }, k) => ({ size, along, step: steps[axis]! * inner[k]! }));
  });
  const own = places.map((along) => digits.filter((digit) => digit.along === along));
  const [columns = 1, rows = 1] = own.map((list) => sizeOf(list.map(({ size }) => size))).reverse();
  const inOrder = own.flat();
  const weights = stepsOf(inOrder.map(({ size }) => size));
  const elements = Int32Array.from({ length: t.size }, (_, i) =>
    inOrder.reduce((sum, { size, step }, k) => sum + (Math.floor(i / step) % size) * weights[k]!, 0),
  );
  return { rows, columns, elements };
}

/**
 * Returns a model as modules, as in the diagrams of Christopher Olah: inputs, copies of groups of neurons, pooling windows and
 * fully connected layers, with all edges between them. Elementwise operations (biases, activation functions, normalization) are
 * part of the module before them.
 *
 * @param inputShape - Shape of one example: `[length, channels]`, `[height, width, channels]`, or `[inputs]`.
 * @throws `ShapeError` for more elements than a diagram can show; give a smaller input.
 *
 * @example
 * ```ts
 * const net = sequential([
 *   new Conv1d({ filters: 2, kernelSize: 2 }),
 *   new MaxPool1d({ kernelSize: 2 }),
 *   new Conv1d({ filters: 2, kernelSize: 2 }),
 *   ...[new Flatten(), new Dense({ units: 1 })],
 * ]);
 * modularGraph(net, [9, 1]).stages.map(({ label, grid }) => `${grid[1]} ${label}`); // 9 x, 8 A, 4 max, 3 B, 1 F
 * ```
 */
export function modularGraph(model: Layer<Tensor, unknown>, inputShape: Shape): ModularGraph {
  const recorded = recordModel(model, inputShape);
  const depends = dependentsOf(recorded);
  const fields = fieldsOf(recorded);
  const places = recorded.input.shape.map((_, axis) => axis).slice(1, -1);
  const layerOf = new Map(recorded.layers.flatMap(({ name, operations }) => operations.map((t) => [t, name] as const)));
  const stages: ModularStage[] = [];
  const known = new Map<Tensor, { readonly stage: number; readonly grid: Grid }>();
  let letters = 0;
  const add = (t: Tensor, kind: ModularKind, label: string, channels: number): void => {
    const grid = gridOf(t, fields.get(t), places);
    const count = grid.rows * grid.columns;
    if (count > LARGEST)
      throw new ShapeError({
        operation: "modularGraph",
        expected: `at most ${LARGEST} elements, which a diagram can show`,
        got: count,
        fix: "give a smaller input",
      });
    const edges = kind === "input" ? [] : edgesOf(t, grid, known);
    known.set(t, { stage: stages.length, grid });
    const letter = kind === "convolution" ? String.fromCharCode(65 + (letters++ % 26)) : label;
    const stands = standsOf(fields.get(t));
    stages.push({
      ...(stands !== undefined && { stands }),
      kind,
      label: letter,
      layer: layerOf.get(t) ?? "",
      grid: [grid.rows, grid.columns],
      channels,
      edges,
    });
  };
  add(recorded.input, "input", "x", channelsOf(recorded.input, fields, places));
  for (const t of recorded.tensors) {
    if (!depends.has(t) || known.has(t)) continue;
    const made = kindOf(t, depends, places.length === 0);
    if (made !== undefined && (made.kind !== "join" || joinsStages(t, known, depends)))
      add(t, made.kind, made.label, channelsOf(t, fields, places));
  }
  return { stages, isPlane: places.length > 1 };
}

/** Returns the centers of the receptive fields, padding included. */
function standsOf(field: Field | undefined): ModularStage["stands"] {
  const axes = field === undefined ? [] : axisFieldsOf(field);
  if (axes.every(({ jump }) => jump === 0)) return undefined;
  // A signal has one row.
  const [column, row = { center: 0, jump: 1 }] = axes.reverse();
  return column && { first: [row.center, column.center], jump: [row.jump, column.jump] };
}

function channelsOf(t: Tensor, fields: ReadonlyMap<Tensor, Field>, places: readonly number[]): number {
  const { rows, columns } = gridOf(t, fields.get(t), places);
  return places.length === 0 ? 1 : Math.max(1, Math.round(t.size / (rows * columns)));
}

/** Whether the inputs of a join come from different stages, or from one stage through different operations. */
function joinsStages(t: Tensor, known: ReadonlyMap<Tensor, unknown>, depends: ReadonlySet<Tensor>): boolean {
  const rootOf = (x: Tensor): Tensor => {
    const [next, ...others] = x.inputs.filter((y) => depends.has(y));
    return known.has(x) || next === undefined || others.length > 0 ? x : rootOf(next);
  };
  return new Set(t.inputs.filter((x) => depends.has(x)).map(rootOf)).size > 1;
}

/** Returns the elements of earlier stages that each element reads, found by going back from all its numbers. */
function edgesOf(
  t: Tensor,
  grid: Grid,
  known: ReadonlyMap<Tensor, { readonly stage: number; readonly grid: Grid }>,
): ModularEdge[] {
  const edges: ModularEdge[] = [];
  const order: Tensor[] = [];
  const visit = (at: Tensor): void => {
    if (order.includes(at)) return;
    if (at === t || !known.has(at)) for (const x of at.inputs) visit(x);
    order.push(at);
  };
  visit(t);
  order.reverse();
  for (let to = 0; to < grid.rows * grid.columns; to++) {
    const masks = new Map<Tensor, Mask>([[t, Uint8Array.from(grid.elements, (element) => (element === to ? 1 : 0))]]);
    const read = new Set<string>();
    for (const at of order) {
      const source = at === t ? undefined : known.get(at);
      if (source === undefined) markInputs(at, masks, (x) => order.includes(x));
      else
        for (const i of markedIn(masks.get(at) ?? new Uint8Array(0))) {
          const from = source.grid.elements[i]!;
          const key = `${source.stage} ${from}`;
          if (!read.has(key)) edges.push({ stage: source.stage, from, to });
          read.add(key);
        }
    }
  }
  return edges;
}

/**
 * Counts the elements and edges of a diagram.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv1d({ filters: 1, kernelSize: 3 }), new Flatten(), new Dense({ units: 1 })]);
 * countModules(modularGraph(net, [9, 1])); // 9 + 7 + 1 elements, 21 + 7 lines
 * ```
 */
export const countModules = ({ stages }: ModularGraph): { readonly elements: number; readonly edges: number } => ({
  elements: stages.reduce((sum, { grid }) => sum + sizeOf(grid), 0),
  edges: stages.reduce((sum, { edges }) => sum + edges.length, 0),
});
