import {
  meetings,
  type Inputs,
  type Operations,
  type Pool2dGeometry,
  type Poolings,
  type Sliding,
} from "@convlens/backend";
import { loadOf, loadOne, plus, zero4, type Local, type Pointer } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { f32x4, v128, type Vector } from "../assembler/instructions.ts";
import { strided } from "../callList.ts";
import { defineFunction, type FunctionDefinition } from "../defineFunction.ts";
import type { Address, Block } from "../heap.ts";
import type { Runtime, CpuKernel, CpuKernels } from "../runtime.ts";

/** A window of eight, four channels, or of one, at this place of the code. */
export interface Window {
  readonly load: (address: Pointer, offset?: number) => Vector;
  readonly store: (address: Pointer, value: Vector, offset?: number) => void;
  /** Offsets of the elements under the window. */
  readonly taps: readonly number[];
  /** Whether windows do not overlap. */
  readonly isApart: boolean;
}

/** The largest element of a window, or NaN if there is one. */
function largest(f: FunctionWriter, [first, ...others]: readonly Vector[]): Local<"v128"> {
  const best = f.local("v128");
  f.set(best, first!);
  for (const other of others) f.set(best, f32x4.max(best, other));
  return best;
}

/** Visits each element of a window with a mask whose bits are set where it wins: the first maximum or NaN. */
export function eachWinner(
  f: FunctionWriter,
  window: readonly Vector[],
  visit: (tap: number, wins: Vector, largest: Local<"v128">) => void,
): void {
  const best = largest(f, window);
  const [taken, here] = [f.local("v128"), f.local("v128")];
  f.set(taken, zero4);
  window.forEach((value, tap) => {
    f.set(here, value);
    f.set(here, v128.or(f32x4.eq(here, best), f32x4.ne(here, here)));
    visit(tap, v128.andnot(here, taken), best);
    f.set(taken, v128.or(taken, here));
  });
}
/** The elements of a window. */
const windowOf = ({ load, taps }: Window, x: Pointer): Vector[] => taps.map((tap) => load(x, tap));

type ImageSizes = Pick<Pool2dGeometry, "height" | "width" | "channels">;

/** A function that visits all windows of an image. */
export interface Pool<P> {
  readonly definition: FunctionDefinition<{ readonly parameters: P; readonly image: ImageSizes }>;
  /** Number of arguments of the input's size, which come first. */
  readonly inputs: number;
}

/** Defines a kind of pooling by what it does with one window. The first `inputs` addresses are in tensors of the input's size. */
export const definePool = <P>({
  name,
  inputs,
  body,
}: {
  readonly name: string;
  readonly inputs: number;
  readonly body: (f: FunctionWriter, window: Window, parameters: P, ...at: Pointer[]) => void;
}): Pool<P> => ({
  inputs,
  definition: defineFunction({
    name,
    arity: () => body.length - 3,
    write: (f, { parameters, image }, ...args) =>
      writePool(f, image, inputs, args, (window, at) => body(f, window, parameters, ...at)),
    work: ({ image: { height: h, width: w, channels } }) => 4 * h.output * w.output * h.window * w.window * channels,
  }),
});

type Kind = keyof Poolings;

export const pools: Readonly<Record<Kind, Pool<object>>> = {
  maxPool2d: definePool({
    name: "maxPool2d",
    inputs: 1,
    body: (f, window, _: object, x, y) => window.store(y, largest(f, windowOf(window, x))),
  }),
  maxPool2dGradient: definePool({
    name: "maxPool2dGradient",
    inputs: 2,
    body: (f, window, _: object, x, dx, dy) => {
      const { load, store, taps, isApart } = window;
      const gradient = f.keep(load(dy));
      eachWinner(f, windowOf(window, x), (k, wins) => {
        const [won, tap] = [v128.and(wins, gradient), taps[k]!];
        store(dx, isApart ? won : f32x4.add(load(dx, tap), won), tap);
      });
    },
  }),
  maxPool2dSelect: definePool({
    name: "maxPool2dSelect",
    inputs: 2,
    body: (f, window, _: object, x, v, y) => {
      const { load, store, taps } = window;
      const chosen = f.local("v128");
      f.set(chosen, zero4);
      eachWinner(f, windowOf(window, x), (k, wins) => f.set(chosen, v128.or(chosen, v128.and(wins, load(v, taps[k])))));
      store(y, chosen);
    },
  }),
  sumPool2d: definePool({
    name: "sumPool2d",
    inputs: 1,
    body: (f, { load, store, taps }, _: object, x, y) => {
      const sum = f.local("v128");
      f.set(sum, load(x, taps[0]));
      for (const tap of taps.slice(1)) f.set(sum, f32x4.add(sum, load(x, tap)));
      store(y, sum);
    },
  }),
  sumPool2dGradient: definePool({
    name: "sumPool2dGradient",
    inputs: 1,
    body: (f, { load, store, taps, isApart }, _: object, dx, dy) => {
      const gradient = f.keep(load(dy));
      for (const tap of taps) store(dx, isApart ? gradient : f32x4.add(load(dx, tap), gradient), tap);
    },
  }),
};

