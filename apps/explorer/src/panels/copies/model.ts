import type { ModularGraph, ModularKind } from "@convlens/analysis";
import type { ShapeAttributes } from "@convlens/analysis/render";
import { choice, flag, whole, type StateOf } from "../../fields.ts";
import { upTo } from "../../numbers.ts";

/** Fields of the panel's state. */
export const copiesFields = {
  dimensions: choice("1", ["1", "2"] as const),
  /** Inputs in a row, and rows of them in two dimensions. */
  inputs: whole(9, 4, 12),
  rows: whole(5, 3, 6),
  window: whole(3, 1, 4),
  stride: whole(1, 1, 3),
  layers: choice("A", ["A", "A B", "A max B"] as const),
  /** Neurons in parallel in one A. */
  features: whole(1, 1, 4),
  /** Neurons of a second layer in A, a network in the network; 0 for none. */
  inner: whole(0, 0, 3),
  untied: flag(false),
  /** The selected copy of A. */
  copy: whole(1, 1, 99),
};
/** The panel's state. */
export type CopiesState = StateOf<typeof copiesFields>;

/** Name of the units of a layer. */
type UnitName = "x" | "A" | "max" | "B" | "F";

/** A layer of the diagram, from the inputs up. */
export interface Level {
  readonly name: UnitName;
  readonly height: number;
  readonly width: number;
  /** Its window over the level below; `undefined` for the inputs, and for F, which reads everything. */
  readonly window: { readonly height: number; readonly width: number; readonly stride: number } | undefined;
  /** Outputs of each unit. */
  readonly features: number;
}

/** A unit: one copy of a neuron, or an input. */
export interface Unit {
  readonly level: number;
  readonly name: UnitName;
  readonly row: number;
  readonly column: number;
}

/** A connection with its weight. */
export interface Edge {
  readonly from: Unit;
  readonly to: Unit;
  /** Name of the weight, as in `A 1`; `undefined` for pooling and F. */
  readonly weight: string | undefined;
  /** Place in the window, from 0. */
  readonly tap: number;
}

/** Numbers of copies and parameters. */
export interface Counts {
  readonly copies: number;
  readonly weights: number;
  readonly biases: number;
}

/** Rows of inputs and height of the window, which are 1 for a line. */
const heights = (state: CopiesState): { readonly inputs: number; readonly window: number } =>
  state.dimensions === "1" ? { inputs: 1, window: 1 } : { inputs: state.rows, window: Math.min(2, state.window) };

const MAX_WINDOW = 2;

/** The layers that fit, from the inputs up. A layer that does not fit is left out with all above it. */
export function levelsOf(state: CopiesState): Level[] {
  const { inputs, window, stride, layers } = state;
  const features = state.inner > 0 ? state.inner : state.features;
  const down = heights(state);
  const width = state.dimensions === "1" ? window : down.window;
  const levels: Level[] = [{ name: "x", height: down.inputs, width: inputs, window: undefined, features: 1 }];
  for (const name of layers.split(" ") as ("A" | "max" | "B")[]) {
    const below = levels.at(-1)!;
    const size =
      name === "max"
        ? { height: Math.min(MAX_WINDOW, below.height), width: MAX_WINDOW, stride: MAX_WINDOW }
        : name === "B"
          ? { height: Math.min(MAX_WINDOW, down.window), width: MAX_WINDOW, stride: 1 }
          : { height: down.window, width, stride };
    const places = (input: number, window: number): number => Math.floor((input - window) / size.stride) + 1;
    const [height, across] = [places(below.height, size.height), places(below.width, size.width)];
    if (height < 1 || across < 1) break;
    levels.push({ name, height, width: across, window: size, features });
  }
  levels.push({ name: "F", height: 1, width: 1, window: undefined, features: 1 });
  return levels;
}

/** All units of a level, row by row. */
export const unitsOf = ({ name, height, width }: Level, level: number): Unit[] =>
  Array.from({ length: height * width }, (_, i) => ({ level, name, row: Math.floor(i / width), column: i % width }));

/** All connections, those of F last. */
export function edgesOf(state: CopiesState): Edge[] {
  const levels = levelsOf(state);
  return levels.flatMap((level, at) => {
    const below = levels[at - 1];
    if (below === undefined) return [];
    return unitsOf(level, at).flatMap((to, copy) =>
      level.window === undefined
        ? unitsOf(below, at - 1).map((from, tap) => ({ from, to, weight: undefined, tap }))
        : seenBy(level.window, to).map(({ row, column }, tap) => ({
            from: { level: at - 1, name: below.name, row, column },
            to,
            tap,
            weight:
              level.name === "max" ? undefined : state.untied ? `${level.name} ${copy}.${tap}` : `${level.name} ${tap}`,
          })),
    );
  });
}

function seenBy(
  { height, width, stride }: NonNullable<Level["window"]>,
  { row, column }: Unit,
): { readonly row: number; readonly column: number }[] {
  return Array.from({ length: height * width }, (_, tap) => ({
    row: row * stride + Math.floor(tap / width),
    column: column * stride + (tap % width),
  }));
}

/** Parameters of a layer with `seen` inputs and `features` outputs at each of `places` places. */
export function countsOf(places: number, seen: number, features: number, untied: boolean): Counts {
  const neurons = untied ? places * features : features;
  return { copies: places, weights: neurons * seen, biases: neurons };
}

