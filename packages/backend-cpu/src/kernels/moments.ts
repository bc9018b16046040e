import { sizeOf, type Axes, type Normalization, type Shape } from "@convlens/backend";
import { load4, plus, splat, type Pointer } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { f32x4, f64x2, type Vector } from "../assembler/instructions.ts";
import { defineFunction } from "../defineFunction.ts";
import { after, NOWHERE, type Address } from "../heap.ts";
import type { Runtime, CpuKernels } from "../runtime.ts";
import { chunkRows, chunksIn, defineChunks, runChunks, type Chunk, type ChunkPlaces } from "./chunks.ts";
import { foldingOf, spreadingOf, stepsIn, type Folding, type Group } from "./folding.ts";
import { runLoops } from "./loops.ts";
import { move } from "./movement.ts";
import { fill } from "./reduce.ts";
import { columnSums, deviationOf, flatSums, planeLength, statistics } from "./statistics.ts";

/** A statistic of a tensor. */
interface Statistics {
  readonly name: keyof typeof statistics;
  readonly epsilon: number;
}

/** Whether each result depends on one chunk only, and nothing has to be joined. */
const isDirect = (folding: Folding): boolean =>
  folding.width === 1 && folding.count === folding.rows && chunksIn(folding) === 1;

const resultsOf = ({ name }: Statistics, folding: Folding): number =>
  isDirect(folding) ? 1 : statistics[name].planes * planeLength(folding);

/** Writes: computes the sums of a chunk. */
function writeChunk(f: FunctionWriter, { name, epsilon }: Statistics, chunk: Chunk, places: ChunkPlaces): void {
  const { folding, rows } = chunk;
  const { width, kept } = folding;
  const { planes, find, finish } = statistics[name];
  if (width > 1) return find(f, columnSums(f, chunk, planes, places));
  const sums = flatSums(f, chunk, places);
  find(f, sums);
  const { spread, to } = places;
  const deviation = (): Vector => deviationOf(f, epsilon, splat(spread[0]!, kept));
  const results = isDirect(folding) ? finish(f, { count: rows, deviation }, ...sums.values) : sums.values;
  results.forEach((result, i) => f.storeOne(to, result, i * (isDirect(folding) ? kept : 1)));
}

/** By the number of tensors: with two, the mean is given. */
const chunksOfStatistic = {
  moments: defineChunks({ name: "moments", whole: 1, spread: 0, resultsOf, write: writeChunk }),
  normalizeSums: defineChunks({ name: "normalizeSums", whole: 2, spread: 1, resultsOf, write: writeChunk }),
};

/** A loop over places that are `step` numbers apart. */
interface Walk {
  readonly count: number;
  readonly step: number;
}
/** Writes: visits each place, and leaves the address where it was. */
function writeWalk(f: FunctionWriter, at: Pointer, [walk, ...others]: readonly Walk[], visit: () => void): void {
  if (walk === undefined) return visit();
  f.times(walk.count, () => {
    writeWalk(f, at, others, visit);
    f.advance(at, walk.step);
  });
  f.advance(at, -walk.count * walk.step);
}

/** Walks over the groups of axes of the results of chunks. */
function walksOf(
  { outer, inner }: Folding,
  ofPlace: number,
): { folded: readonly [outer: Walk[], inner: Walk[]]; stays: Walk[] } {
  const walks = (groups: readonly Group[], width: number): (Walk & { readonly isFolded: boolean })[] => {
    const steps = stepsIn(groups, () => true, width);
    return groups.map(({ size, isFolded }, i) => ({ count: size, step: steps[i]!, isFolded }));
  };
  const [ofOuter, ofInner] = [walks(outer, ofPlace), walks(inner, 1)];
  return {
    folded: [ofOuter.filter(({ isFolded }) => isFolded), ofInner.filter(({ isFolded }) => isFolded)],
    stays: [...ofOuter, ...ofInner].filter(({ isFolded }) => !isFolded),
  };
}

