import {
  element,
  int,
  isNumber,
  load,
  number,
  plus,
  select,
  type Local,
  type Pointer,
  type Pointers,
} from "../../../assembler/expression.ts";
import { f32, i32, type Int } from "../../../assembler/instructions.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import { writeEachTile, type ImageList } from "../tiles.ts";
import { addProducts, counting, imageAt, pixelAt, pixelOrZeros, placeOf, writeDirectRows } from "./directSums.ts";
import { outputGradient, type Through } from "./outputGradient.ts";
import { numbersOfRow, smaller, type Tiles } from "./tilesOf.ts";

/** A convolution in tiles, and the operations between its output and the given gradient. */
export interface Repaired {
  readonly tiles: Tiles;
  readonly taps: number;
  readonly through: Through;
}

/** Addresses from which the gradient of the output is computed, and room for it. */
interface Source {
  readonly dy: Pointer;
  readonly y: Pointer;
  readonly zeros: Pointer;
  readonly room: Pointer;
}

/** Rows of tiles of the output whose windows reach a tile of the input, before and after its own row. */
const reachOf = ({ tiles: { to }, taps }: Repaired): number => Math.ceil((taps - 1) / to.height.step);

/** Numbers of {@link Source.room}: rows of the output, and one more, which is written but never read. */
export function roomNumbers(repaired: Repaired): number {
  const { to } = repaired.tiles;
  const { relu, pool } = repaired.through;
  if (!relu && !pool) return 0;
  const rows = to.height.step * (2 * reachOf(repaired) + 1);
  return rows * to.width.size * to.channels + numbersOfRow(to);
}

/** Writes: computes the gradient of some rows of tiles of the output. Returns the address of an image that has these rows. */
function writeOutputGradient(
  f: FunctionWriter,
  { tiles: { to, down }, through }: Repaired,
  at: Source,
  { image, first, count }: { readonly image: Pointer; readonly first: Pointer; readonly count: Int },
): Pointer {
  if (!through.relu && !through.pool) return f.keep(imageAt(at.dy, image, to));
  // Rows of tiles are counted through all images. Pixels lie as if the room held all rows of their image.
  const row = i32.mul(i32.sub(first, i32.mul(image, int(down))), int(to.height.step));
  const source = f.keep(i32.sub(plus(at.room, numbersOfRow(to)), pixelAt(int(0), row, int(0), to)));
  const start = f.keep(i32.sub(source, imageAt(int(0), image, to)));
  const output = outputGradient(f, to, through, { dy: at.dy, y: at.y, outside: at.zeros });
  const images: ImageList = [...output.images, { tiled: to, start, outside: at.room }];
  writeEachTile(f, images, { first, count }, { moving: [] }, (pixels) => {
    const read = output.read(pixels);
    for (let i = 0; i < to.height.reach; i++)
      for (let j = 0; j < to.width.reach; j++) {
        const pixel = pixels.at(i, j, output.images.length);
        if (pixel !== undefined) f.storeLanes(pixel[0], read(i, j), pixel[1], pixels.lanes);
      }
  });
  return source;
}

/** Writes: computes the gradient of all pixels of the input in a row of tiles. */
export function writeInputRepair(
  f: FunctionWriter,
  repaired: Repaired,
  row: Pointer,
  at: Source & { readonly dx: Pointer; readonly filters: Pointer },
): void {
  const { from, to, down } = repaired.tiles;
  const reach = int(reachOf(repaired));
  const place = placeOf(f, row, down);
  const before = smaller(reach, place.row);
  const after = smaller(reach, i32.sub(int(down - 1), place.row));
  const first = f.keep(i32.sub(row, before));
  const count = i32.sub(i32.add(row, i32.add(after, int(1))), first);
  const source = writeOutputGradient(f, repaired, at, { image: place.image, first, count });
  const top = f.keep(i32.sub(i32.mul(place.row, int(to.height.step)), int(from.height.before)));
  writeDirectRows(
    f,
    {
      from: to,
      to: from,
      taps: repaired.taps,
      direction: "backward",
      before: { height: from.height.before, width: from.width.before },
    },
    { top, count: from.height.reach },
    { source, result: f.keep(imageAt(at.dx, place.image, from)), filters: at.filters, zeros: at.zeros },
  );
}

/** Addresses of a repair of the gradients of filters. */
type FilterPlaces = Source & Pointers<"x" | "filters" | "flags" | "channel" | "rows">;