/** Parameters of all layers except F, with tied or untied weights. */
export function parametersOf(state: CopiesState, untied: boolean): Counts {
  const levels = levelsOf(state);
  return levels.reduce(
    (sum, { name, height, width, window }, at) => {
      if (window === undefined || name === "max") return sum;
      const seen = window.height * window.width * levels[at - 1]!.features;
      const own = countsOf(height * width, seen, state.features, untied);
      const inner = countsOf(height * width, state.features, state.inner, untied);
      return {
        copies: sum.copies + own.copies,
        weights: sum.weights + own.weights + inner.weights,
        biases: sum.biases + own.biases + inner.biases,
      };
    },
    { copies: 0, weights: 0, biases: 0 },
  );
}

/** The selected copy of A; `undefined` if A does not fit. */
export function lookedAt(state: CopiesState): Unit | undefined {
  const level = levelsOf(state)[1]!;
  if (level.name !== "A") return undefined;
  return unitsOf(level, 1)[Math.min(state.copy, level.height * level.width) - 1];
}

/** The inputs in the receptive field of a unit. */
export function reachOf(state: CopiesState, unit: Unit): Unit[] {
  const edges = edgesOf(state);
  let front = [unit];
  for (let level = unit.level; level > 0; level--) {
    const below = new Map<string, Unit>();
    for (const { from, to } of edges)
      if (front.some((each) => sameUnit(each, to))) below.set(`${from.row}.${from.column}`, from);
    front = [...below.values()];
  }
  return front;
}

/** Whether two units are the same. */
export const sameUnit = (a: Unit, b: Unit): boolean => a.level === b.level && a.row === b.row && a.column === b.column;

const kinds: Readonly<Record<UnitName, ModularKind>> = {
  x: "input",
  A: "convolution",
  max: "largest",
  B: "convolution",
  F: "dense",
};

/** The diagram as a graph of modules, each unit in the middle of its receptive field. */
export function graphOf(levels: readonly Level[], edges: readonly Edge[]): ModularGraph {
  let [first, jump]: [readonly [number, number], readonly [number, number]] = [
    [0, 0],
    [1, 1],
  ];
  const stages = levels.map((level, at): ModularGraph["stages"][number] => {
    const { name, height, width, window, features } = level;
    if (window !== undefined) {
      first = [first[0] + ((window.height - 1) / 2) * jump[0], first[1] + ((window.width - 1) / 2) * jump[1]];
      jump = [jump[0] * window.stride, jump[1] * window.stride];
    }
    return {
      ...{ kind: kinds[name], label: name, layer: "", grid: [height, width], channels: features },
      ...(name !== "F" && { stands: { first, jump } }),
      edges: edges
        .filter(({ to }) => to.level === at)
        .map(({ from, to }) => ({ stage: from.level, from: indexIn(levels, from), to: indexIn(levels, to) })),
    };
  });
  return { stages, isPlane: levels[0]!.height > 1 };
}

const indexIn = (levels: readonly Level[], { level, row, column }: Unit): number => row * levels[level]!.width + column;

/** The key of a line of the drawing. */
export const lineOf = ({ "data-stage": stage, "data-from": from, "data-to": to }: ShapeAttributes): string =>
  `${stage} ${from} ${to}`;

/** Connections by the key of their line. */
export const linesOf = (levels: readonly Level[], edges: readonly Edge[]): ReadonlyMap<string, Edge> =>
  new Map(
    edges.map((edge) => {
      const [from, to] = [indexIn(levels, edge.from), indexIn(levels, edge.to)];
      return [`${edge.to.level} ${edge.from.level}.${from} ${to}`, edge] as const;
    }),
  );

/** The neurons of one A as a graph of modules. */
export function graphInside(inputs: number, neurons: number, inner: number): ModularGraph {
  const rows = [inputs, neurons, ...(inner > 0 ? [inner] : [])];
  const stages = rows.map((columns, at): ModularGraph["stages"][number] => ({
    ...{ kind: at === 0 ? "input" : "dense", label: at === 0 ? "x" : "n", layer: "", grid: [1, columns], channels: 1 },
    ...(at === 0 && { stands: { first: [0, 0], jump: [1, 1] } as const }),
    edges:
      at === 0 ? [] : upTo(columns).flatMap((to) => upTo(rows[at - 1]!).map((from) => ({ stage: at - 1, from, to }))),
  }));
  return { stages, isPlane: false };
}

/** The number of units of each level: "9 x, 7 A, 1 F". */
export const census = (state: CopiesState): string =>
  levelsOf(state)
    .map(
      ({ name, height, width }) =>
        `${height > 1 || (state.dimensions === "2" && name !== "F") ? `${width} × ${height}` : width} ${name}`,
    )
    .join(", ");

/** The program that the panel shows: layer A. */
export function codeOf(state: CopiesState): string {
  const { dimensions, features, inner, untied, stride } = state;
  const first = levelsOf(state)[1]!;
  if (first.window === undefined) return "";
  const { height, width } = first.window;
  const options = `{ filters: ${features}, kernelSize: ${dimensions === "1" && !untied ? width : `[${height}, ${width}]`}, stride: ${stride} }`;
  const kind = untied ? "LocallyConnected2d" : dimensions === "1" ? "Conv1d" : "Conv2d";
  const one = `new ${kind}(${options})`;
  if (inner === 0) return `const A = ${one};`;
  const within = `{ filters: ${inner}, kernelSize: 1 }`;
  return `const A = sequential([${one}, new ReLU(), new ${kind}(${within})]); // a network in the network`;
}
