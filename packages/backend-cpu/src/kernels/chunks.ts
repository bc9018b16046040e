import { sizeOf } from "@convlens/backend";
import type { Local } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { stepsIn, type Folding, type Group } from "./folding.ts";
import { tasksOf } from "./loops.ts";

// Tensors with folded axes are gone through in chunks of some rows, few enough to be still near when they are looked at again.
// Where chunks begin depends on the shape alone: so do the bits of what is made of them, whoever computes which.

type Address = Local<"i32">;

/** Rows of a chunk, and numbers of one where rows are single numbers. */
const [ROWS, STRETCH] = [128, 4096];

/** How many rows a chunk has. */
export const chunkRows = ({ width }: Folding): number => (width === 1 ? STRETCH : ROWS);

/** Where a chunk lies. */
export interface Places {
  /** Where it begins in each tensor. */
  readonly whole: readonly Address[];
  /** Where what is known of its rows begins: as many numbers as there are in one. */
  readonly spread: readonly Address[];
  /** Where what is found goes. */
  readonly to: Address;
}

/** What is done with each chunk of some tensors. */
export interface Chunked {
  readonly key: string;
  readonly folding: Folding;
  readonly whole: number;
  readonly spread: number;
  /** Numbers that are found in a chunk. */
  readonly found: number;
  /** Writes it, for so many rows, and leaves all addresses as they were. */
  readonly write: (f: FunctionWriter, rows: number, places: Places) => void;
}

/** What code is written for: some groups, in each place of them so many whole chunks, and the rows of one more. */
interface Part {
  readonly groups: readonly Group[];
  readonly chunks: number;
  readonly rest: number;
}

/** `(…whole, …spread, to)` */
function codeOf(
  runtime: Runtime,
  { key, folding, whole, spread, found, write }: Chunked,
  part: Part,
): CompiledFunction {
  const { width } = folding;
  const length = chunkRows(folding);
  const parameters = [...Array.from({ length: whole }, () => "x"), ...Array.from({ length: spread }, () => "s"), "to"];
  const body = (f: FunctionWriter, ...addresses: Address[]): void => {
    const places = {
      whole: addresses.slice(0, whole),
      spread: addresses.slice(whole, whole + spread),
      to: addresses.at(-1)!,
    };
    const chunk = (rows: number): void => {
      write(f, rows, places);
      places.whole.forEach((x) => f.advance(x, 4 * rows * width));
      f.advance(places.to, 4 * found);
    };
    const moveSpread = (numbers: number): void => places.spread.forEach((each) => f.advance(each, 4 * numbers));
    const loop = (depth: number): void => {
      const group = part.groups[depth];
      if (group === undefined) {
        f.times(part.chunks, () => chunk(length));
        if (part.rest > 0) chunk(part.rest);
        return moveSpread(width);
      }
      // Along what is folded, the same is known again.
      const span = width * sizeOf(part.groups.slice(depth + 1).map(({ size, isFolded }) => (isFolded ? 1 : size)));
      f.times(group.size, () => {
        loop(depth + 1);
        if (group.isFolded) moveSpread(-span);
      });
      if (group.isFolded) moveSpread(span);
    };
    loop(0);
  };
  const numbers = sizeOf(part.groups.map(({ size }) => size)) * (part.chunks * length + part.rest) * width;
  return runtime.code(`${key} ${JSON.stringify([width, part])}`, parameters, body, 4 * numbers);
}