/** Neighbouring positions of a window that see the same taps: all of them inside, fewer at the border. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  readonly firstTap: number;
  readonly taps: number;
}

/** The positions along one axis as stretches. */
function stretchesOf(s: Sliding): Stretch[] {
  const found: Stretch[] = [];
  for (const [from, inside] of meetings(s).entries()) {
    const [firstTap, taps] = [inside[0]?.tap ?? 0, inside.length];
    const last = found.at(-1);
    if (last?.firstTap === firstTap && last.taps === taps) found.splice(-1, 1, { ...last, count: last.count + 1 });
    else found.push({ from, count: 1, firstTap, taps });
  }
  return found;
}

/** Whether no element is under two windows. */
const isApart = ({ stride, window, dilation }: Sliding): boolean => dilation === 1 && stride >= window;
/** Whether each element is under exactly one window. */
const isCovered = (s: Sliding): boolean =>
  isApart(s) && s.stride === s.window && s.before === 0 && s.output * s.stride >= s.input;

/** Writes: visits all windows of an image. The first `inputs` arguments are of the input's size, the others of the output's. */
function writePool(
  f: FunctionWriter,
  { height: h, width: w, channels }: ImageSizes,
  inputs: number,
  args: readonly Pointer[],
  body: (window: Window, at: readonly Pointer[]) => void,
): void {
  const row = channels * w.input;
  const at = args.map(() => f.local("i32"));
  const isInput = (i: number): boolean => i < inputs;
  /** Neighbouring windows that see the same taps. */
  const windows = (count: number, taps: readonly number[]): void => {
    const some = (numbers: number, access: Pick<Window, "load" | "store">): void => {
      body({ ...access, taps, isApart: [h, w].every(isApart) }, at);
      at.forEach((each) => f.advance(each, numbers));
    };
    f.times(count, () => {
      f.inLanes(channels - (channels % 4), (lanes) =>
        some(lanes, {
          load: loadOf(lanes),
          store: (address, value, offset = 0) => f.storeLanes(address, value, offset, lanes),
        }),
      );
      f.times(channels % 4, () => some(1, { load: loadOne, store: (...it) => f.storeOne(...it) }));
      for (const input of at.slice(0, inputs)) f.advance(input, (w.stride - 1) * channels);
    });
  };
  for (const rows of stretchesOf(h)) {
    const start = (rows.from * h.stride - h.before + rows.firstTap * h.dilation) * row;
    f.times(rows.count, () => {
      for (const { from, count, firstTap, taps } of stretchesOf(w)) {
        const offsets = Array.from(
          { length: rows.taps * taps },
          (_, tap) => Math.floor(tap / taps) * h.dilation * row + (tap % taps) * w.dilation * channels,
        );
        const x = start + (from * w.stride - w.before + firstTap * w.dilation) * channels;
        const y = (rows.from * w.output + from) * channels;
        args.forEach((each, i) => f.set(at[i]!, plus(each, isInput(i) ? x : y)));
        windows(count, offsets);
      }
      args.forEach((each, i) => f.advance(each, isInput(i) ? h.stride * row : w.output * channels));
    });
    args.forEach((each, i) => f.advance(each, -rows.count * (isInput(i) ? h.stride * row : w.output * channels)));
  }
}

/** Prepares a kind of pooling over all images. The addresses are those of the inputs, then those of the outputs. */
export function poolRun<P>(
  runtime: Runtime,
  { definition, inputs }: Pool<P>,
  parameters: P,
  { batch, height, width, channels }: Pool2dGeometry,
): (...addresses: Address[]) => void {
  const code = runtime.compile(definition, { parameters, image: { height, width, channels } });
  const image = height.input * width.input * channels;
  const result = height.output * width.output * channels;
  return (...addresses) =>
    code.callMany(batch, ...addresses.map((address, i) => strided(address, i < inputs ? image : result)));
}

/** The kernel of one kind; `order` puts inputs and output of the operation in the order of its arguments. */
const kernelOf =
  <K extends keyof Poolings>(
    runtime: Runtime,
    kind: K,
    order: (inputs: Inputs<Operations[K], Block>, output: Block) => readonly Block[],
  ): CpuKernel<K> =>
  ({ attributes: { geometry: g } }) => {
    const run = poolRun(runtime, pools[kind], {}, g);
    const mayLeaveGaps = kind.endsWith("Gradient") && ![g.height, g.width].every(isCovered);
    return (from, to) => {
      if (mayLeaveGaps) runtime.clear(to.start, to.length);
      run(...order(from, to).map(({ start }) => start));
    };
  };

/** Pooling and its gradients, with channels in the lanes. */
export const pool2dKernels = (runtime: Runtime): CpuKernels<keyof Poolings> => ({
  maxPool2d: kernelOf(runtime, "maxPool2d", ([x], y) => [x, y]),
  maxPool2dGradient: kernelOf(runtime, "maxPool2dGradient", ([dy, x], dx) => [x, dx, dy]),
  maxPool2dSelect: kernelOf(runtime, "maxPool2dSelect", ([v, x], y) => [x, v, y]),
  sumPool2d: kernelOf(runtime, "sumPool2d", ([x], y) => [x, y]),
  sumPool2dGradient: kernelOf(runtime, "sumPool2dGradient", ([dy], dx) => [dx, dy]),
});