/** Writes: computes the gradients of filters [taps, taps, channels, filters] that are not finite, from a channel on. */
export function writeFilterRepair(f: FunctionWriter, repaired: Repaired, channels: number, at: FilterPlaces): void {
  const { from, to, down } = repaired.tiles;
  const pairs: Pairs = { count: channels * to.channels, ...at };
  const tapStep = from.channels * to.channels;
  const { taps } = repaired;
  writeMarks(f, pairs, { taps, tapStep });
  counting(f, at.rows, (row) => {
    const place = placeOf(f, row, down);
    const source = writeOutputGradient(f, repaired, at, { image: place.image, first: row, count: int(1) });
    const image = f.keep(imageAt(at.x, place.image, from));
    const top = f.keep(i32.mul(place.row, int(to.height.step)));
    const left = i32.sub(int(to.height.size), top);
    const height = f.keep(smaller(left, int(to.height.step)));
    const [channel, k] = [f.keep(at.channel), f.keep(int(0))];
    const places = { source, image, top, height, channel, k, zeros: at.zeros };
    writeEachPair(f, pairs, (filter, flag) => {
      f.when(isMarked(f, flag), () =>
        counting(f, taps, (ky) =>
          counting(f, taps, (kx) => {
            const tap = i32.add(i32.mul(ky, int(taps)), kx);
            const gradient = f.keep(element(filter, tap, tapStep));
            const total = f.keep(load(gradient));
            f.when(isNumber(total), () => writeTap(f, repaired.tiles, places, { ky, kx, total }));
            f.store(gradient, total);
          }),
        ),
      );
      f.set(k, i32.add(k, int(1)));
      const isLast = i32.sub(int(1), i32.lt_u(k, int(to.channels)));
      f.set(channel, i32.add(channel, isLast));
      f.set(k, select(isLast, int(0), k));
    });
  });
}

/** Pairs of a channel and a filter: the gradients of their first taps, and their flags. */
interface Pairs {
  readonly count: number;
  readonly filters: Pointer;
  readonly flags: Pointer;
}
function writeEachPair(
  f: FunctionWriter,
  { count, filters, flags }: Pairs,
  body: (filter: Pointer, flag: Pointer) => void,
): void {
  const [filter, flag] = [f.keep(filters), f.keep(flags)];
  f.times(count, () => {
    body(filter, flag);
    f.advance(filter, 1);
    f.advance(flag, 1);
  });
}

/** Whether a flag is NaN. */
const isMarked = (f: FunctionWriter, flag: Pointer): Int => i32.sub(int(1), isNumber(f.keep(load(flag))));

/** Writes: marks the pairs whose gradients are not all finite, and clears these gradients. */
function writeMarks(
  f: FunctionWriter,
  pairs: Pairs,
  { taps, tapStep }: { readonly taps: number; readonly tapStep: number },
): void {
  writeEachPair(f, pairs, (filter, flag) => {
    // All products are terms of the corners of a filter.
    const corners = [0, taps - 1, taps * (taps - 1), taps * taps - 1].map((tap) => load(filter, tap * tapStep));
    const sum = f.keep(corners.reduce((total, corner) => f32.add(total, corner)));
    f.store(flag, f32.sub(sum, sum));
    f.when(isMarked(f, flag), () => {
      for (let tap = 0; tap < taps * taps; tap++) f.store(filter, number(0), tap * tapStep);
    });
  });
}

/** Writes: total += Σ x · dy over the outputs of a row of tiles. */
function writeTap(
  f: FunctionWriter,
  { from, to }: Tiles,
  at: Pointers<"source" | "image" | "top" | "height" | "channel" | "k" | "zeros">,
  { ky, kx, total }: { readonly ky: Pointer; readonly kx: Pointer; readonly total: Local<"f32"> },
): void {
  const sum = f.keep(number(0));
  const y = f.keep(i32.add(at.top, i32.add(ky, int(-from.height.before))));
  const gradient = f.keep(element(pixelAt(at.source, at.top, int(0), to), at.k, 1));
  f.times(at.height, () => {
    counting(f, to.width.size, (column) => {
      const x = i32.add(column, i32.add(kx, int(-from.width.before)));
      const pixel = pixelOrZeros(at.image, y, f.keep(x), from, at.zeros);
      const value = f.keep(element(pixel, at.channel, 1));
      addProducts(f, sum, 1, { at: value, step: 0 }, { at: gradient, step: to.channels });
    });
    f.set(y, i32.add(y, int(1)));
  });
  f.set(total, f32.add(total, sum));
}
