import { sizeOf, type Axes, type Kernel, type Normalization, type Shape } from "@convlens/backend";
import { int, load4, splat, type Local } from "../assembler/expression.ts";
import { f32x4, f64x2, i32, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { chunkRows, chunksIn, runChunks, type Chunked, type Places } from "./chunks.ts";
import { foldingOf, spreadingOf, stepsIn, type Folding, type Group } from "./folding.ts";
import { copied } from "./chain.ts";
import { runLoops } from "./loops.ts";
import { columnSums, flatSums, moments, normalizeSums, planeLength, type Statistic } from "./statistics.ts";

type Vector = Expression<"v128">;
type Address = Local<"i32">;

/** A statistic of a tensor. */
interface Work {
  readonly name: string;
  readonly statistic: Statistic;
  readonly folding: Folding;
  readonly epsilon: number;
  /** Whether a chunk is all there is to each result, and nothing is left to be joined. */
  readonly isDirect: boolean;
  /** Numbers that are found in a chunk. */
  readonly found: number;
}

function workOf(
  name: string,
  statistic: Statistic,
  shape: Shape,
  { axes, epsilon = 0 }: Axes & Partial<Normalization>,
): Work {
  const folding = foldingOf(shape, axes);
  const isDirect = folding.width === 1 && folding.count === folding.rows && chunksIn(folding) === 1;
  const found = isDirect ? 1 : statistic.planes * planeLength(folding);
  const key = `${name} ${JSON.stringify([folding.kept, epsilon])}`;
  return { name: key, statistic, folding, epsilon, isDirect, found };
}

/** √(variance + epsilon) */
const deviationOf = (f: FunctionWriter, { epsilon }: Work, variance: Vector): Vector =>
  f32x4.sqrt(f32x4.add(variance, f.constant4(epsilon)));

/** Writes: finds what a chunk has to say. */
function writeChunk(f: FunctionWriter, work: Work, rows: number, places: Places): void {
  const { statistic, folding, isDirect } = work;
  const { width, kept } = folding;
  const { planes } = statistic;
  if (width > 1) return statistic.find(f, columnSums(f, { folding, rows, planes }, places));
  const sums = flatSums(f, { folding, rows }, places);
  statistic.find(f, sums);
  const { spread, to } = places;
  const deviation = (): Vector => deviationOf(f, work, splat(spread[0]!, 4 * kept));
  const results = isDirect ? statistic.finish(f, sums.values, rows, deviation) : sums.values;
  results.forEach((result, i) => f.storeOne(to, result, 4 * i * (isDirect ? kept : 1)));
}

/** A loop over places that lie so many bytes apart. */
interface Walk {
  readonly count: number;
  readonly step: number;
}
/** Writes: visits each place, and leaves the address where it was. */
function writeWalk(f: FunctionWriter, at: Address, [walk, ...others]: readonly Walk[], visit: () => void): void {
  if (walk === undefined) return visit();
  f.times(walk.count, () => {
    writeWalk(f, at, others, visit);
    f.advance(at, walk.step);
  });
  f.advance(at, -walk.count * walk.step);
}

/** `(found, moments, y)`: joins what was found in all chunks. */
function joinCode(runtime: Runtime, work: Work): CompiledFunction {
  const { name, statistic, folding, found } = work;
  const { outer, rows, inner, count, kept } = folding;
  const length = chunkRows(folding);
  const [chunks, rest] = [Math.floor(rows / length), rows % length];
  const walksOf = (groups: readonly Group[], room: number): (Walk & { readonly isFolded: boolean })[] => {
    const steps = stepsIn(groups, () => true, room);
    return groups.map(({ size, isFolded }, i) => ({ count: size, step: 4 * steps[i]!, isFolded }));
  };
  const [outerWalks, innerWalks] = [walksOf(outer, chunksIn(folding) * found), walksOf(inner, 1)];
  const isFolded = (walk: { readonly isFolded: boolean }): boolean => walk.isFolded;
  const stays = [...outerWalks, ...innerWalks].filter((walk) => !walk.isFolded);
  // Two neighbours at a time, if what stays lies side by side.
  const neighbours = inner.at(-1)?.isFolded === false ? stays.pop()!.count : 1;
  const write = (f: FunctionWriter, from: Address, known: Address, y: Address): void => {
    const each = (visit: (planes: readonly Vector[], count: number) => void): void => {
      const some = (times: number, size: number, offset: number): void => {
        const at = f.keep("chunk", i32.add(from, int(offset)));
        const ofChunks = { count: times, step: 4 * found };
        writeWalk(f, at, [...outerWalks.filter(isFolded), ofChunks, ...innerWalks.filter(isFolded)], () => {
          const planes = Array.from({ length: statistic.planes }, (_, plane) =>
            f.keep("plane", f64x2.promote_low_f32x4(load4(at, 4 * plane * planeLength(folding)))),
          );
          visit(planes, size);
        });
      };
      if (chunks > 0) some(chunks, length, 0);
      if (rest > 0) some(1, rest, 4 * chunks * found);
    };
    const some = (numbers: number): void => {
      const results = statistic.join(f, each, count, () => deviationOf(f, work, load4(known, 4 * kept)));
      results.forEach((result, i) => {
        const rounded = f.keep("result", f32x4.demote_f64x2_zero(result));
        for (let lane = 0; lane < numbers; lane++) f.storeOne(y, rounded, 4 * (i * kept + lane), lane);
      });
      f.advance(known, 4 * numbers);
      f.advance(y, 4 * numbers);
    };
    writeWalk(f, from, stays, () => {
      f.times(Math.floor(neighbours / 2), () => {
        some(2);
        f.advance(from, 8);
      });
      if (neighbours % 2 > 0) some(1);
      f.advance(from, -8 * Math.floor(neighbours / 2));
    });
  };
  const shape = JSON.stringify([outer, rows, inner]);
  return runtime.code(`join ${name} ${shape}`, ["found", "moments", "y"], (f, from, known, y) =>
    write(f, from, known, y),
  );
}

/** `(whole, moments, y)`: a statistic of tensors of one shape, whose moments may be known. */
function runOf(
  runtime: Runtime,
  work: Work,
  tensors: { readonly whole: number; readonly spread: number },
): (whole: readonly number[], known: number, y: number) => void {
  const { name, folding, isDirect, found } = work;
  const chunked: Chunked = {
    key: name,
    folding,
    ...tensors,
    found,
    write: (f, rows, places) => writeChunk(f, work, rows, places),
  };
  const find = runChunks(runtime, chunked);
  const { length, loops } = spreadingOf(folding);
  const spread = loops === undefined || tensors.spread === 0 ? undefined : runLoops(runtime, "move", copied, loops);
  const total = Math.ceil((sizeOf(folding.outer.map(({ size }) => size)) * chunksIn(folding) * found) / 16) * 16;
  if (isDirect) return (whole, known, y) => find(whole, tensors.spread > 0 ? [known] : [], y);
  const join = joinCode(runtime, work);
  return (whole, known, y) => {
    const scratch = runtime.scratch(total + (spread === undefined ? 0 : length));
    const means = spread === undefined ? known : scratch + 4 * total;
    spread?.(known, means);
    find(whole, tensors.spread > 0 ? [means] : [], scratch);
    join.call(scratch, known, y);
  };
}

/** What is said of nothing. */
function nothing(runtime: Runtime, value: number, output: Shape): (inputs: readonly Block[], y: Block) => void {
  if (output.includes(0)) return () => undefined;
  const loops = [{ count: sizeOf(output), steps: [4] }];
  const fill = runLoops(runtime, `all ${value}`, (f) => f.constant4(value), loops);
  return (_, y) => fill(y.start);
}

/** Mean and variance, and the sums that the gradient of a normalisation is made of. */
export const momentsKernels = (
  runtime: Runtime,
): { readonly moments: Kernel<Block, Axes>; readonly normalizeSums: Kernel<Block, Normalization> } => ({
  moments: ({ inputs: [shape], output, attributes }) => {
    if (shape!.includes(0)) return nothing(runtime, NaN, output);
    const run = runOf(runtime, workOf("moments", moments, shape!, attributes), { whole: 1, spread: 0 });
    return ([x], y) => run([x!.start], 0, y.start);
  },
  normalizeSums: ({ inputs: [shape], output, attributes }) => {
    if (shape!.includes(0)) return nothing(runtime, 0, output);
    const run = runOf(runtime, workOf("normalizeSums", normalizeSums, shape!, attributes), { whole: 2, spread: 1 });
    return ([dy, x, known], y) => run([dy!.start, x!.start], known!.start, y.start);
  },
});
