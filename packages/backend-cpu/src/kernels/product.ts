import { int, load, load4, number, relu4, splat, zero4, type Local } from "../assembler/expression.ts";
import { f32x4, i32, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { transpose4 } from "./transpose4.ts";

// c[i, j] = Σ a[i, l] · b[l, j], the one loop under matrix products and all convolutions. What differs is where rows and terms
// of a lie: those of a convolution overlap, and are read where they are. b is laid out in panels of columns. A tile is
// some rows of a panel's columns, whose sums stay in registers.

/** Columns of a panel that is laid out. */
export const PANEL = 8;

/** What a convolution or product may end with. */
export type Epilogue = "bias" | "biasRelu";
/** The same as parts of a {@link ProductShape}. */
export const epilogueOf = (epilogue: Epilogue | undefined): { readonly bias: boolean; readonly relu: boolean } => ({
  bias: epilogue !== undefined,
  relu: epilogue === "biasRelu",
});

/** Where the parts of a product lie. Steps are in bytes. */
export interface ProductShape {
  /** Rows; or tiles of rows, where their number is known only when the code runs: of the last tile all rows are written. */
  readonly rows: number | { readonly tiles: Expression<"i32"> };
  /** From a row of a to the next. */
  readonly rowStep: number;
  /** From a row of the result to the next; its columns lie side by side. */
  readonly resultStep: number;
  readonly columns: number;
  /** The terms of a row of a, in nested loops, the outermost first. */
  readonly terms: readonly { readonly count: number | Expression<"i32">; readonly step: number }[];
  /** How b lies: as {@link writePack} lays it out, unless given. */
  readonly panels?: Panels;
  /** Whether the result is added to what is there. */
  readonly accumulate?: boolean;
  /** Whether the rows of a tile are taken from all over, rather than one after the other. */
  readonly isSpread?: boolean;
  /** Whether sums begin with a number for each column. */
  readonly bias?: boolean;
  /** Whether they end with relu. */
  readonly relu?: boolean;
}

/** A matrix in panels of columns. Steps are in bytes. */
export interface Panels {
  /** Columns of a panel. */
  readonly width: number;
  /** From a term to the next. */
  readonly termStep: number;
  /** From a panel to the next. */
  readonly step: number;
}

/** Numbers that {@link writePack} writes for b of `terms` rows. */
export const panelLength = (terms: number, columns: number): number => Math.ceil(columns / PANEL) * PANEL * terms;

/** From so many bytes on a function is long: engines take their time to improve it. */
const LONG = 2000;

/** A product: from addresses of the first row of a, of the panels of b, of the result, and of the bias if there is one. Moves b, c and bias on. */
export function writeProduct(
  f: FunctionWriter,
  shape: ProductShape,
  a: Local<"i32">,
  b: Local<"i32">,
  c: Local<"i32">,
  bias: Local<"i32">,
): void {
  if (f.size < LONG) return writeHere(f, shape, a, b, c, bias);
  // Counts that are known only when the code runs are handed over.
  const { rows, terms, columns, panels = panelsOf(shape) } = shape;
  const [outermost, ...others] = terms as [ProductShape["terms"][number], ...ProductShape["terms"]];
  const counts = [
    typeof rows === "number" ? undefined : rows.tiles,
    typeof outermost.count === "number" ? undefined : outermost.count,
  ];
  f.call(
    "product",
    [a, b, c, bias, ...counts.filter((count) => count !== undefined)],
    (inner, a, b, c, bias, ...given) => {
      const [tiles, count] = counts.map((count) => count && given.shift());
      const known = {
        ...shape,
        rows: tiles === undefined ? rows : { tiles },
        terms: [{ ...outermost, count: count ?? outermost.count }, ...others],
      };
      writeHere(inner, known, a, b, c, bias);
    },
  );
  f.advance(b, Math.ceil(columns / panels.width) * panels.step);
  f.advance(c, 4 * columns);
  f.advance(bias, 4 * columns);
}

function writeHere(
  f: FunctionWriter,
  shape: ProductShape,
  a: Local<"i32">,
  b: Local<"i32">,
  c: Local<"i32">,
  bias: Local<"i32">,
): void {
  const row = f.local("i32", "row");
  const result = f.local("i32", "result");
  const { rows, panels = panelsOf(shape) } = shape;
  const tileRows = f.machine.tile.rows;
  const panel = (columns: number): void => {
    f.set(row, a);
    f.set(result, c);
    /** Tiles of so many rows each, which are `apart` rows from each other. */
    const tiles = (times: number | Expression<"i32">, count: number, apart = 1): void => {
      const tile = { rows: count, apart, columns, termStep: panels.termStep, row, panel: b, result, bias };
      const next = apart === 1 ? count : 1;
      f.times(times, () => {
        writeTile(f, shape, tile);
        f.advance(row, next * shape.rowStep);
        f.advance(result, next * shape.resultStep);
      });
    };
    if (typeof rows === "number") {
      const [whole, rest] = [Math.floor(rows / tileRows), rows % tileRows];
      const apart = shape.isSpread && whole > 0 ? whole : 1;
      tiles(whole, tileRows, apart);
      if (apart > 1) {
        f.advance(row, apart * (tileRows - 1) * shape.rowStep);
        f.advance(result, apart * (tileRows - 1) * shape.resultStep);
      }
      if (rest > 0) tiles(1, rest);
    } else tiles(rows.tiles, tileRows);
    f.advance(b, panels.step);
    f.advance(c, columns * 4);
    f.advance(bias, columns * 4);
  };
  f.times(Math.floor(shape.columns / panels.width), () => panel(panels.width));
  if (shape.columns % panels.width > 0) panel(shape.columns % panels.width);
}

/** As {@link writePack} lays b out. */
function panelsOf({ terms }: ProductShape): Panels {
  const count = terms.reduce((product, each) => {
    if (typeof each.count !== "number") throw new Error("the steps of panels with so many terms must be given");
    return product * each.count;
  }, 1);
  return { width: PANEL, termStep: 4 * PANEL, step: 4 * PANEL * count };
}

interface Tile {
  readonly rows: number;
  /** From a row of the tile to the next, in rows. */
  readonly apart: number;
  readonly columns: number;
  /** From a term of the panel to the next. */
  readonly termStep: number;
  readonly row: Local<"i32">;
  readonly panel: Local<"i32">;
  readonly result: Local<"i32">;
  readonly bias: Local<"i32">;
}

function writeTile(
  f: FunctionWriter,
  { rowStep, resultStep, terms, accumulate, bias, relu }: ProductShape,
  tile: Tile,
): void {
  const vectors = Math.ceil(tile.columns / 4);
  const sums = Array.from({ length: tile.rows }, () => Array.from({ length: vectors }, () => f.local("v128", "sum")));
  const factors = Array.from({ length: vectors }, () => f.local("v128", "b"));
  const factor = f.local("v128", "a");
  const [from, weights] = [f.local("i32", "from"), f.local("i32", "weights")];
  // A bias may be read beyond its end; those lanes are not stored.
  for (const row of sums) row.forEach((sum, j) => f.set(sum, bias ? load4(tile.bias, 16 * j) : zero4));
  f.set(from, tile.row);
  f.set(weights, tile.panel);
  /** Some neighbouring terms, one after the other. */
  const some = (count: number, step: number): void => {
    for (let term = 0; term < count; term++) {
      factors.forEach((b, j) => f.set(b, load4(weights, 16 * j + term * tile.termStep)));
      sums.forEach((row, i) => {
        f.set(factor, splat(from, i * tile.apart * rowStep + term * step));
        row.forEach((sum, j) => f.set(sum, f.multiplyAdd4(factor, factors[j]!, sum)));
      });
    }
    f.advance(weights, count * tile.termStep);
    f.advance(from, count * step);
  };
  const loop = (depth: number): void => {
    const { count, step } = terms[depth]!;
    const inner = terms[depth + 1];
    if (inner === undefined) {
      const { unroll } = f.machine.tile;
      if (typeof count !== "number") return f.times(count, () => some(1, step));
      const turns = Math.floor(count / unroll);
      if (turns > 1) {
        // The address of the panel counts the turns, too.
        const end = f.keep("end", i32.add(weights, int(turns * unroll * tile.termStep)));
        f.until(weights, end, () => some(unroll, step));
      } else f.times(turns, () => some(unroll, step));
      if (count % unroll > 0) some(count % unroll, step);
      return;
    }
    // The inner loop leaves its address where it ended.
    if (typeof inner.count !== "number") throw new Error("only the outermost loop over terms may be of any length");
    const back = inner.count * inner.step;
    f.times(count, () => {
      loop(depth + 1);
      f.advance(from, step - back);
    });
  };
  loop(0);
  sums.forEach((row, i) =>
    row.forEach((sum, j) => {
      const offset = i * tile.apart * resultStep + 16 * j;
      const lanes = Math.min(4, tile.columns - 4 * j);
      if (accumulate) f.set(sum, f32x4.add(load4(tile.result, offset), sum));
      if (relu) f.set(sum, relu4(sum));
      if (lanes === 4) f.store4(tile.result, sum, offset);
      else for (let lane = 0; lane < lanes; lane++) f.storeOne(tile.result, sum, offset + 4 * lane, lane);
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
    /** One term: columns that lie side by side four at a time. */
    const term = (): void => {
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
    };
    // Terms that lie side by side four at a time: blocks of 4 × 4 are transposed.
    const blocks = termStep === 4 && columnStep !== 4 && count === PANEL ? Math.floor(terms / 4) : 0;
    f.times(blocks, () => {
      for (let j = 0; j < PANEL; j += 4) {
        const rows = [0, 1, 2, 3].map((k) => load4(at, (j + k) * columnStep));
        transpose4(f, rows).forEach((column, k) => f.store4(to, column, k * PANEL * 4 + 4 * j));
      }
      f.advance(at, 16);
      f.advance(to, 4 * PANEL * 4);
    });
    f.times(terms - 4 * blocks, term);
    f.set(from, i32.add(from, int(PANEL * columnStep)));
  };
  f.times(Math.floor(columns / PANEL), () => panel(PANEL));
  if (columns % PANEL > 0) panel(columns % PANEL);
}

/** Writes: lays matrices that lie some bytes apart out in panels, one after the other; moves both addresses on. */
export function writePackAll(
  f: FunctionWriter,
  shape: PanelShape,
  { count, step }: { readonly count: number; readonly step: number },
  from: Local<"i32">,
  to: Local<"i32">,
): void {
  const at = f.local("i32", "part");
  f.times(count, () => {
    f.set(at, from);
    writePack(f, shape, at, to);
    f.advance(from, step);
  });
}
