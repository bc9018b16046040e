import { offsetOf, placeOf, sizeOf } from "@convlens/backend";
import type { Pointer } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { strided, type Strided } from "../callList.ts";
import { defineFunction, type FunctionDefinition } from "../defineFunction.ts";
import { after, type Address } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { stepsIn, type Folding, type Group } from "./folding.ts";
import { tasksOf } from "./loops.ts";
import { callsAndRest } from "./splitCalls.ts";

// Tensors with reduced axes are processed in chunks of rows, few enough to be in the cache when they are read again. The chunks
// depend on the shape alone, and so do the bits of the results, whichever thread computes which chunk.

/** Rows of a chunk, and numbers of one if rows are single numbers. */
const [ROWS, STRETCH] = [128, 4096];

/** Number of rows of a chunk. */
export const chunkRows = ({ width }: Folding): number => (width === 1 ? STRETCH : ROWS);

/** Addresses of a chunk. */
export interface ChunkPlaces {
  /** The chunk in each tensor. */
  readonly whole: readonly Pointer[];
  /** Values for its rows: as many numbers as there are in one. */
  readonly spread: readonly Pointer[];
  /** The results of the chunk. */
  readonly to: Pointer;
}

/** Some rows of a folded tensor, which are processed together. */
export interface Chunk {
  readonly folding: Folding;
  readonly rows: number;
}

/** Groups of axes, in each place of them a number of whole chunks, and the rows of one more. */
interface Part {
  readonly groups: readonly Group[];
  readonly chunks: number;
  readonly rest: number;
}

/** Work on each chunk of some tensors, with parameters of type `P`. */
export interface ChunkWork<P> {
  readonly definition: FunctionDefinition<{ readonly parameters: P; readonly folding: Folding; readonly part: Part }>;
  /** Number of tensors. */
  readonly whole: number;
  /** Number of values for each row. */
  readonly spread: number;
  /** Number of results of a chunk. */
  readonly resultsOf: (parameters: P, folding: Folding) => number;
}

/** Defines work on chunks. `write` must leave all addresses as they were. */
export function defineChunks<P>({
  name,
  whole,
  spread,
  resultsOf,
  write,
}: Omit<ChunkWork<P>, "definition"> & {
  readonly name: string;
  readonly write: (f: FunctionWriter, parameters: P, chunk: Chunk, places: ChunkPlaces) => void;
}): ChunkWork<P> {
  return {
    whole,
    spread,
    resultsOf,
    definition: defineFunction({
      name,
      arity: () => whole + spread + 1,
      write: (f, { parameters, folding, part }, ...args) => {
        const places = { whole: args.slice(0, whole), spread: args.slice(whole, whole + spread), to: args.at(-1)! };
        const results = resultsOf(parameters, folding);
        writePart(f, { folding, part, results }, places, (rows) => write(f, parameters, { folding, rows }, places));
      },
      work: ({ folding, part: { groups, chunks, rest } }) =>
        4 * sizeOf(groups.map(({ size }) => size)) * (chunks * chunkRows(folding) + rest) * folding.width,
    }),
  };
}

/** Writes: visits the chunks of a part. */
function writePart(
  f: FunctionWriter,
  { folding, part, results }: { readonly folding: Folding; readonly part: Part; readonly results: number },
  { whole, spread, to }: ChunkPlaces,
  visit: (rows: number) => void,
): void {
  const { width } = folding;
  const { groups, chunks, rest } = part;
  const chunk = (rows: number): void => {
    visit(rows);
    whole.forEach((x) => f.advance(x, rows * width));
    f.advance(to, results);
  };
  const moveSpread = (numbers: number): void => spread.forEach((each) => f.advance(each, numbers));
  const loop = (depth: number): void => {
    const group = groups[depth];
    if (group === undefined) {
      f.times(chunks, () => chunk(chunkRows(folding)));
      if (rest > 0) chunk(rest);
      return moveSpread(width);
    }
    // Along reduced axes, the same values are used again.
    const span = width * sizeOf(groups.slice(depth + 1).map(({ size, isFolded }) => (isFolded ? 1 : size)));
    f.times(group.size, () => {
      loop(depth + 1);
      if (group.isFolded) moveSpread(-span);
    });
    if (group.isFolded) moveSpread(span);
  };
  loop(0);
}

/** Prepared work on all chunks of some tensors. */
export type RunChunks = (whole: readonly Address[], spread: readonly Address[], to: Address) => void;

