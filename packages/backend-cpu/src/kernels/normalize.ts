import { broadcastSteps, stepsOf, type Kernel, type Normalization, type Shape } from "@convlens/backend";
import { load4, splat, type Local } from "../assembler/expression.ts";
import { f32x4, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { Runtime } from "../runtime.ts";
import { runChunks, writeSweep } from "./chunks.ts";
import { foldingOf, spreadingOf, type Folding } from "./folding.ts";
import { copied, type Pointwise } from "./chain.ts";
import { loopsOf, runLoops } from "./loops.ts";

// What is the same for all numbers that were folded together (means, factors) is computed once, and then spread so that four
// neighbours are a vector, whatever the axes are; the rest is one pass.

type Vector = Expression<"v128">;
type Run = (...addresses: number[]) => void;

/** A call of an operation over axes, and what its kernels have in common. */
function settingOf(runtime: Runtime, shape: Shape, { axes, epsilon }: Normalization) {
  const folding = foldingOf(shape, axes);
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const { length, loops } = spreadingOf(folding);
  const spread = loops === undefined ? undefined : runLoops(runtime, "move", copied, loops);
  const room = Math.ceil(length / 16) * 16;
  return {
    folding,
    /** Numbers that one result for each that stays takes, spread or not. */
    room,
    /** Computes one number for each that stays, from others that broadcast to them. */
    perKept: (name: string, inputs: readonly Shape[], formula: Pointwise): Run =>
      runLoops(
        runtime,
        `${name} ${epsilon}`,
        formula,
        loopsOf(kept, [...inputs.map((input) => broadcastSteps(input, kept)), stepsOf(kept)]),
      ),
    kept,
    /** Where they are spread: at `to`, or where they are. */
    spread: (from: number, to: number): number => {
      if (spread === undefined) return from;
      spread(from, to);
      return to;
    },
    deviation: (f: FunctionWriter, variance: Vector): Vector => f32x4.sqrt(f32x4.add(variance, f.constant4(epsilon))),
  };
}

/** One pass: the last of `whole` gets what the formula makes of the others, and of what is known. */
function passOf(
  runtime: Runtime,
  name: string,
  folding: Folding,
  { whole, spread }: { readonly whole: number; readonly spread: number },
  formula: (known: readonly Local<"v128">[], ...x: Vector[]) => Vector,
): (whole: readonly number[], spread: readonly number[]) => void {
  const { width } = folding;
  const run = runChunks(runtime, {
    key: name,
    folding,
    whole,
    spread,
    found: 0,
    write: (f, rows, places) => {
      const from = places.whole.slice(0, -1);
      const to = places.whole.at(-1)!;
      const known = places.spread.map(() => f.local("v128", "known"));
      writeSweep(f, { folding, rows }, places.whole, places.spread, (offsets, lanes) => {
        known.forEach((each, i) => f.set(each, (width === 1 ? splat : load4)(places.spread[i]!)));
        for (const offset of offsets) {
          const value = formula(known, ...from.map((x) => load4(x, offset)));
          if (lanes === 4) f.store4(to, value, offset);
          else {
            const rest = f.keep("rest", value);
            for (let lane = 0; lane < lanes; lane++) f.storeOne(to, rest, offset + 4 * lane, lane);
          }
        }
      });
    },
  });
  return (...addresses) => run(...addresses, 0);
}

/** (x − mean) · scale / √(variance + epsilon) + shift */
const normalize =
  (runtime: Runtime): Kernel<Block, Normalization> =>
  ({ inputs, output, attributes }) => {
    const [shape, , scale, shift] = inputs as [Shape, Shape, Shape, Shape];
    if (output.includes(0)) return () => undefined;
    const { folding, kept, room, perKept, spread, deviation } = settingOf(runtime, shape, attributes);
    const factors = perKept("scale / deviation", [scale, kept], (f, a, variance) =>
      f32x4.div(a, deviation(f, variance)),
    );
    const shifts = perKept("move", [shift], copied);
    const pass = passOf(runtime, "normalize", folding, { whole: 2, spread: 3 }, ([mean, factor, added], x) =>
      f32x4.add(f32x4.mul(f32x4.sub(x, mean!), factor!), added!),
    );
    return ([x, moments, a, b], y) => {
      const [mean, variance] = [moments!.start, moments!.start + 4 * folding.kept];
      const scratch = runtime.scratch(5 * room);
      const place = (i: number): number => scratch + 4 * i * room;
      factors(a!.start, variance, place(0));
      shifts(b!.start, place(1));
      pass(
        [x!.start, y.start],
        [mean, place(0), place(1)].map((each, i) => spread(each, place(2 + i))),
      );
    };
  };

/** scale / √(variance + epsilon) · (dy − Σ dy / n − x̂ · Σ dy·x̂ / n) */
const normalizeGradient =
  (runtime: Runtime): Kernel<Block, Normalization> =>
  ({ inputs, output, attributes }) => {
    const [shape, , , , scale] = inputs as [Shape, Shape, Shape, Shape, Shape];
    if (output.includes(0)) return () => undefined;
    const { folding, kept, room, perKept, spread, deviation } = settingOf(runtime, shape, attributes);
    const share = 1 / folding.count;
    const factors = perKept("scale / deviation", [scale, kept], (f, a, variance) =>
      f32x4.div(a, deviation(f, variance)),
    );
    const means = perKept(`mean of ${folding.count}`, [kept], (f, sum) => f32x4.mul(sum, f.constant4(share)));
    const pulls = perKept(`pull of ${folding.count}`, [kept, kept], (f, sum, variance) =>
      f32x4.div(f32x4.mul(sum, f.constant4(share)), deviation(f, variance)),
    );
    const pass = passOf(
      runtime,
      "normalizeGradient",
      folding,
      { whole: 3, spread: 4 },
      ([mean, factor, slope, pull], dy, x) =>
        f32x4.mul(factor!, f32x4.sub(f32x4.sub(dy, slope!), f32x4.mul(f32x4.sub(x, mean!), pull!))),
    );
    return ([dy, x, moments, sums, a], dx) => {
      const [mean, variance] = [moments!.start, moments!.start + 4 * folding.kept];
      const [sum, product] = [sums!.start, sums!.start + 4 * folding.kept];
      const scratch = runtime.scratch(7 * room);
      const place = (i: number): number => scratch + 4 * i * room;
      factors(a!.start, variance, place(0));
      means(sum, place(1));
      pulls(product, variance, place(2));
      const known = [mean, place(0), place(1), place(2)];
      pass(
        [dy!.start, x!.start, dx.start],
        known.map((each, i) => spread(each, place(3 + i))),
      );
    };
  };

/** Numbers brought to mean 0 and variance 1, given their moments. */
export const normalizeKernels = (
  runtime: Runtime,
): Readonly<Record<"normalize" | "normalizeGradient", Kernel<Block, Normalization>>> => ({
  normalize: normalize(runtime),
  normalizeGradient: normalizeGradient(runtime),
});
