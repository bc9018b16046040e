import { load4, plus, relu4, splat, zero4, type Pointer } from "../assembler/expression.ts";
import { f32x4, type Int } from "../assembler/instructions.ts";
import type { FunctionWriter, Machine } from "../assembler/function.ts";
import { NARROW, panelWidth } from "./panels.ts";

// c[i, j] = Σ a[i, l] · b[l, j] is the loop of matrix products and of all convolutions. They differ in where the rows and terms of a
// lie: those of a convolution overlap, and are read in place. b is packed in panels of columns. A tile is some rows of a panel's
// columns, whose sums stay in registers.

/** What is fused with a convolution or product. */
export type Epilogue = "bias" | "biasRelu";
/** An epilogue as parts of a {@link ProductShape}. */
export const epilogueOf = (epilogue: Epilogue | undefined): { readonly bias: boolean; readonly relu: boolean } => ({
  bias: epilogue !== undefined,
  relu: epilogue === "biasRelu",
});

/** Where the parts of a product lie. */
export interface ProductShape {
  /** Number of rows; or number of tiles, if it is known only when the code runs. All rows of the last tile are written. */
  readonly rows: number | { readonly tiles: Int };
  /** Distance between rows of a. */
  readonly rowStep: number;
  /** Distance between rows of the result. Its columns lie side by side. */
  readonly resultStep: number;
  readonly columns: number;
  /** The terms of a row of a, as nested loops, the outermost first. */
  readonly terms: readonly { readonly count: number | Int; readonly step: number }[];
  /** How b lies. Default: as `writePack` packs it. */
  readonly panels?: Panels;
  /** Whether the result is added to the values in memory. */
  readonly accumulate?: boolean;
  /** Whether the rows of a tile are spread over all rows, rather than neighbours. */
  readonly isSpread?: boolean;
  /** Whether a bias for each column is added. */
  readonly bias?: boolean;
  /** Whether relu is applied. */
  readonly relu?: boolean;
}

/** A matrix in panels of columns. */
export interface Panels {
  /** Columns of a panel. */
  readonly width: number;
  /** Distance between terms. */
  readonly termStep: number;
  /** Distance between panels. */
  readonly step: number;
}

/** Bytes from which a function counts as long: engines take more time to optimize it. */
const LONG = 2000;

/** Addresses of a product. */
export interface ProductPlaces {
  /** The first row of a. */
  readonly a: Pointer;
  /** The panels of b. Moved on, like the addresses below. */
  readonly b: Pointer;
  /** The result. */
  readonly c: Pointer;
  /** The bias, if there is one. */
  readonly bias: Pointer;
}

/** Writes a product. */
export function writeProduct(f: FunctionWriter, shape: ProductShape, places: ProductPlaces): void {
  if (f.size < LONG) return writeHere(f, shape, places);
  const { a, b, c, bias } = places;
  // Counts that are known only when the code runs are passed on.
  const { rows, terms, columns, panels = panelsOf(f.machine, shape) } = shape;
  const [outermost, ...others] = terms as [ProductShape["terms"][number], ...ProductShape["terms"]];
  const counts = [
    typeof rows === "number" ? undefined : rows.tiles,
    typeof outermost.count === "number" ? undefined : outermost.count,
  ];
  const passed: readonly Int[] = counts.filter((count) => count !== undefined);
  f.call("product", [a, b, c, bias, ...passed], (inner, a, b, c, bias, ...given) => {
    const [tiles, count] = counts.map((count) => count && given.shift());
    const known = {
      ...shape,
      rows: tiles === undefined ? rows : { tiles },
      terms: [{ ...outermost, count: count ?? outermost.count }, ...others],
    };
    writeHere(inner, known, { a, b, c, bias });
  });
  f.advance(b, Math.ceil(columns / panels.width) * panels.step);
  f.advance(c, columns);
  f.advance(bias, columns);
}

