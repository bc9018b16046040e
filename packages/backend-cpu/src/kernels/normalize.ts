import { broadcastSteps, stepsOf, type Normalization, type Shape } from "@convlens/backend";
import { load4, splat, type Local } from "../assembler/expression.ts";
import { f32x4, type Vector } from "../assembler/instructions.ts";
import { after, NOWHERE, type Address, type Block } from "../heap.ts";
import type { Runtime, CpuKernel, CpuKernels } from "../runtime.ts";
import { defineChunks, runChunks, writeSweep, type ChunkWork } from "./chunks.ts";
import { foldingOf, spreadingOf, type Folding } from "./folding.ts";
import { defineElementwise, loopsOf, runLoops, type Elementwise } from "./loops.ts";
import { move } from "./movement.ts";
import { deviationOf } from "./statistics.ts";

// Values that are the same for all numbers reduced together (means, factors) are computed once for each kept number. Then they are
// repeated so that four neighbours are a vector, whatever the axes are; the rest is one pass.

/** A call of an operation over axes, and what its kernels have in common. */
function settingOf(runtime: Runtime, shape: Shape, { axes }: Normalization) {
  const folding = foldingOf(shape, axes);
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const { length, loops } = spreadingOf(folding);
  const spread = loops === undefined ? undefined : runLoops(runtime, move, {}, loops);
  return {
    folding,
    kept,
    /** Numbers of one value for each kept number, repeated or not. */
    room: Math.ceil(length / 16) * 16,
    /** Prepares one value for each kept number, from tensors that broadcast to their shape. */
    perKept: <P>(operation: Elementwise<P>, parameters: P, inputs: readonly Shape[]) => {
      const strides = [...inputs.map((input) => broadcastSteps(input, kept)), stepsOf(kept)];
      return runLoops(runtime, operation, parameters, loopsOf(kept, strides));
    },
    /** Repeats such values at `to`, if they have to be; returns their address. */
    spread: (from: Address, to: Address): Address => {
      if (spread === undefined) return from;
      spread(from, to);
      return to;
    },
  };
}

/** A parameter of a normalization, and the share of one number in a mean. */
interface Share {
  readonly epsilon: number;
  readonly share: number;
}
const factors = defineElementwise<number>("scale / deviation", (f, epsilon, scale, variance) =>
  f32x4.div(scale, deviationOf(f, epsilon, variance)),
);
const means = defineElementwise<number>("mean", (f, share, sum) => f32x4.mul(sum, f.constant4(share)));
const pulls = defineElementwise<Share>("pull", (f, { epsilon, share }, sum, variance) =>
  f32x4.div(f32x4.mul(sum, f.constant4(share)), deviationOf(f, epsilon, variance)),
);

/** Defines a pass over tensors: the last of `whole` receives the result of the formula of the others and of values for rows. */
function definePass(
  name: string,
  { whole, spread }: { readonly whole: number; readonly spread: number },
  formula: (...known: Local<"v128">[]) => (...x: Vector[]) => Vector,
): ChunkWork<object> {
  return defineChunks<object>({
    name,
    whole,
    spread,
    resultsOf: () => 0,
    write: (f, _, chunk, places) => {
      const from = places.whole.slice(0, -1);
      const to = places.whole.at(-1)!;
      const known = places.spread.map(() => f.local("v128"));
      const load = chunk.folding.width === 1 ? splat : load4;
      writeSweep(f, chunk, places.whole, places.spread, (offsets, lanes) => {
        known.forEach((each, i) => f.set(each, load(places.spread[i]!)));
        for (const offset of offsets)
          f.storeLanes(to, formula(...known)(...from.map((x) => load4(x, offset))), offset, lanes);
      });
    },
  });
}
/** (x − mean) · factor + shift */
const normalizePass = definePass(
  "normalize",
  { whole: 2, spread: 3 },
  (mean, factor, shift) => (x) => f32x4.add(f32x4.mul(f32x4.sub(x, mean), factor), shift),
);
/** factor · (dy − slope − (x − mean) · pull) */
const gradientPass = definePass(
  "normalizeGradient",
  { whole: 3, spread: 4 },
  (mean, factor, slope, pull) => (dy, x) =>
    f32x4.mul(factor, f32x4.sub(f32x4.sub(dy, slope), f32x4.mul(f32x4.sub(x, mean), pull))),
);

/** Mean and variance of each kept number, one behind the other. */
const halvesOf = (moments: Block, { kept }: Folding): [Address, Address] => [moments.start, after(moments.start, kept)];

/** (x − mean) · scale / √(variance + epsilon) + shift */
const normalize =
  (runtime: Runtime): CpuKernel<"normalize"> =>
  ({ inputs, output, attributes }) => {
    const [shape, , scale, shift] = inputs;
    if (output.includes(0)) return () => undefined;
    const { folding, kept, room, perKept, spread } = settingOf(runtime, shape, attributes);
    const factor = perKept(factors, attributes.epsilon, [scale, kept]);
    const copyShift = perKept(move, {}, [shift]);
    const pass = runChunks(runtime, normalizePass, { parameters: {}, folding });
    return ([x, moments, a, b], y) => {
      const [mean, variance] = halvesOf(moments, folding);
      const scratch = runtime.scratch(5 * room);
      const place = (i: number): Address => after(scratch, i * room);
      factor(a.start, variance, place(0));
      copyShift(b.start, place(1));
      const known = [mean, place(0), place(1)].map((each, i) => spread(each, place(2 + i)));
      pass([x.start, y.start], known, NOWHERE);
    };
  };

/** scale / √(variance + epsilon) · (dy − Σ dy / n − x̂ · Σ dy·x̂ / n) */
const normalizeGradient =
  (runtime: Runtime): CpuKernel<"normalizeGradient"> =>
  ({ inputs, output, attributes }) => {
    const [shape, , , , scale] = inputs;
    if (output.includes(0)) return () => undefined;
    const { folding, kept, room, perKept, spread } = settingOf(runtime, shape, attributes);
    const { epsilon } = attributes;
    const share = 1 / folding.count;
    const factor = perKept(factors, epsilon, [scale, kept]);
    const meanOf = perKept(means, share, [kept]);
    const pull = perKept(pulls, { epsilon, share }, [kept, kept]);
    const pass = runChunks(runtime, gradientPass, { parameters: {}, folding });
    return ([dy, x, moments, sums, a], dx) => {
      const [mean, variance] = halvesOf(moments, folding);
      const [sum, product] = halvesOf(sums, folding);
      const scratch = runtime.scratch(7 * room);
      const place = (i: number): Address => after(scratch, i * room);
      factor(a.start, variance, place(0));
      meanOf(sum, place(1));
      pull(product, variance, place(2));
      const known = [mean, place(0), place(1), place(2)].map((each, i) => spread(each, place(3 + i)));
      pass([dy.start, x.start, dx.start], known, NOWHERE);
    };
  };

/** Normalization to mean 0 and variance 1, given the moments. */
export const normalizeKernels = (runtime: Runtime): CpuKernels<"normalize" | "normalizeGradient"> => ({
  normalize: normalize(runtime),
  normalizeGradient: normalizeGradient(runtime),
});
