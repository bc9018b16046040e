import { resampling, type Resampling, type ResizeMode } from "@convlens/backend";
import { load4, loadInt, splat, type Local, type Pointer, type Pointers } from "../assembler/expression.ts";
import { f32x4, i32, type Vector } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { strided } from "../callList.ts";
import { defineFunction, type TableDefinition } from "../defineFunction.ts";
import { BYTES, after } from "../heap.ts";
import type { CompiledFunction, Runtime, CpuKernel, CpuKernels } from "../runtime.ts";
import { tasksOf } from "./loops.ts";
import { splitCalls } from "./splitCalls.ts";

// Two tables, for rows and for columns, hold the sources of each position and their weights. Rows are interpolated first, into
// a buffer, since their numbers lie side by side whatever the channels are; then columns.

/** Number of sources of each position. */
const sourceCounts: Readonly<Record<ResizeMode, number>> = { nearest: 1, bilinear: 2, bicubic: 4 };

/** Words of an entry: byte offsets of the sources, and their weights. */
const entryOf = (mode: ResizeMode): number => 2 * sourceCounts[mode];

/** An axis whose elements lie `step` numbers apart in the image that is read. */
interface Axis extends Resampling {
  readonly step: number;
}
const axisTable: TableDefinition<Axis> = {
  name: "resize",
  words: (axis) => {
    const entry = entryOf(axis.mode);
    const words = new Int32Array(entry * axis.to);
    const weights = new Float32Array(words.buffer);
    resampling(axis).forEach((sources, i) =>
      sources.forEach(({ place, weight }, k) => {
        words[entry * i + k] = BYTES * place * axis.step;
        weights[entry * i + entry / 2 + k] = weight;
      }),
    );
    return words;
  },
};

/** A source in the code: its address and its weight. */
interface Source {
  readonly place: Pointer;
  readonly weight: Local<"v128">;
}
/** The sources of an entry. */
function sourcesAt(f: FunctionWriter, entry: Pointer, base: Pointer, mode: ResizeMode): Source[] {
  const count = sourceCounts[mode];
  return Array.from({ length: count }, (_, k) => ({
    place: f.keep(i32.add(base, loadInt(entry, k))),
    weight: f.keep(splat(entry, count + k)),
  }));
}
const placesOf = (sources: readonly Source[]): Pointer[] => sources.map(({ place }) => place);

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

/** The sum of the sources, each multiplied by its weight. */
const mixed = (sources: readonly Source[]): Vector =>
  sources.map(({ place, weight }) => f32x4.mul(load4(place), weight)).reduce((a, b) => f32x4.add(a, b));

/** Writes the adjoint of {@link mixed}: adds the shares of a number to all sources, some of which may be the same. */
const spread = (sources: readonly Source[], value: Pointer, store: Store): void =>
  sources.forEach(({ place, weight }) => store(place, f32x4.add(load4(place), f32x4.mul(load4(value), weight))));

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
  const sources = sourcesAt(f, rows, image, mode);
  const entry = f.keep(columns);
  const eachPixel = (visit: () => void): void =>
    f.times(large[1], () => {
      visit();
      f.advance(entry, entryOf(mode));
    });
  if (mode === "nearest")
    return eachPixel(() => {
      const at = f.keep(i32.add(sources[0]!.place, loadInt(entry)));
      eachNumber(f, channels, [at, row], (store) =>
        isForward ? store(row, load4(at)) : store(at, f32x4.add(load4(at), load4(row))),
      );
    });
  const throughBuffer = (): void => {
    const between = f.keep(buffer);
    eachNumber(f, channels * small[1], [...placesOf(sources), between], (store) =>
      isForward ? store(between, mixed(sources)) : spread(sources, between, store),
    );
  };
  if (isForward) throughBuffer();
  else f.clear(buffer, channels * small[1]);
  eachPixel(() => {
    const pixel = sourcesAt(f, entry, buffer, mode);
    eachNumber(f, channels, [...placesOf(pixel), row], (store) =>
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
      f.advance(rows, entryOf(images.mode));
    }),
  work: ({ images: { mode, large, channels }, count }) => entryOf(mode) * count * large[1] * channels,
});
const gradientFunction = defineFunction({
  name: "resizeGradient",
  write: (f, images: Images, rows, columns, buffer, row, image) => {
    f.clear(image, images.small[0] * images.small[1] * images.channels);
    f.times(images.large[0], () => {
      writeRow(f, images, { rows, columns, buffer, image, row }, "backward");
      f.advance(rows, entryOf(images.mode));
    });
  },
  work: ({ mode, large, channels }) => entryOf(mode) * large[0] * large[1] * channels,
});

/** Tables, sizes, and numbers of the buffer for a row. */
function settingOf(runtime: Runtime, { mode, channels, small, large }: Images, alignCorners: boolean) {
  const axis = (i: 0 | 1, step: number): Axis => ({ from: small[i], to: large[i], mode, alignCorners, step });
  return {
    rows: runtime.table(axisTable, axis(0, small[1] * channels)),
    columns: runtime.table(axisTable, axis(1, channels)),
    smallStep: small[0] * small[1] * channels,
    largeRow: large[1] * channels,
    room: 16 * Math.ceil((small[1] * channels) / 16),
  };
}

const resize =
  (runtime: Runtime): CpuKernel<"resize"> =>
  ({ inputs: [shape], attributes: { height, width, mode, alignCorners } }) => {
    const [batch, h, w, channels] = shape as [number, number, number, number];
    const images: Images = { mode, channels, small: [h, w], large: [height, width] };
    const { rows, columns, smallStep, largeRow, room } = settingOf(runtime, images, alignCorners);
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
        run(strided(rows.start, each * entryOf(mode)), columns.start, buffer, from, strided(to, each * largeRow));
      }
    };
  };

const resizeGradient =
  (runtime: Runtime): CpuKernel<"resizeGradient"> =>
  ({ inputs: [shape], attributes: { height, width, mode, alignCorners } }) => {
    const [batch, h, w, channels] = shape as [number, number, number, number];
    const images: Images = { mode, channels, small: [height, width], large: [h, w] };
    const { rows, columns, smallStep, largeRow, room } = settingOf(runtime, images, alignCorners);
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
