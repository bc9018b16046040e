import type { Kernel, Pool2dGeometry, Pooling, Sliding } from "@convlens/backend";
import { int, load4, loadOne, zero4, type Local } from "../assembler/expression.ts";
import { f32x4, i32, v128, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";

type Vector = Expression<"v128">;
/** How numbers are read and written: four channels at a time, or the one that is left over. */
interface Access {
  readonly load: (address: Local<"i32">, offset?: number) => Vector;
  readonly store: (address: Local<"i32">, value: Vector, offset?: number) => void;
}

/** What a kind of pooling does with one window: `taps` are the offsets of its numbers, which no other sees if they are apart. */
type Body = (
  f: FunctionWriter,
  access: Access,
  parameters: readonly Local<"i32">[],
  taps: readonly number[],
  isApart: boolean,
) => void;

/** The largest under a window; WebAssembly's maximum gives NaN where there is one. */
function largest(f: FunctionWriter, [first, ...others]: readonly Vector[]): Local<"v128"> {
  const best = f.local("v128", "best");
  f.set(best, first!);
  for (const other of others) f.set(best, f32x4.max(best, other));
  return best;
}

/** Visits each number of a window with all bits set where it is the winner: the first that is the largest, or that is no number. */
export function eachWinner(
  f: FunctionWriter,
  window: readonly Vector[],
  visit: (tap: number, wins: Vector, largest: Local<"v128">) => void,
): void {
  const best = largest(f, window);
  const [taken, here] = [f.local("v128", "taken"), f.local("v128", "here")];
  f.set(taken, zero4);
  window.forEach((value, tap) => {
    f.set(here, value);
    f.set(here, v128.or(f32x4.eq(here, best), f32x4.ne(here, here)));
    visit(tap, v128.andnot(here, taken), best);
    f.set(taken, v128.or(taken, here));
  });
}
/** What the taps of a window hold. */
const windowOf = ({ load }: Access, x: Local<"i32">, taps: readonly number[]): Vector[] =>
  taps.map((tap) => load(x, tap));

type Kind = "maxPool2d" | "maxPool2dGradient" | "maxPool2dSelect" | "sumPool2d" | "sumPool2dGradient";
/** The parameters on the side of the input, those on the side of the output, and what is done with one window. */
export interface Pool {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly body: Body;
}

export const pools: Readonly<Record<Kind, Pool>> = {
  maxPool2d: {
    inputs: ["x"],
    outputs: ["y"],
    body: (f, access, [x, y], taps) => access.store(y!, largest(f, windowOf(access, x!, taps))),
  },
  maxPool2dGradient: {
    inputs: ["x", "dx"],
    outputs: ["dy"],
    body: (f, access, [x, dx, dy], taps, isApart) => {
      const slope = f.keep("dy", access.load(dy!));
      eachWinner(f, windowOf(access, x!, taps), (k, wins) => {
        const [won, tap] = [v128.and(wins, slope), taps[k]!];
        access.store(dx!, isApart ? won : f32x4.add(access.load(dx!, tap), won), tap);
      });
    },
  },
  maxPool2dSelect: {
    inputs: ["x", "v"],
    outputs: ["y"],
    body: (f, access, [x, v, y], taps) => {
      const chosen = f.local("v128", "chosen");
      f.set(chosen, zero4);
      eachWinner(f, windowOf(access, x!, taps), (k, wins) =>
        f.set(chosen, v128.or(chosen, v128.and(wins, access.load(v!, taps[k])))),
      );
      access.store(y!, chosen);
    },
  },
  sumPool2d: {
    inputs: ["x"],
    outputs: ["y"],
    body: (f, access, [x, y], taps) => {
      const sum = f.local("v128", "sum");
      f.set(sum, access.load(x!, taps[0]));
      for (const tap of taps.slice(1)) f.set(sum, f32x4.add(sum, access.load(x!, tap)));
      access.store(y!, sum);
    },
  },
  sumPool2dGradient: {
    inputs: ["dx"],
    outputs: ["dy"],
    body: (f, access, [dx, dy], taps, isApart) => {
      const slope = f.keep("dy", access.load(dy!));
      for (const tap of taps) access.store(dx!, isApart ? slope : f32x4.add(access.load(dx!, tap), slope), tap);
    },
  },
};

/** Positions of a window that see the same taps, as at the border fewer than inside. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  readonly firstTap: number;
  readonly taps: number;
}

/** The positions along one axis, those that see the same taps together. */
function stretchesOf({ input, window, output, stride, dilation, before }: Sliding): Stretch[] {
  const found: Stretch[] = [];
  for (let o = 0; o < output; o++) {
    const inside = Array.from({ length: window }, (_, tap) => tap).filter((tap) => {
      const at = o * stride - before + tap * dilation;
      return at >= 0 && at < input;
    });
    const [firstTap, taps] = [inside[0]!, inside.length];
    const last = found.at(-1);
    if (last?.firstTap === firstTap && last.taps === taps) found.splice(-1, 1, { ...last, count: last.count + 1 });
    else found.push({ from: o, count: 1, firstTap, taps });
  }
  return found;
}

/** Whether no two windows see the same number … */
const isApart = ({ stride, window, dilation }: Sliding): boolean => dilation === 1 && stride >= window;
/** … and each is seen by one. */
const isCovered = (s: Sliding): boolean =>
  isApart(s) && s.stride === s.window && s.before === 0 && s.output * s.stride >= s.input;

/** The windows of one image. */
function poolCode(
  runtime: Runtime,
  name: string,
  { inputs, outputs, body }: Pool,
  { height: h, width: w, channels }: Pool2dGeometry,
): CompiledFunction {
  const key = `${name} ${JSON.stringify([h, w, channels])}`;
  const work = 4 * h.output * w.output * h.window * w.window * channels;
  const write = (f: FunctionWriter, ...parameters: Local<"i32">[]): void => {
    const pixel = 4 * channels;
    const row = pixel * w.input;
    const at = parameters.map(() => f.local("i32", "at"));
    /** Neighbouring windows that see the same taps. */
    const windows = (count: number, stride: number, taps: readonly number[]): void => {
      const some = (numbers: number, access: Access): void => {
        body(f, access, at, taps, [h, w].every(isApart));
        at.forEach((each) => f.advance(each, 4 * numbers));
      };
      f.times(count, () => {
        f.times(Math.floor(channels / 4), () => some(4, { load: load4, store: (...it) => f.store4(...it) }));
        f.times(channels % 4, () => some(1, { load: loadOne, store: (...it) => f.storeOne(...it) }));
        for (const input of at.slice(0, inputs.length)) f.advance(input, stride - pixel);
      });
    };
    for (const rows of stretchesOf(h)) {
      const start = (rows.from * h.stride - h.before + rows.firstTap * h.dilation) * row;
      f.times(rows.count, () => {
        for (const { from, count, firstTap, taps } of stretchesOf(w)) {
          const offsets = Array.from(
            { length: rows.taps * taps },
            (_, tap) => Math.floor(tap / taps) * h.dilation * row + (tap % taps) * w.dilation * pixel,
          );
          const x = start + (from * w.stride - w.before + firstTap * w.dilation) * pixel;
          const y = (rows.from * w.output + from) * pixel;
          parameters.forEach((each, i) => f.set(at[i]!, i32.add(each, int(i < inputs.length ? x : y))));
          windows(count, w.stride * pixel, offsets);
        }
        parameters.forEach((each, i) => f.advance(each, i < inputs.length ? h.stride * row : w.output * pixel));
      });
      parameters.forEach((each, i) =>
        f.advance(each, -rows.count * (i < inputs.length ? h.stride * row : w.output * pixel)),
      );
    }
  };
  return runtime.code(key, [...inputs, ...outputs], write, work);
}

/** The windows of all images: from addresses on the side of the input, and then of the output. */
export function poolRun(
  runtime: Runtime,
  name: string,
  pool: Pool,
  g: Pool2dGeometry,
): (...addresses: number[]) => void {
  const code = poolCode(runtime, name, pool, g);
  const image = 4 * g.height.input * g.width.input * g.channels;
  const result = 4 * g.height.output * g.width.output * g.channels;
  return (...addresses) =>
    code.callMany(
      g.batch,
      ...addresses.map((address, i) => [address, i < pool.inputs.length ? image : result] as const),
    );
}

/** The kernel of one kind; `order` puts inputs and output of the operation in the order of its parameters. */
const kernelOf =
  (
    runtime: Runtime,
    kind: Kind,
    adds: boolean,
    order: (inputs: readonly Block[], output: Block) => { readonly inputs: readonly Block[]; readonly output: Block },
  ): Kernel<Block, Pooling> =>
  ({ attributes: { geometry: g } }) => {
    const run = poolRun(runtime, kind, pools[kind], g);
    return (from, to) => {
      if (adds && ![g.height, g.width].every(isCovered)) runtime.clear(to.start, to.length);
      const { inputs, output } = order(from, to);
      run(...inputs.map(({ start }) => start), output.start);
    };
  };

/** Many neighbouring numbers of a channel in, one out; channels side by side in the lanes. */
export const pool2dKernels = (runtime: Runtime): Record<Kind, Kernel<Block, Pooling>> => ({
  maxPool2d: kernelOf(runtime, "maxPool2d", false, ([x], y) => ({ inputs: [x!], output: y })),
  maxPool2dGradient: kernelOf(runtime, "maxPool2dGradient", true, ([dy, x], dx) => ({ inputs: [x!, dx], output: dy! })),
  maxPool2dSelect: kernelOf(runtime, "maxPool2dSelect", false, ([v, x], y) => ({ inputs: [x!, v!], output: y })),
  sumPool2d: kernelOf(runtime, "sumPool2d", false, ([x], y) => ({ inputs: [x!], output: y })),
  sumPool2dGradient: kernelOf(runtime, "sumPool2dGradient", true, ([dy], dx) => ({ inputs: [dx], output: dy! })),
});
