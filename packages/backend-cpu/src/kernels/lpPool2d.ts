import { poolInputShape, poolOutputShape, sizeOf } from "@convlens/backend";
import { zero4 } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { f32x4, v128, type Vector } from "../assembler/instructions.ts";
import { after } from "../heap.ts";
import type { Runtime, CpuKernel, CpuKernels } from "../runtime.ts";
import { furtherFunctions } from "./furtherFunctions.ts";
import { defineElementwise, runLoops, type Loops } from "./loops.ts";
import { definePool, poolRun, pools } from "./pool2d.ts";

/** The norm of a pooling. */
interface Norm {
  readonly p: number;
}

const isZero = (f: FunctionWriter, x: Vector): Vector => f32x4.eq(x, f.constant(zero4));

/** −1, 0 or 1, and NaN for NaN. */
function signOf(f: FunctionWriter, x: Vector): Vector {
  const [one, zero] = [f.constant4(1), f.constant(zero4)];
  const oneWhere = (mask: Vector): Vector => v128.and(mask, one);
  return v128.or(f32x4.sub(oneWhere(f32x4.gt(x, zero)), oneWhere(f32x4.gt(zero, x))), f32x4.ne(x, x));
}

/** Norms whose powers are a few products. */
const PLAIN = new Set([1, 2, 3, 4]);
/** xᵖ for x ≥ 0. */
function powerOf(f: FunctionWriter, x: Vector, p: number): Vector {
  if (!Number.isInteger(p) || p > 4) return furtherFunctions.power(f, x, f.constant4(p));
  return p === 0 ? f.constant4(1) : Array.from({ length: p }, () => x).reduce(f32x4.mul);
}
/** x^(1/p) */
function rootOf(f: FunctionWriter, x: Vector, p: number): Vector {
  if (p === 1) return x;
  return p === 2 ? f32x4.sqrt(x) : furtherFunctions.power(f, x, f.constant4(1 / p));
}
/** dy / y^(p − 1), or 0 if y is 0. */
const shareOf = (f: FunctionWriter, dy: Vector, y: Vector, p: number): Vector =>
  v128.andnot(p === 1 ? dy : f32x4.div(dy, powerOf(f, y, p - 1)), isZero(f, y));
/** sign(x) · |x|^(p − 1) */
function factorOf(f: FunctionWriter, x: Vector, p: number): Vector {
  if (p === 1) return signOf(f, x);
  const size = f.keep(f32x4.abs(x));
  if (p === 2) return x;
  if (PLAIN.has(p)) return f32x4.mul(x, powerOf(f, size, p - 2));
  return f32x4.mul(signOf(f, x), powerOf(f, size, p - 1));
}

const forward = definePool({
  name: "lpPool2d",
  inputs: 1,
  body: (f, { load, store, taps }, { p }: Norm, x, y) => {
    const sum = f.keep(zero4);
    for (const tap of taps) {
      const size = f.keep(f32x4.abs(load(x, tap)));
      f.set(sum, f32x4.add(sum, powerOf(f, size, p)));
    }
    store(y, rootOf(f, sum, p));
  },
});
/** Adds factor · share to all elements under each window. */
const spreadProducts = definePool({
  name: "spreadProducts",
  inputs: 2,
  body: (f, { load, store, taps }, _: object, factor, dx, share) => {
    const own = f.keep(load(share));
    for (const tap of taps) {
      const part = f32x4.mul(load(factor, tap), own);
      store(dx, f32x4.add(load(dx, tap), part), tap);
    }
  },
});
const backward = definePool({
  name: "lpPool2dGradient",
  inputs: 2,
  body: (f, { load, store, taps }, { p }: Norm, x, dx, dy, y) => {
    const length = f.keep(load(y));
    const share = f.keep(shareOf(f, load(dy), length, p));
    for (const tap of taps) {
      const part = f32x4.mul(factorOf(f, f.keep(load(x, tap)), p), share);
      store(dx, f32x4.add(load(dx, tap), part), tap);
    }
  },
});

const powers = defineElementwise<Norm>("lpPool2d power", (f, { p }, x) => powerOf(f, f.keep(f32x4.abs(x)), p));
const roots = defineElementwise<Norm>("lpPool2d root", (f, { p }, x) => rootOf(f, x, p));
const shares = defineElementwise<Norm>("lpPool2d share", (f, { p }, dy, y) => shareOf(f, dy, y, p));
const factors = defineElementwise<Norm>("lpPool2d factor", (f, { p }, x) => factorOf(f, x, p));

/** Elements side by side. */
const row = (count: number, inputs: number): Loops => [{ count, steps: Array.from({ length: inputs + 1 }, () => 1) }];

/** General powers take many instructions, so they are computed once for each element. */
const lpPool2d =
  (runtime: Runtime): CpuKernel<"lpPool2d"> =>
  ({ attributes: { geometry, p } }) => {
    if (PLAIN.has(p)) {
      const run = poolRun(runtime, forward, { p }, geometry);
      return ([x], y) => run(x.start, y.start);
    }
    const length = sizeOf(poolInputShape(geometry));
    const power = runLoops(runtime, powers, { p }, row(length, 1));
    const sum = poolRun(runtime, pools.sumPool2d, {}, geometry);
    const root = runLoops(runtime, roots, { p }, row(sizeOf(poolOutputShape(geometry)), 1));
    return ([x], y) => {
      const scratch = runtime.scratch(length);
      power(x.start, scratch);
      sum(scratch, y.start);
      root(y.start, y.start);
    };
  };

const lpPool2dGradient =
  (runtime: Runtime): CpuKernel<"lpPool2dGradient"> =>
  ({ attributes: { geometry, p } }) => {
    if (PLAIN.has(p)) {
      const run = poolRun(runtime, backward, { p }, geometry);
      return ([dy, x, y], dx) => {
        runtime.clear(dx.start, dx.length);
        run(x.start, dx.start, dy.start, y.start);
      };
    }
    const [length, result] = [sizeOf(poolInputShape(geometry)), sizeOf(poolOutputShape(geometry))];
    const share = runLoops(runtime, shares, { p }, row(result, 2));
    const factor = runLoops(runtime, factors, { p }, row(length, 1));
    const spread = poolRun(runtime, spreadProducts, {}, geometry);
    return ([dy, x, y], dx) => {
      const ofInput = runtime.scratch(length + result);
      const ofOutput = after(ofInput, length);
      factor(x.start, ofInput);
      share(dy.start, y.start, ofOutput);
      runtime.clear(dx.start, dx.length);
      spread(ofInput, dx.start, ofOutput);
    };
  };

/** Pooling by a norm, and its gradient. */
export const lpPool2dKernels = (runtime: Runtime): CpuKernels<"lpPool2d" | "lpPool2dGradient"> => ({
  lpPool2d: lpPool2d(runtime),
  lpPool2dGradient: lpPool2dGradient(runtime),
});
