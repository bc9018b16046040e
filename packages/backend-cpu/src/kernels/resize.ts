import { resampling, type ResizeMode } from "@convlens/backend";
import { load4, loadInt, splat, type Local, type Pointer, type Pointers } from "../assembler/expression.ts";
import { f32x4, i32, type Vector } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { strided } from "../callList.ts";
import { defineFunction, type TableDefinition } from "../defineFunction.ts";
import { BYTES, after } from "../heap.ts";
import type { CompiledFunction, Runtime, CpuKernel, CpuKernels } from "../runtime.ts";
import { tasksOf } from "./loops.ts";
import { splitCalls } from "./splitCalls.ts";

// Two tables, for rows and for columns, hold the two neighbours of each position and their weights. Rows are interpolated first, into
// a buffer, since their numbers lie side by side whatever the channels are; then columns.

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
  const place = (offset: number): Pointer => f.keep(i32.add(base, loadInt(entry, offset)));
  const share = (offset: number): Local<"v128"> => f.keep(splat(entry, offset));
  return { places: [place(0), place(1)], shares: [share(2), share(3)] };
}

/** Stores four numbers at an address, or as many as are left. */
type Store = (to: Pointer, value: Vector) => void;

/** Writes: visits numbers side by side, four at a time, and moves addresses behind them. */
function eachNumber(
  f: FunctionWriter,
  count: number,
  addresses: readonly Pointer[],
  visit: (store: Store) => void,
): void {
  f.inParts(count, 4, (lanes) => {
    visit((to, value) => f.storeLanes(to, value, 0, lanes));
    addresses.forEach((each) => f.advance(each, lanes));
  });
}

/** a · share a + b · share b */
const mixed = ({ places: [a, b], shares }: Mixture): Vector =>
  f32x4.add(f32x4.mul(load4(a), shares[0]), f32x4.mul(load4(b), shares[1]));

/** Writes the adjoint of {@link mixed}: adds the shares of a number to both places, which may be the same. */
function spread({ places: [a, b], shares }: Mixture, value: Pointer, store: Store): void {
  store(a, f32x4.add(load4(a), f32x4.mul(load4(value), shares[0])));
  store(b, f32x4.add(load4(b), f32x4.mul(load4(value), shares[1])));
}

/** Images of two sizes. The operation reads the small one and writes the large one, and its gradient the other way round. */
interface Images {
  readonly mode: ResizeMode;
  readonly channels: number;
  readonly small: readonly [height: number, width: number];
  readonly large: readonly [height: number, width: number];
}

/** Addresses of the tables, of the buffer, of the small image, and of a row of the large one. */
type RowPlaces = Pointers<"rows" | "columns" | "buffer" | "image" | "row">;

/** Writes: computes a row of the large image from the small one, or adds it back to the rows that it was computed from. */
function writeRow(
  f: FunctionWriter,
  { mode, channels, small, large }: Images,
  { rows, columns, buffer, image, row }: RowPlaces,
  direction: "forward" | "backward",
): void {
  const isForward = direction === "forward";
  const neighbours = entryAt(f, rows, image);
  const entry = f.keep(columns);
  const eachPixel = (visit: () => void): void =>
    f.times(large[1], () => {
      visit();
      f.advance(entry, ENTRY);
    });
  if (mode === "nearest")
    return eachPixel(() => {
      const at = f.keep(i32.add(neighbours.places[0], loadInt(entry)));
      eachNumber(f, channels, [at, row], (store) =>
        isForward ? store(row, load4(at)) : store(at, f32x4.add(load4(at), load4(row))),
      );
    });
  const throughBuffer = (): void => {
    const between = f.keep(buffer);
    eachNumber(f, channels * small[1], [...neighbours.places, between], (store) =>
      isForward ? store(between, mixed(neighbours)) : spread(neighbours, between, store),
    );
  };
  if (isForward) throughBuffer();
  else f.clear(buffer, channels * small[1]);
  eachPixel(() => {
    const pixel = entryAt(f, entry, buffer);
    eachNumber(f, channels, [...pixel.places, row], (store) =>
      isForward ? store(row, mixed(pixel)) : spread(pixel, row, store),
    );
  });
  if (!isForward) throughBuffer();
}

const resizeFunction = defineFunction({
  name: "resize",
  write: (
    f,
    { images, count }: { readonly images: Images; readonly count: number },
    rows,
    columns,
    buffer,
    image,
    row,
  ) =>
    f.times(count, () => {
      writeRow(f, images, { rows, columns, buffer, image, row }, "forward");
      f.advance(rows, ENTRY);
    }),
  work: ({ images: { large, channels }, count }) => 4 * count * large[1] * channels,
});
const gradientFunction = defineFunction({
  name: "resizeGradient",
  write: (f, images: Images, rows, columns, buffer, row, image) => {
    f.clear(image, images.small[0] * images.small[1] * images.channels);
    f.times(images.large[0], () => {
      writeRow(f, images, { rows, columns, buffer, image, row }, "backward");
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
  (runtime: Runtime): CpuKernel<"resize"> =>
  ({ inputs: [shape], attributes: { height, width, mode } }) => {
    const [batch, h, w, channels] = shape as [number, number, number, number];
    const images: Images = { mode, channels, small: [h, w], large: [height, width] };
    const { rows, columns, smallStep, largeRow, room } = settingOf(runtime, images);
    const codeOf = (count: number): CompiledFunction => runtime.compile(resizeFunction, { images, count });
    // Threads share whole images, or the rows of each if there are few images.
    const each = batch < 2 * runtime.threads ? tasksOf(runtime, height, width * channels).each : height;
    const whole = each === height ? codeOf(height) : undefined;
    const run = splitCalls(height, each, codeOf);
    return ([x], y) => {
      const buffer = strided(runtime.scratch(0, room), 0, room);
      if (whole !== undefined) {
        const [from, to] = [strided(x.start, smallStep), strided(y.start, height * largeRow)];
        return whole.callMany(batch, rows.start, columns.start, buffer, from, to);
      }
      for (let n = 0; n < batch; n++) {
        const [from, to] = [after(x.start, n * smallStep), after(y.start, n * height * largeRow)];
        run(strided(rows.start, each * ENTRY), columns.start, buffer, from, strided(to, each * largeRow));
      }
    };
  };

const resizeGradient =
  (runtime: Runtime): CpuKernel<"resizeGradient"> =>
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
export const resizeKernels = (runtime: Runtime): CpuKernels<"resize" | "resizeGradient"> => ({
  resize: resize(runtime),
  resizeGradient: resizeGradient(runtime),
});
