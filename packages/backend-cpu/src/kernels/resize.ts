import { resampling, type Kernel, type Resizing, type ResizeMode } from "@convlens/backend";
import { int, load4, loadInt, splat, type Local } from "../assembler/expression.ts";
import { f32x4, i32, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { CompiledFunction, Table, Runtime } from "../runtime.ts";
import { tasksOf } from "./loops.ts";

// Where a pixel comes from stands in tables, one for rows and one for columns. Rows are mixed first, into a buffer, as their
// numbers lie side by side whatever the channels are; then the pixels of the mixture.

type Vector = Expression<"v128">;
type Address = Local<"i32">;

/** Bytes of an entry: where the first and the second lie, in bytes, and how much of each. */
const ENTRY = 16;

/** The table of an axis whose old elements lie `step` bytes apart. */
function tableOf(runtime: Runtime, { from, to, mode, step }: Axis): Table {
  return runtime.table(`resize ${JSON.stringify([from, to, mode, step])}`, () => {
    const words = new Int32Array(4 * to);
    const shares = new Float32Array(words.buffer);
    resampling(from, to, mode).forEach(({ first, second, weight }, i) => {
      words.set([first * step, second * step], 4 * i);
      shares.set([1 - weight, weight], 4 * i + 2);
    });
    return words;
  });
}
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly mode: ResizeMode;
  readonly step: number;
}

/** An entry that is looked at: addresses of the first and the second, and how much of each. */
interface Mixture {
  readonly places: readonly [Address, Address];
  readonly shares: readonly [Local<"v128">, Local<"v128">];
}
function entryAt(f: FunctionWriter, entry: Address, base: Address): Mixture {
  const [first, second] = [0, 4].map((offset) => f.keep("place", i32.add(base, loadInt(entry, offset))));
  const [a, b] = [8, 12].map((offset) => f.keep("share", splat(entry, offset)));
  return { places: [first!, second!], shares: [a!, b!] };
}

/** Visits numbers that lie side by side, four at a time, and moves addresses behind them: what is visited stores so many. */
function eachNumber(
  f: FunctionWriter,
  count: number,
  addresses: readonly Address[],
  visit: (store: (to: Address, value: Vector) => void) => void,
): void {
  const vectors = Math.floor(count / 4);
  f.times(vectors, () => {
    visit((to, value) => f.store4(to, value));
    addresses.forEach((each) => f.advance(each, 16));
  });
  const rest = count % 4;
  if (rest === 0) return;
  visit((to, value) => {
    const kept = f.keep("rest", value);
    for (let i = 0; i < rest; i++) f.storeOne(to, kept, 4 * i, i);
  });
  addresses.forEach((each) => f.advance(each, 4 * rest));
}

/** Images of two sizes: small and large are no more than names, of what is read and what is written forward. */
interface Images {
  readonly mode: ResizeMode;
  readonly channels: number;
  readonly small: readonly [height: number, width: number];
  readonly large: readonly [height: number, width: number];
}

