import { poolInputShape, poolOutputShape, sizeOf, type Kernel, type LpPooling } from "@convlens/backend";
import { zero4 } from "../assembler/expression.ts";
import { f32x4, v128, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { Runtime } from "../runtime.ts";
import { functions } from "./functions.ts";
import type { Pointwise } from "./chain.ts";
import { runLoops } from "./loops.ts";
import { poolRun, pools, type Pool } from "./pool2d.ts";

type Vector = Expression<"v128">;

const isZero = (f: FunctionWriter, x: Vector): Vector => f32x4.eq(x, f.constant(zero4));

/** −1, 0 or 1; what is no number stays so. */
function signOf(f: FunctionWriter, x: Vector): Vector {
  const [one, zero] = [f.constant4(1), f.constant(zero4)];
  const [above, below] = [f32x4.gt(x, zero), f32x4.gt(zero, x)].map((mask) => v128.and(mask, one));
  return v128.or(f32x4.sub(above!, below!), f32x4.ne(x, x));
}

/** Norms whose powers are a few products. */
const PLAIN = new Set([1, 2, 3, 4]);
/** xᵖ for x ≥ 0. */
function powerOf(f: FunctionWriter, x: Vector, p: number): Vector {
  if (!Number.isInteger(p) || p > 4) return functions.power(f, x, f.constant4(p));
  return p === 0 ? f.constant4(1) : Array.from({ length: p }, () => x).reduce(f32x4.mul);
}
/** x^(1/p) */
function rootOf(f: FunctionWriter, x: Vector, p: number): Vector {
  if (p === 1) return x;
  return p === 2 ? f32x4.sqrt(x) : functions.power(f, x, f.constant4(1 / p));
}
/** dy / y^(p − 1), or 0 where y is. */
const shareOf = (f: FunctionWriter, dy: Vector, y: Vector, p: number): Vector =>
  v128.andnot(p === 1 ? dy : f32x4.div(dy, powerOf(f, y, p - 1)), isZero(f, y));
/** sign(x) · |x|^(p − 1) */
function factorOf(f: FunctionWriter, x: Vector, p: number): Vector {
  if (p === 1) return signOf(f, x);
  const size = f.keep("size", f32x4.abs(x));
  return p === 2
    ? x
    : PLAIN.has(p)
      ? f32x4.mul(x, powerOf(f, size, p - 2))
      : f32x4.mul(signOf(f, x), powerOf(f, size, p - 1));
}

const forward = (p: number): Pool => ({
  inputs: ["x"],
  outputs: ["y"],
  body: (f, { load, store }, [x, y], taps) => {
    const sum = f.keep("sum", zero4);
    for (const tap of taps) {
      const size = f.keep("size", f32x4.abs(load(x!, tap)));
      f.set(sum, f32x4.add(sum, powerOf(f, size, p)));
    }
    store(y!, rootOf(f, sum, p));
  },
});
/** Adds factor · share to all under each window. */
const spreadProducts: Pool = {
  inputs: ["factor", "dx"],
  outputs: ["share"],
  body: (f, { load, store }, [factor, dx, share], taps) => {
    const own = f.keep("share", load(share!));
    for (const tap of taps) {
      const part = f32x4.mul(load(factor!, tap), own);
      store(dx!, f32x4.add(load(dx!, tap), part), tap);
    }
  },
};
const backward = (p: number): Pool => ({
  inputs: ["x", "dx"],
  outputs: ["dy", "y"],
  body: (f, { load, store }, [x, dx, dy, y], taps) => {
    const length = f.keep("y", load(y!));
    const share = f.keep("share", shareOf(f, load(dy!), length, p));
    for (const tap of taps) {
      const part = f32x4.mul(factorOf(f, f.keep("x", load(x!, tap)), p), share);
      store(dx!, f32x4.add(load(dx!, tap), part), tap);
    }
  },
});

/** Powers that are not plain take so many instructions that they are computed once for each number, before and after. */
const lpPool2d =
  (runtime: Runtime): Kernel<Block, LpPooling> =>
  ({ attributes: { geometry, p } }) => {
    if (PLAIN.has(p)) {
      const run = poolRun(runtime, `lpPool2d ${p}`, forward(p), geometry);
      return ([x], y) => run(x!.start, y.start);
    }
    const [length, result] = [sizeOf(poolInputShape(geometry)), sizeOf(poolOutputShape(geometry))];
    const powers = each(runtime, `|x| to the power of ${p}`, { inputs: 1, count: length }, (f, x) =>
      powerOf(f, f.keep("size", f32x4.abs(x)), p),
    );
    const sum = poolRun(runtime, "sumPool2d", pools.sumPool2d, geometry);
    const roots = each(runtime, `root ${p}`, { inputs: 1, count: result }, (f, x) => rootOf(f, x, p));
    return ([x], y) => {
      const scratch = runtime.scratch(length);
      powers(x!.start, scratch);
      sum(scratch, y.start);
      roots(y.start, y.start);
    };
  };

const lpPool2dGradient =
  (runtime: Runtime): Kernel<Block, LpPooling> =>
  ({ attributes: { geometry, p } }) => {
    if (PLAIN.has(p)) {
      const run = poolRun(runtime, `lpPool2dGradient ${p}`, backward(p), geometry);
      return ([dy, x, y], dx) => {
        runtime.clear(dx.start, dx.length);
        run(x!.start, dx.start, dy!.start, y!.start);
      };
    }
    const [length, result] = [sizeOf(poolInputShape(geometry)), sizeOf(poolOutputShape(geometry))];
    const shares = each(runtime, `share ${p}`, { inputs: 2, count: result }, (f, dy, y) => shareOf(f, dy, y, p));
    const factors = each(runtime, `factor ${p}`, { inputs: 1, count: length }, (f, x) => factorOf(f, x, p));
    const spread = poolRun(runtime, "spreadProducts", spreadProducts, geometry);
    return ([dy, x, y], dx) => {
      const factor = runtime.scratch(length + result);
      const share = factor + 4 * length;
      factors(x!.start, factor);
      shares(dy!.start, y!.start, share);
      runtime.clear(dx.start, dx.length);
      spread(factor, dx.start, share);
    };
  };

/** Number by number: `(…inputs, output)`. */
function each(
  runtime: Runtime,
  name: string,
  { inputs, count }: { readonly inputs: number; readonly count: number },
  formula: Pointwise,
): (...addresses: number[]) => void {
  return runLoops(runtime, name, formula, [{ count, steps: Array.from({ length: inputs + 1 }, () => 4) }]);
}

/** The length of what is under each window, in some norm. */
export const lpPool2dKernels = (
  runtime: Runtime,
): Readonly<Record<"lpPool2d" | "lpPool2dGradient", Kernel<Block, LpPooling>>> => ({
  lpPool2d: lpPool2d(runtime),
  lpPool2dGradient: lpPool2dGradient(runtime),
});
