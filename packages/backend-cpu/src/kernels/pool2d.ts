import type { Kernel, Pool2dGeometry, Pooling, Sliding } from "@convlens/backend";
import {
  and4,
  andNot4,
  calculate4,
  compare4,
  differMask4,
  load4,
  loadOne,
  or4,
  zero4,
  type Expression,
  type Local,
} from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { ModuleWriter, type WasmFunction } from "../assembler/module.ts";
import type { Block, Heap } from "../heap.ts";

type Vector = Expression<"v128">;
/** How numbers are read and written: four channels at a time, or the one that is left over. */
interface Access {
  readonly load: (address: Local<"i32">, offset?: number) => Vector;
  readonly store: (address: Local<"i32">, value: Vector, offset?: number) => void;
}

/** What a kind of pooling does with one window: `taps` are the offsets of its numbers. */
type Body = (f: FunctionWriter, access: Access, parameters: readonly Local<"i32">[], taps: readonly number[]) => void;

/** The largest under a window; WebAssembly's maximum gives NaN where there is one. */
function largest(f: FunctionWriter, { load }: Access, x: Local<"i32">, taps: readonly number[]): Local<"v128"> {
  const best = f.local("v128", "best");
  f.set(best, load(x, taps[0]));
  for (const tap of taps.slice(1)) f.set(best, calculate4("max", best, load(x, tap)));
  return best;
}

/** Visits each tap with all bits set where it is the winner: the first that is the largest, or that is no number. */
function eachWinner(
  f: FunctionWriter,
  access: Access,
  x: Local<"i32">,
  taps: readonly number[],
  visit: (tap: number, wins: Vector) => void,
): void {
  const best = largest(f, access, x, taps);
  const [taken, here] = [f.local("v128", "taken"), f.local("v128", "here")];
  f.set(taken, zero4);
  for (const tap of taps) {
    f.set(here, access.load(x, tap));
    f.set(here, or4(compare4("eq", here, best), differMask4(here, here)));
    visit(tap, andNot4(here, taken));
    f.set(taken, or4(taken, here));
  }
}

type Kind = "maxPool2d" | "maxPool2dGradient" | "maxPool2dSelect" | "sumPool2d" | "sumPool2dGradient";
/** The parameters on the side of the input, those on the side of the output, and what is done with one window. */
interface Pool {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly body: Body;
}

const kinds: Readonly<Record<Kind, Pool>> = {
  maxPool2d: {
    inputs: ["x"],
    outputs: ["y"],
    body: (f, access, [x, y], taps) => access.store(y!, largest(f, access, x!, taps)),
  },
  maxPool2dGradient: {
    inputs: ["x", "dx"],
    outputs: ["dy"],
    body: (f, access, [x, dx, dy], taps) =>
      eachWinner(f, access, x!, taps, (tap, wins) =>
        access.store(dx!, calculate4("add", access.load(dx!, tap), and4(wins, access.load(dy!))), tap),
      ),
  },
  maxPool2dSelect: {
    inputs: ["x", "v"],
    outputs: ["y"],
    body: (f, access, [x, v, y], taps) => {
      const chosen = f.local("v128", "chosen");
      f.set(chosen, zero4);
      eachWinner(f, access, x!, taps, (tap, wins) => f.set(chosen, or4(chosen, and4(wins, access.load(v!, tap)))));
      access.store(y!, chosen);
    },
  },
  sumPool2d: {
    inputs: ["x"],
    outputs: ["y"],
    body: (f, access, [x, y], taps) => {
      const sum = f.local("v128", "sum");
      f.set(sum, access.load(x!, taps[0]));
      for (const tap of taps.slice(1)) f.set(sum, calculate4("add", sum, access.load(x!, tap)));
      access.store(y!, sum);
    },
  },
  sumPool2dGradient: {
    inputs: ["dx"],
    outputs: ["dy"],
    body: (_, access, [dx, dy], taps) => {
      for (const tap of taps) access.store(dx!, calculate4("add", access.load(dx!, tap), access.load(dy!)), tap);
    },
  },
};

/** Windows of equal extent, side by side. Steps are in bytes. */
interface Run {
  readonly count: number;
  readonly channels: number;
  readonly stride: number;
  readonly taps: readonly number[];
}

