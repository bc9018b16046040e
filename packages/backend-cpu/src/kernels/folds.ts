import { sizeOf, type Shape } from "@convlens/backend";
import { load4, loadOne, number, zero4, type Local, type Pointer } from "../assembler/expression.ts";
import { f32, f32x4, type Float, type Vector } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { ChainWriter, type Chain } from "./chain.ts";

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
  { outer, folded, inner }: Fold,
  { chain, isOne }: Source,
  addresses: readonly Pointer[],
): void {
  const from = addresses.slice(0, -1);
  const writer = new ChainWriter(f, chain, from);
  const known = writer.settle((input) => isOne[input] === true);
  const values: Values = {
    vector: (offset) => () => writer.vector(known, offset),
    one: (offset) => () => writer.one(known, offset),
    move: (numbers) => from.forEach((x, i) => f.advance(x, isOne[i] ? 0 : numbers)),
  };
  const write = inner === 1 ? writeNeighbours : writeColumns;
  f.times(outer, () => write(f, reductions[reduction], { folded, inner }, values, addresses.at(-1)!));
}

/** The values that are folded, at offsets from their addresses. */
interface Values {
  readonly vector: (offset: number) => () => Vector;
  readonly one: (offset: number) => () => Vector;
  readonly move: (numbers: number) => void;
}
type Operation = (typeof reductions)[Reduction];

/** Writes: folds values over `count` turns of `step` numbers. */
function writeTurns(
  f: FunctionWriter,
  { start, join }: Operation,
  { count, step }: { readonly count: number; readonly step: number },
  move: Values["move"],
  values: readonly (() => Vector)[],
): Local<"v128">[] {
  const totals = values.map((value) => ({ value, total: f.keep(start) }));
  const sums = totals.map((each) => ({ ...each, part: f.local("v128") }));
  const writePart = (length: number): void => {
    for (const { part } of sums) f.set(part, start);
    f.times(length, () => {
      for (const { part, value } of sums) f.set(part, join(part, value()));
      move(step);
    });
    for (const { total, part } of sums) f.set(total, join(total, part));
  };
  f.inParts(count, PART, writePart);
  return sums.map(({ total }) => total);
}

/** Writes: folds neighbours, in lanes and vectors first, then these together. */
function writeNeighbours(
  f: FunctionWriter,
  operation: Operation,
  { folded }: Omit<Fold, "outer">,
  { vector, one, move }: Values,
  y: Pointer,
): void {
  const turns = (count: number, step: number, values: readonly (() => Vector)[]): Local<"v128">[] =>
    writeTurns(f, operation, { count, step }, move, values);
  const vectors = Math.floor(folded / 4);
  const totals: Vector[] = [];
  if (vectors >= 4) totals.push(...turns(Math.floor(vectors / 4), 16, [0, 4, 8, 12].map(vector)));
  if (vectors % 4 > 0) totals.push(...turns(vectors % 4, 4, [vector(0)]));
  const parts: Float[] = [];
  if (totals.length > 0) {
    const total = f.keep(inPairs(totals, operation.join));
    const lanes = ([0, 1, 2, 3] as const).map((lane) => f32x4.extract_lane(total, lane));
    parts.push(inPairs(lanes, operation.joinOne));
  }
  if (folded % 4 > 0) parts.push(f32x4.extract_lane(turns(folded % 4, 1, [one(0)])[0]!, 0));
  f.store(y, inPairs(parts, operation.joinOne));
  f.advance(y, 1);
}

/** Whether rows are the first ones, or are joined to the result of earlier ones. */
type Position = "first" | "further";

/** Writes: folds rows of several columns, some rows and columns at a time. */
function writeColumns(
  f: FunctionWriter,
  operation: Operation,
  { folded, inner }: Omit<Fold, "outer">,
  { vector, one, move }: Values,
  y: Pointer,
): void {
  const some = (rows: number, numbers: number, position: Position): void => {
    const vectors = Math.floor(numbers / 4);
    const offsets = [
      ...Array.from({ length: vectors }, (_, i) => 4 * i),
      ...Array.from({ length: numbers % 4 }, (_, i) => 4 * vectors + i),
    ];
    const values = offsets.map((offset, i) => (i < vectors ? vector : one)(offset));
    writeTurns(f, operation, { count: rows, step: inner }, move, values).forEach((total, i) => {
      const [offset, isVector] = [offsets[i]!, i < vectors];
      const all = position === "first" ? total : operation.join((isVector ? load4 : loadOne)(y, offset), total);
      if (isVector) f.store4(y, all, offset);
      else f.storeOne(y, all, offset);
    });
    move(numbers - rows * inner);
    f.advance(y, numbers);
  };
  const writeRows = (rows: number, position: Position): void => {
    if (position === "further") f.advance(y, -inner);
    f.inParts(inner, COLUMNS, (columns) => some(rows, columns, position));
    move((rows - 1) * inner);
  };
  const few = inner <= COLUMNS ? folded : Math.min(folded, ROWS);
  writeRows(few, "first");
  f.inParts(folded - few, few, (rows) => writeRows(rows, "further"));
}

/** Joins values in pairs, these in pairs, and so on. */
function inPairs<T>(parts: readonly T[], join: (a: T, b: T) => T): T {
  if (parts.length === 1) return parts[0]!;
  const half = Math.ceil(parts.length / 2);
  return join(inPairs(parts.slice(0, half), join), inPairs(parts.slice(half), join));
}
