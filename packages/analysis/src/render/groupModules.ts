import type { ModularEdge, ModularGraph, ModularStage } from "../structure/modularGraph.ts";

/** A stage as it is drawn. Each of its elements may stand for several, and the stage itself for several equal stages. */
export interface DrawnStage extends ModularStage {
  /** Rows and columns of elements in the net. */
  readonly whole: ModularStage["grid"];
  /** Number of stages that it stands for, including itself. */
  readonly times: number;
}

/** A graph that is small enough to be drawn. */
export interface DrawnGraph {
  readonly stages: readonly DrawnStage[];
  readonly isPlane: boolean;
}

/** Approximate bytes of an element, a cylinder in a plane, a line, and a caption. */
const [ELEMENT, CYLINDER, LINE, CAPTION] = [400, 900, 120, 400];
/** Most bytes of a drawing. */
const BUDGET = 150_000;
/** Longest repeated sequence of stages that is searched for. Blocks of a residual net have about six. */
const LONGEST_PERIOD = 16;

/** Approximate bytes of a drawing of these stages. */
const bytesOf = (stages: readonly DrawnStage[], isPlane: boolean): number =>
  stages.reduce((sum, { kind, grid, edges }) => {
    const each = isPlane && kind === "convolution" ? CYLINDER : ELEMENT;
    return sum + CAPTION + grid[0] * grid[1] * each + edges.length * LINE;
  }, 0);

/**
 * A graph within the budget of a drawing: repeated stages are drawn once, then neighbouring elements are merged, then stages in
 * the middle are left out.
 */
export function groupModules({ stages, isPlane }: ModularGraph): DrawnGraph {
  const each = stages.map((stage): DrawnStage => ({ ...stage, whole: stage.grid, times: 1 }));
  const isLong = stages.length * (CAPTION + ELEMENT + LINE) > BUDGET / 2;
  const all = isLong ? withoutRepeats(each) : each;
  const widest = Math.max(...all.flatMap(({ grid }) => grid));
  let drawn = all;
  for (let factor = 1; bytesOf(drawn, isPlane) > BUDGET && factor < widest;) {
    // Steps of a quarter find the factor of thousands of elements in few tries.
    factor = Math.max(factor + 1, Math.floor(factor * 1.25));
    drawn = coarsened(all, factor);
  }
  return { stages: bytesOf(drawn, isPlane) > BUDGET ? withoutMiddle(drawn, isPlane) : drawn, isPlane };
}

/** Merges `factor` elements along each side of the input, fewer where elements lie further apart. */
function coarsened(stages: readonly DrawnStage[], factor: number): DrawnStage[] {
  const sizeOf = (size: number, jump = 1): number =>
    Math.max(1, Math.min(size, Math.ceil((size * Math.max(1, jump)) / factor)));
  const groups = stages.map(({ whole, stands }) => {
    const rows = sizeOf(whole[0], stands?.jump[0]);
    const columns = sizeOf(whole[1], stands?.jump[1]);
    const groupOf = (element: number): number => {
      const row = Math.floor((Math.floor(element / whole[1]) * rows) / whole[0]);
      return row * columns + Math.floor(((element % whole[1]) * columns) / whole[1]);
    };
    return { rows, columns, groupOf };
  });
  return stages.map((stage, s): DrawnStage => {
    const { whole, stands, edges, ...rest } = stage;
    const { rows, columns, groupOf } = groups[s]!;
    const joined = edges.map((edge) => ({
      ...edge,
      from: groups[edge.stage]!.groupOf(edge.from),
      to: groupOf(edge.to),
    }));
    const own = { ...rest, whole, grid: [rows, columns] as const, edges: distinct(joined) };
    if (stands === undefined) return own;
    const ratio = [whole[0] / rows, whole[1] / columns] as const;
    // The middle of each group, in groups of the input.
    const middle = (axis: 0 | 1): number =>
      (stands.first[axis] + ((ratio[axis] - 1) / 2) * stands.jump[axis] - (factor - 1) / 2) / factor;
    const jump = [(stands.jump[0] * ratio[0]) / factor, (stands.jump[1] * ratio[1]) / factor] as const;
    return { ...own, stands: { first: [middle(0), middle(1)], jump } };
  });
}

function distinct(edges: readonly ModularEdge[]): ModularEdge[] {
  const seen = new Set<string>();
  return edges.filter(({ stage, from, to }) => {
    const key = `${stage} ${from} ${to}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Stages without those that `shown` maps to another one. Their lines go to that one. */
function selected(stages: readonly DrawnStage[], shown: readonly number[], times: readonly number[]): DrawnStage[] {
  const kept = [...new Set(shown)].sort((a, b) => a - b);
  const place = new Map(kept.map((stage, i) => [stage, i]));
  return kept.map((s, i) => {
    const stage = stages[s]!;
    const edges = stage.edges.flatMap((edge): ModularEdge[] => {
      const source = shown[edge.stage]!;
      const [to, { grid }] = [place.get(source)!, stages[source]!];
      return to < i ? [{ ...edge, stage: to, from: edge.from % (grid[0] * grid[1]) }] : [];
    });
    return { ...stage, edges: distinct(edges), times: times[s] ?? 1 };
  });
}

/** Keeps one of several equal sequences of stages that follow each other. */
function withoutRepeats(stages: readonly DrawnStage[]): DrawnStage[] {
  const signs = stages.map(({ kind, grid, whole, channels }) => `${kind} ${grid} ${whole} ${channels}`);
  const shown = stages.map((_, s) => s);
  const times: number[] = [];
  for (let s = 1; s < stages.length;) {
    let best = { period: 1, repeats: 1 };
    for (let period = 1; period <= LONGEST_PERIOD; period++) {
      let end = s + period;
      while (end < stages.length && signs[end] === signs[end - period]) end++;
      const repeats = Math.floor((end - s) / period);
      if ((repeats - 1) * period > (best.repeats - 1) * best.period) best = { period, repeats };
    }
    const { period, repeats } = best;
    for (let k = 0; k < period * repeats; k++) {
      shown[s + k] = s + (k % period);
      times[s + (k % period)] = repeats;
    }
    s += period * repeats;
  }
  return selected(stages, shown, times);
}

/** Keeps the first and the last stages. One between them stands for the rest. */
function withoutMiddle(stages: readonly DrawnStage[], isPlane: boolean): DrawnStage[] {
  const half = Math.max(1, Math.floor((BUDGET * stages.length) / bytesOf(stages, isPlane) / 2) - 1);
  const shown = stages.map((_, s) => (s > half && s < stages.length - half ? half : s));
  const times = stages.map((stage) => stage.times);
  const count = shown.filter((s) => s === half).length;
  return selected(stages, shown, times).map((stage, s): DrawnStage =>
    s === half && count > 1
      ? { ...stage, kind: "join", label: "…", layer: `${count} rows that are not drawn`, whole: stage.grid, times: 1 }
      : stage,
  );
}