/** A function over such windows, for one kind of pooling. */
function runOf(heap: Heap, kind: Kind, run: Run): WasmFunction {
  const { inputs, outputs, body } = kinds[kind];
  const functions = heap.functions(`${kind} ${JSON.stringify(run)}`, () => {
    const module = new ModuleWriter();
    module.function("run", [...inputs, ...outputs], (f, ...parameters) => {
      const move = (bytes: number): void => parameters.forEach((each) => f.advance(each, bytes));
      f.times(run.count, () => {
        f.times(Math.floor(run.channels / 4), () => {
          body(
            f,
            { load: load4, store: (address, value, offset) => f.store4(address, value, offset) },
            parameters,
            run.taps,
          );
          move(16);
        });
        f.times(run.channels % 4, () => {
          body(
            f,
            { load: loadOne, store: (address, value, offset) => f.storeOne(address, value, offset) },
            parameters,
            run.taps,
          );
          move(4);
        });
        for (const input of parameters.slice(0, inputs.length)) f.advance(input, run.stride - 4 * run.channels);
      });
    });
    return module;
  });
  return functions["run"]!;
}

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

/** Where the windows of one image lie: for each run the bytes to its first input and output. */
function partsOf(
  heap: Heap,
  kind: Kind,
  { height: h, width: w, channels }: Pool2dGeometry,
): { readonly run: WasmFunction; readonly input: number; readonly output: number }[] {
  const pixel = 4 * channels;
  const row = pixel * w.input;
  const columns = stretchesOf(w);
  return stretchesOf(h).flatMap((rows) =>
    Array.from({ length: rows.count }, (_, i) => rows.from + i).flatMap((oy) =>
      columns.map(({ from: ox, count, firstTap, taps }) => {
        const offsets = Array.from(
          { length: rows.taps * taps },
          (_unused, tap) => Math.floor(tap / taps) * h.dilation * row + (tap % taps) * w.dilation * pixel,
        );
        const y = oy * h.stride - h.before + rows.firstTap * h.dilation;
        const x = ox * w.stride - w.before + firstTap * w.dilation;
        return {
          run: runOf(heap, kind, { count, channels, stride: w.stride * pixel, taps: offsets }),
          input: y * row + x * pixel,
          output: (oy * w.output + ox) * pixel,
        };
      }),
    ),
  );
}

/** The kernel of one kind; `order` puts inputs and output of the operation in the order of its parameters. */
const kernelOf =
  (
    heap: Heap,
    kind: Kind,
    adds: boolean,
    order: (inputs: readonly Block[], output: Block) => { readonly inputs: readonly Block[]; readonly output: Block },
  ): Kernel<Block, Pooling> =>
  ({ attributes: { geometry: g } }) => {
    const parts = partsOf(heap, kind, g);
    const image = 4 * g.height.input * g.width.input * g.channels;
    const result = 4 * g.height.output * g.width.output * g.channels;
    return (from, to) => {
      if (adds) heap.view(to).fill(0);
      const { inputs, output } = order(from, to);
      for (let n = 0; n < g.batch; n++)
        for (const part of parts) {
          const addresses = inputs.map(({ start }) => start + n * image + part.input);
          part.run(...addresses, output.start + n * result + part.output);
        }
    };
  };

/** Many neighbouring numbers of a channel in, one out; channels side by side in the lanes. */
export const pool2dKernels = (heap: Heap): Record<Kind, Kernel<Block, Pooling>> => ({
  maxPool2d: kernelOf(heap, "maxPool2d", false, ([x], y) => ({ inputs: [x!], output: y })),
  maxPool2dGradient: kernelOf(heap, "maxPool2dGradient", true, ([dy, x], dx) => ({ inputs: [x!, dx], output: dy! })),
  maxPool2dSelect: kernelOf(heap, "maxPool2dSelect", false, ([v, x], y) => ({ inputs: [x!, v!], output: y })),
  sumPool2d: kernelOf(heap, "sumPool2d", false, ([x], y) => ({ inputs: [x!], output: y })),
  sumPool2dGradient: kernelOf(heap, "sumPool2dGradient", true, ([dy], dx) => ({ inputs: [dx], output: dy! })),
});