/** Goes through all chunks, by all threads together where there are many. */
export function runChunks(
  runtime: Runtime,
  work: Chunked,
): (whole: readonly number[], spread: readonly number[], to: number) => void {
  const { folding, whole, spread, found } = work;
  const { outer, rows, width } = folding;
  const length = chunkRows(folding);
  const [chunks, rest] = [Math.floor(rows / length), rows % length];
  const stepsOf = (ofWhole: number, ofSpread: number, ofFound: number): number[] => [
    ...Array.from({ length: whole }, () => 4 * ofWhole),
    ...Array.from({ length: spread }, () => 4 * ofSpread),
    4 * ofFound,
  ];
  const moved = (starts: readonly number[], steps: readonly number[], times: number): number[] =>
    starts.map((start, i) => start + steps[i]! * times);
  const each = (code: CompiledFunction, calls: number, starts: readonly number[], steps: readonly number[]): void =>
    code.callMany(calls, ...starts.map((start, i) => [start, steps[i]!] as const));

  const places = sizeOf(outer.map(({ size }) => size));
  const ofPlace = chunksIn(folding) * found;
  if (runtime.threads > 1 && places < 2 * runtime.threads && chunks > 1) {
    // Few places: the chunks of each are shared out.
    const tasks = tasksOf(runtime, chunks, length * width);
    const main = codeOf(runtime, work, { groups: [], chunks: tasks.each, rest: 0 });
    const isEven = tasks.rest === 0 && rest === 0;
    const end = isEven ? undefined : codeOf(runtime, work, { groups: [], chunks: tasks.rest, rest });
    const steps = stepsOf(tasks.each * length * width, 0, tasks.each * found);
    const spreadSteps = stepsIn(outer, ({ isFolded }) => !isFolded, width);
    const starts = Array.from({ length: places }, (_, place) => {
      let [left, at] = [place, 0];
      for (let i = outer.length - 1; i >= 0; i--) {
        at += (left % outer[i]!.size) * spreadSteps[i]!;
        left = Math.floor(left / outer[i]!.size);
      }
      return stepsOf(place * rows * width, at, place * ofPlace);
    });
    return (...addresses) => {
      for (const start of starts) {
        const from = moved(addresses.flat(), start, 1);
        each(main, tasks.calls, from, steps);
        end?.call(...moved(from, steps, tasks.calls));
      }
    };
  }
  const [first = { size: 1, isFolded: false }, ...others] = outer;
  const below = places / first.size;
  const kept = others.reduce((size, group) => (group.isFolded ? size : size * group.size), width);
  const tasks = tasksOf(runtime, first.size, below * rows * width);
  const part = (size: number): CompiledFunction =>
    codeOf(runtime, work, { groups: [{ ...first, size }, ...others], chunks, rest });
  const main = part(tasks.each);
  const end = tasks.rest > 0 ? part(tasks.rest) : undefined;
  const n = tasks.each * below;
  const steps = stepsOf(n * rows * width, first.isFolded ? 0 : tasks.each * kept, n * ofPlace);
  return (...addresses) => {
    each(main, tasks.calls, addresses.flat(), steps);
    end?.call(...moved(addresses.flat(), steps, tasks.calls));
  };
}

/** How many chunks the rows of one place make. */
export const chunksIn = (folding: Folding): number => Math.ceil(folding.rows / chunkRows(folding));

/** Rows of up to so many numbers are read four at a time wherever they are; */
const SHORT_ROW = 64;
/** and so are longer ones of tensors that take no more numbers than this together, which a cache holds. */
const NEAR = 2 ** 22;

/**
 * How many rows are gone through together: what is known of them is then read once for all. But memory is fastest where long
 * rows of several tensors are read one after the other.
 */
const rowsTogether = ({ count, kept, width }: Folding, tensors: number): number =>
  tensors === 1 || width <= SHORT_ROW || tensors * count * kept <= NEAR ? 4 : 1;

/**
 * Writes: visits all numbers of a chunk, four neighbours of some rows at a time (or of one, where rows are single numbers):
 * `offsets` says how far behind the addresses of `whole` they lie, `lanes` how many of four neighbours there are. Addresses of
 * `along` move within a row. Leaves all as they were.
 */
export function writeSweep(
  f: FunctionWriter,
  { folding, rows }: { readonly folding: Folding; readonly rows: number },
  whole: readonly Address[],
  along: readonly Address[],
  visit: (offsets: readonly number[], lanes: number) => void,
): void {
  const { width } = folding;
  const move = (addresses: readonly Address[], bytes: number): void =>
    addresses.forEach((each) => f.advance(each, bytes));
  const offsetsOf = (count: number, step: number): number[] => Array.from({ length: count }, (_, i) => i * step);
  if (width === 1) {
    const blocks = Math.floor(rows / 16);
    f.times(blocks, () => {
      visit(offsetsOf(4, 16), 4);
      move(whole, 64);
    });
    const vectors = Math.floor((rows % 16) / 4);
    if (vectors > 0) visit(offsetsOf(vectors, 16), 4);
    if (rows % 4 > 0) visit([16 * vectors], rows % 4);
    return move(whole, -64 * blocks);
  }
  const vectors = Math.floor(width / 4);
  const some = (count: number): void => {
    const offsets = offsetsOf(count, 4 * width);
    f.times(vectors, () => {
      visit(offsets, 4);
      move([...whole, ...along], 16);
    });
    if (width % 4 > 0) visit(offsets, width % 4);
    move(whole, 4 * count * width - 16 * vectors);
    move(along, -16 * vectors);
  };
  const together = rowsTogether(folding, whole.length);
  f.times(Math.floor(rows / together), () => some(together));
  if (rows % together > 0) some(rows % together);
  move(whole, -4 * rows * width);
}