/** Writes: one row of a large image, made of those of a small one. */
function writeRow(
  f: FunctionWriter,
  { mode, channels, small, large }: Images,
  { rows, columns, buffer, from, to }: Readonly<Record<"rows" | "columns" | "buffer" | "from" | "to", Address>>,
): void {
  const { places, shares } = entryAt(f, rows, from);
  const entry = f.keep("entry", columns);
  if (mode === "nearest") {
    f.times(large[1], () => {
      const at = f.keep("at", i32.add(places[0], loadInt(entry)));
      eachNumber(f, channels, [at, to], (store) => store(to, load4(at)));
      f.advance(entry, ENTRY);
    });
    return;
  }
  const mixed = f.keep("mixed", buffer);
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

/** Writes: what one row of a large image has is added to those of the small one that it came from. */
function writeRowBack(
  f: FunctionWriter,
  { mode, channels, small, large }: Images,
  { rows, columns, buffer, from, to }: Readonly<Record<"rows" | "columns" | "buffer" | "from" | "to", Address>>,
): void {
  const { places, shares } = entryAt(f, rows, to);
  const entry = f.keep("entry", columns);
  if (mode === "nearest") {
    f.times(large[1], () => {
      const at = f.keep("at", i32.add(places[0], loadInt(entry)));
      eachNumber(f, channels, [at, from], (store) => store(at, f32x4.add(load4(at), load4(from))));
      f.advance(entry, ENTRY);
    });
    return;
  }
  f.fill(buffer, int(4 * channels * small[1]));
  f.times(large[1], () => {
    const pixel = entryAt(f, entry, buffer);
    eachNumber(f, channels, [...pixel.places, from], (store) =>
      // The second may be the first.
      pixel.places.forEach((at, i) => store(at, f32x4.add(load4(at), f32x4.mul(load4(from), pixel.shares[i]!)))),
    );
    f.advance(entry, ENTRY);
  });
  const mixed = f.keep("mixed", buffer);
  eachNumber(f, channels * small[1], [...places, mixed], (store) =>
    places.forEach((at, i) => store(at, f32x4.add(load4(at), f32x4.mul(load4(mixed), shares[i]!)))),
  );
}

const PARAMETERS = ["rows", "columns", "buffer", "from", "to"] as const;
const placesOf = (addresses: readonly Address[]): Record<(typeof PARAMETERS)[number], Address> => {
  const [rows, columns, buffer, from, to] = addresses as [Address, Address, Address, Address, Address];
  return { rows, columns, buffer, from, to };
};

/** Tables, sizes in bytes, and numbers of the buffer for a row. */
function settingOf(runtime: Runtime, images: Images) {
  const { mode, channels, small, large } = images;
  return {
    rows: tableOf(runtime, { from: small[0], to: large[0], mode, step: 4 * small[1] * channels }),
    columns: tableOf(runtime, { from: small[1], to: large[1], mode, step: 4 * channels }),
    smallStep: 4 * small[0] * small[1] * channels,
    largeRow: 4 * large[1] * channels,
    room: 16 * Math.ceil((small[1] * channels) / 16),
    key: JSON.stringify(images),
  };
}

const resize =
  (runtime: Runtime): Kernel<Block, Resizing> =>
  ({ inputs: [shape], attributes: { height, width, mode } }) => {
    const [batch, h, w, channels] = shape as [number, number, number, number];
    const images: Images = { mode, channels, small: [h, w], large: [height, width] };
    const { rows, columns, smallStep, largeRow, room, key } = settingOf(runtime, images);
    const codeOf = (count: number): CompiledFunction =>
      runtime.code(
        `resize ${count} rows of ${key}`,
        PARAMETERS,
        (f, ...addresses) => {
          const places = placesOf(addresses);
          f.times(count, () => {
            writeRow(f, images, places);
            f.advance(places.rows, ENTRY);
          });
        },
        4 * count * width * channels,
      );
    // Whole images are shared out, or the rows of each where there are few.
    const tasks =
      batch < 2 * runtime.threads ? tasksOf(runtime, height, width * channels) : { each: height, calls: 1, rest: 0 };
    const main = codeOf(tasks.each);
    const last = tasks.rest > 0 ? codeOf(tasks.rest) : undefined;
    return ([x], y) => {
      const buffer = runtime.scratch(0, room);
      const ofThread = [buffer, 0, 4 * room] as const;
      if (tasks.calls === 1 && last === undefined) {
        main.callMany(batch, rows.start, columns.start, ofThread, [x!.start, smallStep], [y.start, height * largeRow]);
        return;
      }
      const [entries, bytes] = [tasks.each * ENTRY, tasks.each * largeRow];
      for (let n = 0; n < batch; n++) {
        const [from, to] = [x!.start + n * smallStep, y.start + n * height * largeRow];
        main.callMany(tasks.calls, [rows.start, entries], columns.start, ofThread, from, [to, bytes]);
        last?.call(rows.start + tasks.calls * entries, columns.start, buffer, from, to + tasks.calls * bytes);
      }
    };
  };

const resizeGradient =
  (runtime: Runtime): Kernel<Block, Resizing> =>
  ({ inputs: [shape], attributes: { height, width, mode } }) => {
    const [batch, h, w, channels] = shape as [number, number, number, number];
    const images: Images = { mode, channels, small: [height, width], large: [h, w] };
    const { rows, columns, smallStep, largeRow, room, key } = settingOf(runtime, images);
    const code = runtime.code(
      `resizeGradient ${key}`,
      PARAMETERS,
      (f, ...addresses) => {
        const places = placesOf(addresses);
        f.fill(places.to, int(smallStep));
        f.times(h, () => {
          writeRowBack(f, images, places);
          f.advance(places.rows, ENTRY);
        });
      },
      4 * h * w * channels,
    );
    return ([dy], dx) => {
      const buffer = runtime.scratch(0, room);
      code.callMany(
        batch,
        rows.start,
        columns.start,
        [buffer, 0, 4 * room],
        [dy!.start, h * largeRow],
        [dx.start, smallStep],
      );
    };
  };

/** Images of another size. */
export const resizeKernels = (
  runtime: Runtime,
): Readonly<Record<"resize" | "resizeGradient", Kernel<Block, Resizing>>> => ({
  resize: resize(runtime),
  resizeGradient: resizeGradient(runtime),
});
