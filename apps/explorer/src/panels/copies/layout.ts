import { edgesOf, levelsOf, unitsOf, type CopiesState, type Edge, type Unit } from "./model.ts";

/** A unit with its place on the page. */
export interface PlacedUnit extends Unit {
  readonly x: number;
  readonly y: number;
}

/** The diagram with every place known. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly units: readonly PlacedUnit[];
  readonly edges: readonly (Edge & {
    readonly x1: number;
    readonly y1: number;
    readonly x2: number;
    readonly y2: number;
  })[];
}

/** From one input to the next. */
const SPACING = 62;
const LEVEL = 96;
const MARGIN = 36;
/** How far a row goes to the right and up, where there are rows: as if seen from the front and above. */
const ASIDE = 0.42;
const UP = 0.4;

const keyOf = ({ level, row, column }: Unit): string => `${level}.${row}.${column}`;

/** Puts the inputs at the bottom, and each unit above the middle of what it sees. */
export function layoutOf(state: CopiesState): Layout {
  const levels = levelsOf(state);
  const edges = edgesOf(state);
  const rows = levels[0]!.height;
  const levelHeight = LEVEL + (rows - 1) * UP * SPACING * 0.9;
  const bottom = MARGIN + (levels.length - 1) * levelHeight + (rows - 1) * UP * SPACING;
  // Places as columns and rows of the inputs.
  const middle = new Map<string, { readonly column: number; readonly row: number }>();
  for (const [at, level] of levels.entries())
    for (const unit of unitsOf(level, at)) {
      const seen =
        at === 0 ? [] : edges.filter(({ to }) => keyOf(to) === keyOf(unit)).map(({ from }) => middle.get(keyOf(from))!);
      const mean = (of: "row" | "column"): number => seen.reduce((sum, each) => sum + each[of], 0) / seen.length;
      middle.set(keyOf(unit), at === 0 ? unit : { row: mean("row"), column: mean("column") });
    }
  const place = (unit: Unit): PlacedUnit => {
    const { column, row } = middle.get(keyOf(unit))!;
    const back = rows - 1 - row;
    return {
      ...unit,
      x: MARGIN + (column + ASIDE * back) * SPACING,
      y: bottom - unit.level * levelHeight - UP * back * SPACING,
    };
  };
  const units = levels.flatMap((level, at) => unitsOf(level, at).map(place));
  const placed = new Map(units.map((unit) => [keyOf(unit), unit]));
  return {
    width: 2 * MARGIN + (levels[0]!.width - 1 + ASIDE * (rows - 1)) * SPACING,
    height: bottom + MARGIN,
    units,
    edges: edges.map((edge) => {
      const [from, to] = [placed.get(keyOf(edge.from))!, placed.get(keyOf(edge.to))!];
      return { ...edge, x1: from.x, y1: from.y, x2: to.x, y2: to.y };
    }),
  };
}