/** Prepares work on all chunks, for all threads if there are many. */
export function runChunks<P>(
  runtime: Runtime,
  work: ChunkWork<P>,
  { parameters, folding }: { readonly parameters: P; readonly folding: Folding },
): RunChunks {
  const { outer, rows, width } = folding;
  const length = chunkRows(folding);
  const [chunks, rest] = [Math.floor(rows / length), rows % length];
  const places = sizeOf(outer.map(({ size }) => size));
  const results = work.resultsOf(parameters, folding);
  const codeOf = (part: Part): CompiledFunction => runtime.compile(work.definition, { parameters, folding, part });
  const ofPlace = chunksIn(folding) * results;
  if (runtime.threads > 1 && places < 2 * runtime.threads && chunks > 1) {
    // There are few places: the threads share the chunks of each.
    const tasks = tasksOf(runtime, chunks, length * width);
    const main = codeOf({ groups: [], chunks: tasks.each, rest: 0 });
    const hasRest = tasks.rest > 0 || rest > 0;
    const last = hasRest ? codeOf({ groups: [], chunks: tasks.rest, rest }) : undefined;
    const run = callsAndRest(tasks.calls, main, last);
    const argumentsOf = argumentsBy(tasks.each * length * width, 0, tasks.each * results);
    const spreadAt = spreadStarts(folding, places);
    return (whole, spread, to) =>
      spreadAt.forEach((at, place) => {
        const moved = (addresses: readonly Address[], count: number) => addresses.map((each) => after(each, count));
        run(...argumentsOf(moved(whole, place * rows * width), moved(spread, at), after(to, place * ofPlace)));
      });
  }
  const [first = { size: 1, isFolded: false }, ...others] = outer;
  const below = places / first.size;
  const kept = others.reduce((size, group) => (group.isFolded ? size : size * group.size), width);
  const tasks = tasksOf(runtime, first.size, below * rows * width);
  const partOf = (size: number): Part => ({ groups: [{ ...first, size }, ...others], chunks, rest });
  const n = tasks.each * below;
  const main = codeOf(partOf(tasks.each));
  const run = callsAndRest(tasks.calls, main, tasks.rest > 0 ? codeOf(partOf(tasks.rest)) : undefined);
  const argumentsOf = argumentsBy(n * rows * width, first.isFolded ? 0 : tasks.each * kept, n * ofPlace);
  return (...addresses) => run(...argumentsOf(...addresses));
}

/** The arguments of calls, whose addresses move by some numbers from call to call. */
const argumentsBy =
  (ofWhole: number, ofSpread: number, ofResults: number) =>
  (...[whole, spread, to]: Parameters<RunChunks>): Strided[] => [
    ...whole.map((each) => strided(each, ofWhole)),
    ...spread.map((each) => strided(each, ofSpread)),
    strided(to, ofResults),
  ];

/** For each place of the outer groups, the distance of its values for rows from the first ones. */
function spreadStarts({ outer, width }: Folding, places: number): number[] {
  const sizes = outer.map(({ size }) => size);
  const steps = stepsIn(outer, ({ isFolded }) => !isFolded, width);
  return Array.from({ length: places }, (_, place) => offsetOf(placeOf(place, sizes), steps));
}

/** Number of chunks of the rows of one place. */
export const chunksIn = (folding: Folding): number => Math.ceil(folding.rows / chunkRows(folding));

/** Rows of up to this many numbers are always read four at a time. */
const SHORT_ROW = 64;
/** So are longer rows if all tensors together have at most this many numbers, which a cache holds. */
const NEAR = 2 ** 22;

/**
 * Number of rows that are read together. With several, the values for rows are read once for all of them. But memory is fastest if
 * long rows of several tensors are read one after the other.
 */
const rowsTogether = ({ count, kept, width }: Folding, tensors: number): number =>
  tensors === 1 || width <= SHORT_ROW || tensors * count * kept <= NEAR ? 4 : 1;

/**
 * Writes: visits all numbers of a chunk, four neighbours of several rows at a time (or of one, if rows are single numbers). The
 * callback receives the offsets of the neighbours from the addresses of `whole`, and how many of four neighbours there are. The
 * addresses `along` move within a row. All addresses end where they began.
 */
export function writeSweep(
  f: FunctionWriter,
  { folding, rows }: Chunk,
  whole: readonly Pointer[],
  along: readonly Pointer[],
  visit: (offsets: readonly number[], lanes: number) => void,
): void {
  const { width } = folding;
  const move = (addresses: readonly Pointer[], numbers: number): void =>
    addresses.forEach((each) => f.advance(each, numbers));
  const offsetsOf = (count: number, step: number): number[] => Array.from({ length: count }, (_, i) => i * step);
  if (width === 1) {
    const blocks = Math.floor(rows / 16);
    f.times(blocks, () => {
      visit(offsetsOf(4, 4), 4);
      move(whole, 16);
    });
    const vectors = Math.floor((rows % 16) / 4);
    if (vectors > 0) visit(offsetsOf(vectors, 4), 4);
    if (rows % 4 > 0) visit([4 * vectors], rows % 4);
    return move(whole, -16 * blocks);
  }
  const vectors = Math.floor(width / 4);
  const some = (count: number): void => {
    const offsets = offsetsOf(count, width);
    f.times(vectors, () => {
      visit(offsets, 4);
      move([...whole, ...along], 4);
    });
    if (width % 4 > 0) visit(offsets, width % 4);
    move(whole, count * width - 4 * vectors);
    move(along, -4 * vectors);
  };
  const together = rowsTogether(folding, whole.length);
  f.inParts(rows, together, some);
  move(whole, -rows * width);
}
