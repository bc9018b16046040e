import {
  calculate,
  calculate4,
  lane,
  load,
  load4,
  number,
  splat,
  zero4,
  add,
  int,
  type Local,
} from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";

// c[i, j] = Σ a[i, l] · b[l, j], the one loop under matrix products and all convolutions. What differs is where rows and terms
// of a lie: those of a convolution overlap, and are read where they are. b is laid out in panels of eight columns.

/** Rows and columns of one tile: eight sums of four numbers, and three registers for factors. */
const TILE_ROWS = 4;
export const PANEL = 8;

/** Where the parts of a product lie. Steps are in bytes. */
export interface ProductShape {
  readonly rows: number;
  /** From a row of a to the next. */
  readonly rowStep: number;
  /** From a row of the result to the next; its columns lie side by side. */
  readonly resultStep: number;
  readonly columns: number;
  /** The terms of a row of a, in nested loops, the outermost first. */
  readonly terms: readonly { readonly count: number; readonly step: number }[];
  /** Whether the result is added to what is there. */
  readonly accumulate: boolean;
  /** A number for each column, which sums begin with; and whether they end with relu. */
  readonly ending?: "bias" | "biasRelu";
}

/** Numbers that {@link packPanels} writes for b of `terms` rows. */
export const panelLength = (terms: number, columns: number): number => Math.ceil(columns / PANEL) * PANEL * terms;

/** A product: from addresses of the first row of a, of the panels of b, of the result, and of the bias if there is one. Moves b, c and bias on. */
export function writeProduct(
  f: FunctionWriter,
  shape: ProductShape,
  a: Local<"i32">,
  b: Local<"i32">,
  c: Local<"i32">,
  bias: Local<"i32">,
): void {
  const row = f.local("i32", "row");
  const result = f.local("i32", "result");
  const count = shape.terms.reduce((product, each) => product * each.count, 1);
  const panel = (columns: number): void => {
    f.set(row, a);
    f.set(result, c);
    const tile = (rows: number): void => {
      writeTile(f, shape, { rows, columns, row, panel: b, result, bias });
      f.advance(row, rows * shape.rowStep);
      f.advance(result, rows * shape.resultStep);
    };
    f.times(Math.floor(shape.rows / TILE_ROWS), () => tile(TILE_ROWS));
    if (shape.rows % TILE_ROWS > 0) tile(shape.rows % TILE_ROWS);
    f.advance(b, count * PANEL * 4);
    f.advance(c, columns * 4);
    f.advance(bias, columns * 4);
  };
  f.times(Math.floor(shape.columns / PANEL), () => panel(PANEL));
  if (shape.columns % PANEL > 0) panel(shape.columns % PANEL);
}

interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly row: Local<"i32">;
  readonly panel: Local<"i32">;
  readonly result: Local<"i32">;
  readonly bias: Local<"i32">;
}

function writeTile(
  f: FunctionWriter,
  { rowStep, resultStep, terms, accumulate, ending }: ProductShape,
  tile: Tile,
): void {
  const vectors = Math.ceil(tile.columns / 4);
  const sums = Array.from({ length: tile.rows }, () => Array.from({ length: vectors }, () => f.local("v128", "sum")));
  const factors = Array.from({ length: vectors }, () => f.local("v128", "b"));
  const factor = f.local("v128", "a");
  const [from, weights] = [f.local("i32", "from"), f.local("i32", "weights")];
  // A bias may be read beyond its end; those lanes are not stored.
  for (const row of sums) row.forEach((sum, j) => f.set(sum, ending === undefined ? zero4 : load4(tile.bias, 16 * j)));
  f.set(from, tile.row);
  f.set(weights, tile.panel);
  const loop = (depth: number): void => {
    if (depth === terms.length) {
      factors.forEach((b, j) => f.set(b, load4(weights, 16 * j)));
      sums.forEach((row, i) => {
        f.set(factor, splat(from, i * rowStep));
        row.forEach((sum, j) => f.set(sum, f.multiplyAdd4(factor, factors[j]!, sum)));
      });
      f.advance(weights, PANEL * 4);
      return;
    }
    const { count, step } = terms[depth]!;
    const inner = terms[depth + 1];
    // The inner loop leaves its address where it ended.
    f.times(count, () => {
      loop(depth + 1);
      f.advance(from, step - (inner === undefined ? 0 : inner.count * inner.step));
    });
  };
  loop(0);
  if (ending === "biasRelu") for (const sum of sums.flat()) f.set(sum, calculate4("max", sum, zero4));
  sums.forEach((row, i) =>
    row.forEach((sum, j) => {
      const offset = i * resultStep + 16 * j;
      const whole = tile.columns - 4 * j >= 4;
      if (whole) f.store4(tile.result, accumulate ? calculate4("add", load4(tile.result, offset), sum) : sum, offset);
      else
        for (let k = 0; k < tile.columns - 4 * j; k++) {
          const one = lane(sum, k as 0 | 1 | 2);
          f.store(
            tile.result,
            accumulate ? calculate("add", load(tile.result, offset + 4 * k), one) : one,
            offset + 4 * k,
          );
        }
    }),
  );
}

/** Where a matrix b lies: terms × columns, steps in bytes. */
export interface PanelShape {
  readonly terms: number;
  readonly columns: number;
  /** From a term to the next. */
  readonly termStep: number;
  /** From a column to the next. */
  readonly columnStep: number;
}

/** Lays a matrix out in panels of eight columns, zeros where there are fewer; moves both addresses on. */
export function writePack(
  f: FunctionWriter,
  { terms, columns, termStep, columnStep }: PanelShape,
  from: Local<"i32">,
  to: Local<"i32">,
): void {
  const at = f.local("i32", "at");
  const panel = (count: number): void => {
    f.set(at, from);
    f.times(terms, () => {
      for (let j = 0; j < PANEL;) {
        if (columnStep === 4 && j + 4 <= count) {
          f.store4(to, load4(at, 4 * j), 4 * j);
          j += 4;
        } else {
          f.store(to, j < count ? load(at, j * columnStep) : number(0), 4 * j);
          j++;
        }
      }
      f.advance(at, termStep);
      f.advance(to, PANEL * 4);
    });
    f.set(from, add(from, int(PANEL * columnStep)));
  };
  f.times(Math.floor(columns / PANEL), () => panel(PANEL));
  if (columns % PANEL > 0) panel(columns % PANEL);
}