/** Joins the sums of all chunks. */
const joinFunction = defineFunction({
  name: "join statistics",
  write: (f, { name, epsilon, folding }: Statistics & { readonly folding: Folding }, from, known, y) => {
    const { planes, join } = statistics[name];
    const { rows, inner, count, kept } = folding;
    const length = chunkRows(folding);
    const found = planes * planeLength(folding);
    const [chunks, rest] = [Math.floor(rows / length), rows % length];
    const { folded, stays } = walksOf(folding, chunksIn(folding) * found);
    // Two neighbours at a time, if the last group is kept.
    const neighbours = inner.at(-1)?.isFolded === false ? stays.pop()!.count : 1;
    const each = (visit: (count: number, ...planes: Vector[]) => void): void => {
      const some = (times: number, size: number, offset: number): void => {
        const at = f.keep(plus(from, offset));
        writeWalk(f, at, [...folded[0], { count: times, step: found }, ...folded[1]], () => {
          const values = Array.from({ length: planes }, (_, plane) =>
            f.keep(f64x2.promote_low_f32x4(load4(at, plane * planeLength(folding)))),
          );
          visit(size, ...values);
        });
      };
      if (chunks > 0) some(chunks, length, 0);
      if (rest > 0) some(1, rest, chunks * found);
    };
    const some = (numbers: number): void => {
      const results = join(f, each, { count, deviation: () => deviationOf(f, epsilon, load4(known, kept)) });
      results.forEach((result, i) => {
        const rounded = f.keep(f32x4.demote_f64x2_zero(result));
        for (let lane = 0; lane < numbers; lane++) f.storeOne(y, rounded, i * kept + lane, lane);
      });
      f.advance(known, numbers);
      f.advance(y, numbers);
    };
    writeWalk(f, from, stays, () => {
      f.times(Math.floor(neighbours / 2), () => {
        some(2);
        f.advance(from, 2);
      });
      if (neighbours % 2 > 0) some(1);
      f.advance(from, -2 * Math.floor(neighbours / 2));
    });
  },
});

/** Prepares a statistic of tensors of one shape, given their moments or not. */
function runOf(
  runtime: Runtime,
  name: keyof typeof statistics,
  shape: Shape,
  { axes, epsilon = 0 }: Axes & Partial<Normalization>,
): (tensors: readonly Address[], moments: Address | undefined, y: Address) => void {
  const folding = foldingOf(shape, axes);
  const parameters = { name, epsilon };
  const find = runChunks(runtime, chunksOfStatistic[name], { parameters, folding });
  if (isDirect(folding)) return (tensors, moments, y) => find(tensors, moments === undefined ? [] : [moments], y);
  const { length, loops } = spreadingOf(folding);
  const spread = loops === undefined || name === "moments" ? undefined : runLoops(runtime, move, {}, loops);
  const places = sizeOf(folding.outer.map(({ size }) => size)) * chunksIn(folding);
  const total = Math.ceil((places * resultsOf(parameters, folding)) / 16) * 16;
  const join = runtime.compile(joinFunction, { ...parameters, folding });
  return (tensors, moments, y) => {
    const scratch = runtime.scratch(total + (spread === undefined ? 0 : length));
    const means = spread === undefined ? moments : after(scratch, total);
    if (spread !== undefined) spread(moments!, means!);
    find(tensors, means === undefined ? [] : [means], scratch);
    join.call(scratch, moments ?? NOWHERE, y);
  };
}

/** Mean and variance, and the sums that the gradient of a normalization consists of. */
export const momentsKernels = (runtime: Runtime): CpuKernels<"moments" | "normalizeSums"> => ({
  moments: ({ inputs: [shape], output, attributes }) => {
    if (shape.includes(0)) return fill(runtime, NaN, output);
    const run = runOf(runtime, "moments", shape, attributes);
    return ([x], y) => run([x.start], undefined, y.start);
  },
  normalizeSums: ({ inputs: [shape], output, attributes }) => {
    if (shape.includes(0)) return fill(runtime, 0, output);
    const run = runOf(runtime, "normalizeSums", shape, attributes);
    return ([dy, x, moments], y) => run([dy.start, x.start], moments.start, y.start);
  },
});
