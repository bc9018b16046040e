import { sizeOf, type Shape } from "@convlens/backend";
import { load4, loadOne, number, zero4, type Local, type Pointer } from "../assembler/expression.ts";
import { f32, f32x4, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { ChainWriter, type Chain, type Known } from "./chain.ts";

/** A reduction over neighbouring axes: of a tensor [outer, folded, inner] to [outer, inner]. */
export interface Fold {
  readonly outer: number;
  readonly folded: number;
  readonly inner: number;
}

/** Columns that are reduced side by side: two cache lines. */
const COLUMNS = 32;

/** A reduction over any axes as folds over neighbouring axes, the last axes first. Axes of one element change nothing. */
export function foldsOf(shape: Shape, axes: readonly number[]): Fold[] {
  const left = [...shape];
  const folds: Fold[] = [];
  const isFolded = (axis: number): boolean => axes.includes(axis) || shape[axis] === 1;
  for (let last = shape.length - 1; last >= 0; last--) {
    if (!isFolded(last)) continue;
    let first = last;
    while (first > 0 && isFolded(first - 1)) first--;
    const folded = sizeOf(shape.slice(first, last + 1));
    folds.push(...widened({ outer: sizeOf(left.slice(0, first)), folded, inner: sizeOf(left.slice(last + 1)) }));
    left.fill(1, first, last + 1);
    last = first;
  }
  return folds.length > 0 ? folds : [{ outer: sizeOf(shape), folded: 1, inner: 1 }];
}

/** Folds several short rows together, as rows of more columns, so that successive additions do not depend on each other. */
function widened({ outer, folded, inner }: Fold): Fold[] {
  const rows = inner > 1 ? ([16, 8, 4, 2].find((n) => n * inner <= COLUMNS && folded % n === 0) ?? 1) : 1;
  const folds = [
    { outer, folded: folded / rows, inner: rows * inner },
    { outer, folded: rows, inner },
  ];
  return folds.filter((fold) => fold.folded > 1);
}

type Vector = Expression<"v128">;
/** The name of a reduction. */
export type Reduction = "sum" | "max";
/** The initial value of each reduction, and its operation on vectors and on single numbers. */
const reductions = {
  sum: { start: zero4, join: f32x4.add, joinOne: f32.add },
  max: { start: f32x4.splat(number(-Infinity)), join: f32x4.max, joinOne: f32.max },
} as const;

/** What is reduced: the results of a chain. */
export interface Source {
  readonly chain: Chain;
  /** For each input, whether it is a single number. */
  readonly isOne: readonly boolean[];
}

/** Long rows are folded this many at a time, so that memory is read in order. */
const ROWS = 16;

/** Numbers that are folded into a partial result before it is joined to the total: a long sum in float32 would lose digits. */
const PART = 128;

/** Writes a fold. The addresses are those of the inputs and, last, of the result. */
export function writeFold(
  f: FunctionWriter,
  reduction: Reduction,
  fold: Fold,
  source: Source,
  addresses: readonly Pointer[],
): void {
  const writer = new FoldWriter(f, reduction, source, addresses);
  f.times(fold.outer, () => (fold.inner === 1 ? writer.neighbours(fold.folded) : writer.columns(fold)));
}

class FoldWriter {
  readonly #f: FunctionWriter;
  readonly #reduction: (typeof reductions)[Reduction];
  readonly #isOne: readonly boolean[];
  readonly #from: readonly Pointer[];
  readonly #to: Pointer;
  readonly #chain: ChainWriter;
  readonly #known: Known;

  constructor(f: FunctionWriter, reduction: Reduction, { chain, isOne }: Source, addresses: readonly Pointer[]) {
    this.#f = f;
    this.#reduction = reductions[reduction];
    this.#isOne = isOne;
    this.#from = addresses.slice(0, -1);
    this.#to = addresses.at(-1)!;
    this.#chain = new ChainWriter(f, chain, this.#from);
    this.#known = this.#chain.settle((input) => isOne[input]!);
  }

  #move(numbers: number): void {
    this.#from.forEach((x, i) => this.#f.advance(x, this.#isOne[i] ? 0 : numbers));
  }
  readonly #vector = (offset: number): Vector => this.#chain.vector(this.#known, offset);
  readonly #one = (offset: number): Vector => this.#chain.one(this.#known, offset);

  /** Folds the values at some offsets, each over `count` turns of `step` numbers. */
  #turns(count: number, step: number, values: readonly (() => Vector)[]): Local<"v128">[] {
    const f = this.#f;
    const { start, join } = this.#reduction;
    const totals = values.map(() => f.keep("total", start));
    const parts = values.map(() => f.local("v128", "part"));
    const writePart = (length: number): void => {
      parts.forEach((part) => f.set(part, start));
      f.times(length, () => {
        parts.forEach((part, i) => f.set(part, join(part, values[i]!())));
        this.#move(step);
      });
      totals.forEach((total, i) => f.set(total, join(total, parts[i]!)));
    };
    f.times(Math.floor(count / PART), () => writePart(PART));
    if (count % PART > 0) writePart(count % PART);
    return totals;
  }

  /** Folds neighbours: in lanes and vectors first, then these together. */
  neighbours(count: number): void {
    const f = this.#f;
    const { join, joinOne } = this.#reduction;
    const vectors = Math.floor(count / 4);
    const totals: Vector[] = [];
    const four = [0, 4, 8, 12].map((offset) => () => this.#vector(offset));
    if (vectors >= 4) totals.push(...this.#turns(Math.floor(vectors / 4), 16, four));
    if (vectors % 4 > 0) totals.push(...this.#turns(vectors % 4, 4, four.slice(0, 1)));
    const parts: Expression<"f32">[] = [];
    if (totals.length > 0) {
      const total = f.keep("total", inPairs(totals, join));
      const lanes = ([0, 1, 2, 3] as const).map((lane) => f32x4.extract_lane(total, lane));
      parts.push(inPairs(lanes, joinOne));
    }
    if (count % 4 > 0) parts.push(f32x4.extract_lane(this.#turns(count % 4, 1, [() => this.#one(0)])[0]!, 0));
    f.store(this.#to, inPairs(parts, joinOne));
    f.advance(this.#to, 1);
  }

  /** Folds rows of several columns. */
  columns({ folded, inner }: Fold): void {
    const f = this.#f;
    const few = inner <= COLUMNS ? folded : Math.min(folded, ROWS);
    this.#rows(few, inner, { isFirst: true });
    const more = (rows: number): void => {
      f.advance(this.#to, -inner);
      this.#rows(rows, inner, { isFirst: false });
    };
    const left = folded - few;
    f.times(Math.floor(left / few), () => more(few));
    if (left % few > 0) more(left % few);
  }

  /** Folds some rows; moves on to the next ones. */
  #rows(rows: number, inner: number, options: { readonly isFirst: boolean }): void {
    const some = (numbers: number): void => this.#someColumns(rows, inner, numbers, options);
    this.#f.times(Math.floor(inner / COLUMNS), () => some(COLUMNS));
    if (inner % COLUMNS > 0) some(inner % COLUMNS);
    this.#move((rows - 1) * inner);
  }

  /** Folds `numbers` columns of some rows; moves on to the next columns. */
  #someColumns(rows: number, inner: number, numbers: number, { isFirst }: { readonly isFirst: boolean }): void {
    const [f, y] = [this.#f, this.#to];
    const { join } = this.#reduction;
    const vectors = Math.floor(numbers / 4);
    const offsets = [
      ...Array.from({ length: vectors }, (_, i) => 4 * i),
      ...Array.from({ length: numbers % 4 }, (_, i) => 4 * vectors + i),
    ];
    const values = offsets.map((offset, i) => () => (i < vectors ? this.#vector(offset) : this.#one(offset)));
    this.#turns(rows, inner, values).forEach((total, i) => {
      const offset = offsets[i]!;
      const isVector = i < vectors;
      const all = isFirst ? total : join((isVector ? load4 : loadOne)(y, offset), total);
      if (isVector) f.store4(y, all, offset);
      else f.storeOne(y, all, offset);
    });
    this.#move(numbers - rows * inner);
    f.advance(y, numbers);
  }
}

/** Joins values in pairs, these in pairs, and so on. */
function inPairs<T>(parts: readonly T[], join: (a: T, b: T) => T): T {
  if (parts.length === 1) return parts[0]!;
  const halves = [parts.slice(0, Math.ceil(parts.length / 2)), parts.slice(Math.ceil(parts.length / 2))];
  return join(inPairs(halves[0]!, join), inPairs(halves[1]!, join));
}
