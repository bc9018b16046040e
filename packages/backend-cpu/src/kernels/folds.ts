import { sizeOf, type Shape } from "@convlens/backend";
import { load4, loadOne, number, zero4, type Local } from "../assembler/expression.ts";
import { f32, f32x4, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { ChainWriter, type Chain } from "./chain.ts";

/** A tensor as [outer, folded, inner], where the folded axes are neighbours. */
export interface Fold {
  readonly outer: number;
  readonly folded: number;
  readonly inner: number;
}

/** Columns that are folded side by side: two cache lines. */
const COLUMNS = 32;

/** One fold after the other, the last axes first: each over neighbouring axes. Axes of one element change nothing. */
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

/** Short rows are taken some at a time, as rows of more columns: no sum then waits for the one before. */
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
/** How two parts become one, and what a part begins with. */
const reductions = {
  sum: { start: zero4, join: f32x4.add, joinOne: f32.add },
  max: { start: f32x4.splat(number(-Infinity)), join: f32x4.max, joinOne: f32.max },
} as const;

/** What is folded: the results of a chain. */
export interface Source {
  readonly chain: Chain;
  /** Of each input, whether it is one number, and not as many as are folded. */
  readonly isOne: readonly boolean[];
}

/** Of rows that are longer than that so many are folded before the next ones. */
const ROWS = 16;

/** So many numbers are folded into a part before it is joined to the rest: a long sum in float32 would lose its last digits. */
const PART = 128;

/** Writes a fold; addresses are those of the inputs and, last, of the result. */
export function writeFold(
  f: FunctionWriter,
  reduction: Reduction,
  { outer, folded, inner }: Fold,
  { chain, isOne }: Source,
  addresses: readonly Local<"i32">[],
): void {
  const { start, join, joinOne } = reductions[reduction];
  const y = addresses.at(-1)!;
  const from = addresses.slice(0, -1);
  const writer = new ChainWriter(f, chain, from);
  const known = writer.settle((input) => isOne[input]!);
  const move = (bytes: number): void => from.forEach((x, i) => f.advance(x, isOne[i] ? 0 : bytes));

  /** Folds of `count` turns, some side by side, from turn to turn some bytes further. */
  const writeTurns = (count: number, step: number, values: readonly (() => Vector)[]): Local<"v128">[] => {
    const totals = values.map(() => f.keep("total", start));
    const parts = values.map(() => f.local("v128", "part"));
    const writePart = (length: number): void => {
      parts.forEach((part) => f.set(part, start));
      f.times(length, () => {
        parts.forEach((part, i) => f.set(part, join(part, values[i]!())));
        move(step);
      });
      totals.forEach((total, i) => f.set(total, join(total, parts[i]!)));
    };
    f.times(Math.floor(count / PART), () => writePart(PART));
    if (count % PART > 0) writePart(count % PART);
    return totals;
  };

  /** Neighbours side by side in lanes and vectors, then all of these together. */
  const writeNeighbours = (): void => {
    const vectors = Math.floor(folded / 4);
    const totals: Vector[] = [];
    const four = [0, 16, 32, 48].map((offset) => () => writer.vector(known, offset));
    if (vectors >= 4) totals.push(...writeTurns(Math.floor(vectors / 4), 64, four));
    if (vectors % 4 > 0) totals.push(...writeTurns(vectors % 4, 16, four.slice(0, 1)));
    const parts: Expression<"f32">[] = [];
    if (totals.length > 0) {
      const total = f.keep("total", inPairs(totals, join));
      parts.push(
        inPairs(
          ([0, 1, 2, 3] as const).map((i) => f32x4.extract_lane(total, i)),
          joinOne,
        ),
      );
    }
    if (folded % 4 > 0) parts.push(f32x4.extract_lane(writeTurns(folded % 4, 4, [() => writer.one(known)])[0]!, 0));
    f.store(y, inPairs(parts, joinOne));
    f.advance(y, 4);
  };

  const row = 4 * inner;
  /** The folds of some rows and columns, side by side; on to the next columns. */
  const writeColumns = (rows: number, numbers: number, isGoingOn: boolean): void => {
    const vectors = Math.floor(numbers / 4);
    const values = [
      ...Array.from({ length: vectors }, (_, i) => () => writer.vector(known, 16 * i)),
      ...Array.from({ length: numbers % 4 }, (_, i) => () => writer.one(known, 16 * vectors + 4 * i)),
    ];
    writeTurns(rows, row, values).forEach((total, i) => {
      const offset = i < vectors ? 16 * i : 16 * vectors + 4 * (i - vectors);
      const isVector = i < vectors;
      const all = isGoingOn ? join(isVector ? load4(y, offset) : loadOne(y, offset), total) : total;
      if (isVector) f.store4(y, all, offset);
      else f.storeOne(y, all, offset);
    });
    move(4 * numbers - rows * row);
    f.advance(y, 4 * numbers);
  };
  /** All columns of some rows; on to the next rows. */
  const writeRows = (rows: number, isGoingOn: boolean): void => {
    f.times(Math.floor(inner / COLUMNS), () => writeColumns(rows, COLUMNS, isGoingOn));
    if (inner % COLUMNS > 0) writeColumns(rows, inner % COLUMNS, isGoingOn);
    move((rows - 1) * row);
  };
  // Long rows a few at a time, so that memory is read from one end to the other.
  const few = inner <= COLUMNS ? folded : Math.min(folded, ROWS);
  const writeAllRows = (): void => {
    writeRows(few, false);
    const goOn = (rows: number): void => {
      f.advance(y, -row);
      writeRows(rows, true);
    };
    const left = folded - few;
    f.times(Math.floor(left / few), () => goOn(few));
    if (left % few > 0) goOn(left % few);
  };

  f.times(outer, inner === 1 ? writeNeighbours : writeAllRows);
}

/** Two by two, until one is left. */
function inPairs<T>(parts: readonly T[], join: (a: T, b: T) => T): T {
  if (parts.length === 1) return parts[0]!;
  const halves = [parts.slice(0, Math.ceil(parts.length / 2)), parts.slice(Math.ceil(parts.length / 2))];
  return join(inPairs(halves[0]!, join), inPairs(halves[1]!, join));
}