function writeHere(f: FunctionWriter, shape: ProductShape, { a, b, c, bias }: ProductPlaces): void {
  const row = f.local("i32");
  const result = f.local("i32");
  const { rows, panels = panelsOf(f.machine, shape) } = shape;
  const tileRows = f.machine.tile.rows;
  const panel = (columns: number): void => {
    f.set(row, a);
    f.set(result, c);
    /** Tiles of `count` rows each, which are `apart` rows from each other. */
    const tiles = (times: number | Int, count: number, apart = 1): void => {
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
    f.advance(c, columns);
    f.advance(bias, columns);
  };
  f.inParts(shape.columns, panels.width, panel);
}

/**
 * Panels as they are packed for a product. Where rows of the result overlap, a tile is part of the order in which is added, so it has
 * the same columns on every machine.
 */
function panelsOf(machine: Machine, { terms, columns, isSpread }: ProductShape): Panels {
  const count = terms.reduce((product, each) => {
    if (typeof each.count !== "number") throw new Error("the steps of panels with so many terms must be given");
    return product * each.count;
  }, 1);
  const width = isSpread ? NARROW : panelWidth(machine, columns);
  return { width, termStep: width, step: width * count };
}

interface Tile {
  readonly rows: number;
  /** Distance between rows of the tile, in rows. */
  readonly apart: number;
  readonly columns: number;
  /** Distance between terms of the panel. */
  readonly termStep: number;
  readonly row: Pointer;
  readonly panel: Pointer;
  readonly result: Pointer;
  readonly bias: Pointer;
}

function writeTile(f: FunctionWriter, shape: ProductShape, tile: Tile): void {
  const vectors = Math.ceil(tile.columns / 4);
  const sums = Array.from({ length: tile.rows }, () => Array.from({ length: vectors }, () => f.local("v128")));
  const factors = Array.from({ length: vectors }, () => f.local("v128"));
  const factor = f.local("v128");
  const [from, weights] = [f.local("i32"), f.local("i32")];
  // A bias may be read beyond its end; those lanes are not stored.
  for (const row of sums) row.forEach((sum, j) => f.set(sum, shape.bias ? load4(tile.bias, 4 * j) : zero4));
  f.set(from, tile.row);
  f.set(weights, tile.panel);
  writeTerms(f, shape, { from, weights, termStep: tile.termStep }, (term, step) => {
    factors.forEach((b, j) => f.set(b, load4(weights, 4 * j + term * tile.termStep)));
    sums.forEach((row, i) => {
      f.set(factor, splat(from, i * tile.apart * shape.rowStep + term * step));
      row.forEach((sum, j) => f.set(sum, f.multiplyAdd4(factor, factors[j]!, sum)));
    });
  });
  // An engine packs pairs of neighbouring stores, the higher first, between which nothing is read. An odd vector has an address of its
  // own, so that it is not paired with the first of the next row, which may lie behind it.
  const odd = vectors > 2 && vectors % 2 === 1 ? f.keep(plus(tile.result, 4 * (vectors - 1))) : undefined;
  sums.forEach((row, i) => {
    const offset = i * tile.apart * shape.resultStep;
    row.forEach((sum, j) => {
      if (shape.accumulate) f.set(sum, f32x4.add(load4(tile.result, offset + 4 * j), sum));
      if (shape.relu) f.set(sum, relu4(sum));
    });
    for (let j = vectors - 1; j >= 0; j--) {
      const lanes = Math.min(4, tile.columns - 4 * j);
      const [to, at] = odd !== undefined && j === vectors - 1 ? [odd, offset] : [tile.result, offset + 4 * j];
      if (lanes === 4) f.store4(to, row[j]!, at);
      else for (let lane = 0; lane < lanes; lane++) f.storeOne(to, row[j]!, at + lane, lane);
    }
  });
}

/** Writes: loops over the terms of a tile; `add` writes the term `term` after the addresses. */
function writeTerms(
  f: FunctionWriter,
  { terms }: ProductShape,
  { from, weights, termStep }: { readonly from: Pointer; readonly weights: Pointer; readonly termStep: number },
  add: (term: number, step: number) => void,
): void {
  const some = (count: number, step: number): void => {
    for (let term = 0; term < count; term++) add(term, step);
    f.advance(weights, count * termStep);
    f.advance(from, count * step);
  };
  const innermost = ({ count, step }: ProductShape["terms"][number]): void => {
    const { unroll } = f.machine.tile;
    if (typeof count !== "number") return f.times(count, () => some(1, step));
    const turns = Math.floor(count / unroll);
    if (turns > 1) {
      // The address of the panel serves as the loop's counter.
      const end = f.keep(plus(weights, turns * unroll * termStep));
      f.until(weights, end, () => some(unroll, step));
    } else f.times(turns, () => some(unroll, step));
    if (count % unroll > 0) some(count % unroll, step);
  };
  const loop = (depth: number): void => {
    const { count, step } = terms[depth]!;
    const inner = terms[depth + 1];
    if (inner === undefined) return innermost(terms[depth]!);
    // The inner loop leaves its address where it ended.
    if (typeof inner.count !== "number") throw new Error("only the outermost loop over terms may be of any length");
    const back = inner.count * inner.step;
    f.times(count, () => {
      loop(depth + 1);
      f.advance(from, step - back);
    });
  };
  loop(0);
}
