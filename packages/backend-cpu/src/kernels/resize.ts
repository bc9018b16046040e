import { resampling, type Kernel, type KernelsOf, type Operations, type ResizeMode } from "@convlens/backend";
import { load4, loadInt, splat, type Local, type Pointer } from "../assembler/expression.ts";
import { f32x4, i32, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { strided } from "../callList.ts";
import { defineFunction, type TableDefinition } from "../defineFunction.ts";
import { after, BYTES, type Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { tasksOf } from "./loops.ts";

// Two tables, for rows and for columns, hold the two neighbours of each position and their weights. Rows are interpolated first, into
// a buffer, since their numbers lie side by side whatever the channels are; then columns.

type Vector = Expression<"v128">;

/** Words of an entry: byte offsets of the first and the second neighbour, and their weights. */
const ENTRY = 4;

/** An axis whose elements lie `step` numbers apart in the image that is read. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly mode: ResizeMode;
  readonly step: number;
}
const axisTable: TableDefinition<Axis> = {
  name: "resize",
  words: ({ from, to, mode, step }) => {
    const words = new Int32Array(ENTRY * to);
    const weights = new Float32Array(words.buffer);
    resampling(from, to, mode).forEach(({ first, second, weight }, i) => {
      words.set([BYTES * first * step, BYTES * second * step], ENTRY * i);
      weights.set([1 - weight, weight], ENTRY * i + 2);
    });
    return words;
  },
};

/** An entry in the code: addresses of the two neighbours, and their weights. */
interface Mixture {
  readonly places: readonly [Pointer, Pointer];
  readonly shares: readonly [Local<"v128">, Local<"v128">];
}
function entryAt(f: FunctionWriter, entry: Pointer, base: Pointer): Mixture {
  const [first, second] = [0, 1].map((offset) => f.keep(i32.add(base, loadInt(entry, offset))));
  const [a, b] = [2, 3].map((offset) => f.keep(splat(entry, offset)));
  return { places: [first!, second!], shares: [a!, b!] };
}

/** Writes: visits numbers side by side, four at a time, and moves addresses behind them. The callback stores as many as are left. */
function eachNumber(
  f: FunctionWriter,
  count: number,
  addresses: readonly Pointer[],
  visit: (store: (to: Pointer, value: Vector) => void) => void,
): void {
  const vectors = Math.floor(count / 4);
  f.times(vectors, () => {
    visit((to, value) => f.store4(to, value));
    addresses.forEach((each) => f.advance(each, 4));
  });
  const rest = count % 4;
  if (rest === 0) return;
  visit((to, value) => f.storeLanes(to, value, 0, rest));
  addresses.forEach((each) => f.advance(each, rest));
}

/** Images of two sizes. The operation reads the small one and writes the large one, and its gradient the other way round. */
interface Images {
  readonly mode: ResizeMode;
  readonly channels: number;
  readonly small: readonly [height: number, width: number];
  readonly large: readonly [height: number, width: number];
}

/** Writes: computes a row of a large image from those of a small one. */
function writeRow(
  f: FunctionWriter,
  { mode, channels, small, large }: Images,
  { rows, columns, buffer, from, to }: Readonly<Record<"rows" | "columns" | "buffer" | "from" | "to", Pointer>>,
): void {
  const { places, shares } = entryAt(f, rows, from);
  const entry = f.keep(columns);
  if (mode === "nearest") {
    f.times(large[1], () => {
      const at = f.keep(i32.add(places[0], loadInt(entry)));
      eachNumber(f, channels, [at, to], (store) => store(to, load4(at)));
      f.advance(entry, ENTRY);
    });
    return;
  }
  const mixed = f.keep(buffer);
  eachNumber(f, channels * small[1], [...places, mixed], (store) =>
    store(mixed, f32x4.add(f32x4.mul(load4(places[0]), shares[0]), f32x4.mul(load4(places[1]), shares[1]))),
  );
  f.times(large[1], () => {
    const pixel = entryAt(f, entry, buffer);
    const [a, b] = pixel.places;
    eachNumber(f, channels, [a, b, to], (store) =>
      store(to, f32x4.add(f32x4.mul(load4(a), pixel.shares[0]), f32x4.mul(load4(b), pixel.shares[1]))),
    );
    f.advance(entry, ENTRY);
  });
}

/** Writes: adds a row of a large image to the rows of the small one that it was computed from. */
function writeRowBack(
  f: FunctionWriter,
  { mode, channels, small, large }: Images,
  { rows, columns, buffer, from, to }: Readonly<Record<"rows" | "columns" | "buffer" | "from" | "to", Pointer>>,
): void {
  const { places, shares } = entryAt(f, rows, to);
  const entry = f.keep(columns);
  if (mode === "nearest") {
    f.times(large[1], () => {
      const at = f.keep(i32.add(places[0], loadInt(entry)));
      eachNumber(f, channels, [at, from], (store) => store(at, f32x4.add(load4(at), load4(from))));
      f.advance(entry, ENTRY);
    });
    return;
  }
  f.clear(buffer, channels * small[1]);
  f.times(large[1], () => {
    const pixel = entryAt(f, entry, buffer);
    eachNumber(f, channels, [...pixel.places, from], (store) =>
      // Both neighbours may be the same.
      pixel.places.forEach((at, i) => store(at, f32x4.add(load4(at), f32x4.mul(load4(from), pixel.shares[i]!)))),
    );
    f.advance(entry, ENTRY);
  });
  const mixed = f.keep(buffer);
  eachNumber(f, channels * small[1], [...places, mixed], (store) =>
    places.forEach((at, i) => store(at, f32x4.add(load4(at), f32x4.mul(load4(mixed), shares[i]!)))),
  );
}

const resizeFunction = defineFunction({
  name: "resize",
  write: (f, { images, count }: { readonly images: Images; readonly count: number }, rows, columns, buffer, from, to) =>
    f.times(count, () => {
      writeRow(f, images, { rows, columns, buffer, from, to });
      f.advance(rows, ENTRY);
    }),
  work: ({ images: { large, channels }, count }) => 4 * count * large[1] * channels,
});
const gradientFunction = defineFunction({
  name: "resizeGradient",
  write: (f, images: Images, rows, columns, buffer, from, to) => {
    f.clear(to, images.small[0] * images.small[1] * images.channels);
    f.times(images.large[0], () => {
      writeRowBack(f, images, { rows, columns, buffer, from, to });
      f.advance(rows, ENTRY);
    });
  },
  work: ({ large, channels }) => 4 * large[0] * large[1] * channels,
});

/** Tables, sizes, and numbers of the buffer for a row. */
function settingOf(runtime: Runtime, { mode, channels, small, large }: Images) {
  return {
    rows: runtime.table(axisTable, { from: small[0], to: large[0], mode, step: small[1] * channels }),
    columns: runtime.table(axisTable, { from: small[1], to: large[1], mode, step: channels }),
    smallStep: small[0] * small[1] * channels,
    largeRow: large[1] * channels,
    room: 16 * Math.ceil((small[1] * channels) / 16),
  };
}

const resize =
  (runtime: Runtime): Kernel<Block, Operations["resize"]> =>
  ({ inputs: [shape], attributes: { height, width, mode } }) => {
    const [batch, h, w, channels] = shape as [number, number, number, number];
    const images: Images = { mode, channels, small: [h, w], large: [height, width] };
    const { rows, columns, smallStep, largeRow, room } = settingOf(runtime, images);
    const codeOf = (count: number): CompiledFunction => runtime.compile(resizeFunction, { images, count });
    // Threads share whole images, or the rows of each if there are few images.
    const tasks =
      batch < 2 * runtime.threads ? tasksOf(runtime, height, width * channels) : { each: height, calls: 1, rest: 0 };
    const main = codeOf(tasks.each);
    const last = tasks.rest > 0 ? codeOf(tasks.rest) : undefined;
    return ([x], y) => {
      const buffer = runtime.scratch(0, room);
      const ownBuffer = strided(buffer, 0, room);
      if (tasks.calls === 1 && last === undefined) {
        const [from, to] = [strided(x.start, smallStep), strided(y.start, height * largeRow)];
        return main.callMany(batch, rows.start, columns.start, ownBuffer, from, to);
      }
      const [entries, numbers] = [tasks.each * ENTRY, tasks.each * largeRow];
      for (let n = 0; n < batch; n++) {
        const [from, to] = [after(x.start, n * smallStep), after(y.start, n * height * largeRow)];
        main.callMany(tasks.calls, strided(rows.start, entries), columns.start, ownBuffer, from, strided(to, numbers));
        const [lastRows, lastTo] = [after(rows.start, tasks.calls * entries), after(to, tasks.calls * numbers)];
        last?.call(lastRows, columns.start, buffer, from, lastTo);
      }
    };
  };

const resizeGradient =
  (runtime: Runtime): Kernel<Block, Operations["resizeGradient"]> =>
  ({ inputs: [shape], attributes: { height, width, mode } }) => {
    const [batch, h, w, channels] = shape as [number, number, number, number];
    const images: Images = { mode, channels, small: [height, width], large: [h, w] };
    const { rows, columns, smallStep, largeRow, room } = settingOf(runtime, images);
    const code = runtime.compile(gradientFunction, images);
    return ([dy], dx) => {
      const ownBuffer = strided(runtime.scratch(0, room), 0, room);
      const [from, to] = [strided(dy.start, h * largeRow), strided(dx.start, smallStep)];
      code.callMany(batch, rows.start, columns.start, ownBuffer, from, to);
    };
  };

/** Resizing of images, and its gradient. */
export const resizeKernels = (runtime: Runtime): KernelsOf<Block, "resize" | "resizeGradient"> => ({
  resize: resize(runtime),
  resizeGradient: resizeGradient(runtime),
});
