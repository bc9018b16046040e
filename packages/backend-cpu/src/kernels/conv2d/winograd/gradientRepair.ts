import { int, isNumber, load, number, select, type Local } from "../../../assembler/expression.ts";
import { f32, i32, type Expression } from "../../../assembler/instructions.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import { writeEachTile, writeLanes } from "../tiles.ts";
import { addProducts, counting, imageAt, pixelAt, pixelOrZeros, placeOf, writeDirectRows } from "./directSums.ts";
import { outputGradient, type Through } from "./outputGradient.ts";
import { numbersOfRow, smaller, type Tiles } from "./tilesOf.ts";

type Int = Expression<"i32">;
type Address = Local<"i32">;

/** A convolution, in tiles of its output, and what stands between the gradient that is given and that of the output. */
export interface Repaired {
  readonly tiles: Tiles;
  readonly taps: number;
  readonly through: Through;
}

/** Where the gradient of the output comes from, and room to write it down. */
interface Source {
  readonly dy: Address;
  readonly y: Address;
  readonly zeros: Address;
  readonly room: Address;
}

/** Rows of tiles of the output that a tile of the input sees before and after its own. */
const reachOf = ({ tiles: { to }, taps }: Repaired): number => Math.ceil((taps - 1) / to.height.step);

/** Numbers of {@link Source.room}: some rows of the output, and one more, which is written but never read. */
export function roomNumbers(repaired: Repaired): number {
  const { to } = repaired.tiles;
  const { relu, pool } = repaired.through;
  if (!relu && !pool) return 0;
  const rows = to.height.step * (2 * reachOf(repaired) + 1);
  return rows * to.width.size * to.channels + numbersOfRow(to);
}

/** Writes: the gradient of some rows of tiles of the output; returns the address where an image with these rows begins. */
function writeOutputGradient(
  f: FunctionWriter,
  { tiles: { to, down }, through }: Repaired,
  at: Source,
  { image, first, count }: { readonly image: Address; readonly first: Address; readonly count: Int },
): Address {
  if (!through.relu && !through.pool) return f.keep("source", imageAt(at.dy, image, to));
  // Rows of tiles are counted through all images, and pixels lie where they would if the room held all of them.
  const row = i32.mul(i32.sub(first, i32.mul(image, int(down))), int(to.height.step));
  const source = f.keep(
    "source",
    i32.sub(i32.add(at.room, int(4 * numbersOfRow(to))), pixelAt(int(0), row, int(0), to)),
  );
  const start = f.keep("start", i32.sub(source, imageAt(int(0), image, to)));
  const output = outputGradient(f, to, through, { dy: at.dy, y: at.y, outside: at.zeros });
  const images = [...output.images, { tiled: to, start, outside: at.room }];
  writeEachTile(f, images, { first, count }, { moving: [] }, (pixels) => {
    const read = output.read(pixels);
    for (let i = 0; i < to.height.reach; i++)
      for (let j = 0; j < to.width.reach; j++) {
        const pixel = pixels.at(i, j, output.images.length);
        if (pixel !== undefined) writeLanes(f, pixel[0], read(i, j), pixel[1], pixels.lanes);
      }
  });
  return source;
}

/** Writes: computes the gradient of all pixels of the input that a row of tiles reaches. */
export function writeInputRepair(
  f: FunctionWriter,
  repaired: Repaired,
  row: Address,
  at: Source & { readonly dx: Address; readonly filters: Address },
): void {
  const { from, to, down } = repaired.tiles;
  const reach = int(reachOf(repaired));
  const place = placeOf(f, row, down);
  const before = smaller(reach, place.row);
  const after = smaller(reach, i32.sub(int(down - 1), place.row));
  const first = f.keep("first", i32.sub(row, before));
  const count = i32.sub(i32.add(row, i32.add(after, int(1))), first);
  const source = writeOutputGradient(f, repaired, at, { image: place.image, first, count });
  const top = f.keep("top", i32.sub(i32.mul(place.row, int(to.height.step)), int(from.height.before)));
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
    { source, result: f.keep("result", imageAt(at.dx, place.image, from)), filters: at.filters, zeros: at.zeros },
  );
}

/** Writes: computes the gradients of filters [taps, taps, channels, filters] that are not finite, from a channel on. */
export function writeFilterRepair(
  f: FunctionWriter,
  repaired: Repaired,
  channels: number,
  at: Source & {
    readonly x: Address;
    readonly filters: Address;
    readonly flags: Address;
    readonly channel: Address;
    readonly rows: Address;
  },
): void {
  const { tiles, taps } = repaired;
  const { from, to, down } = tiles;
  const pairs = channels * to.channels;
  const tapStep = 4 * from.channels * to.channels;
  /** Visits the pairs of a channel and a filter: where the gradient of their first tap lies, and their flag. */
  const eachPair = (body: (filter: Address, flag: Address) => void): void => {
    const [filter, flag] = [f.keep("filter", at.filters), f.keep("flag", at.flags)];
    f.times(pairs, () => {
      body(filter, flag);
      f.advance(filter, 4);
      f.advance(flag, 4);
    });
  };
  const isMarked = (flag: Address): Int => i32.sub(int(1), isNumber(f.keep("mark", load(flag))));
  eachPair((filter, flag) => {
    // The corners of a filter count all of its products.
    const corners = [0, taps - 1, taps * (taps - 1), taps * taps - 1].map((tap) => load(filter, tap * tapStep));
    const sum = f.keep(
      "sum",
      corners.reduce((total, corner) => f32.add(total, corner)),
    );
    f.store(flag, f32.sub(sum, sum));
    f.when(isMarked(flag), () => {
      for (let tap = 0; tap < taps * taps; tap++) f.store(filter, number(0), tap * tapStep);
    });
  });
  counting(f, "row", at.rows, (row) => {
    const place = placeOf(f, row, down);
    const source = writeOutputGradient(f, repaired, at, { image: place.image, first: row, count: int(1) });
    const image = f.keep("image", imageAt(at.x, place.image, from));
    const top = f.keep("top", i32.mul(place.row, int(to.height.step)));
    const left = i32.sub(int(to.height.size), top);
    const height = f.keep("height", smaller(left, int(to.height.step)));
    const [channel, k] = [f.keep("channel", at.channel), f.keep("k", int(0))];
    eachPair((filter, flag) => {
      f.when(isMarked(flag), () =>
        counting(f, "ky", taps, (ky) =>
          counting(f, "kx", taps, (kx) => {
            const tap = i32.add(i32.mul(ky, int(taps)), kx);
            const to = f.keep("to", i32.add(filter, i32.mul(tap, int(tapStep))));
            const total = f.keep("total", load(to));
            f.when(isNumber(total), () => writeTap({ ky, kx, total }));
            f.store(to, total);
          }),
        ),
      );
      f.set(k, i32.add(k, int(1)));
      const isLast = i32.sub(int(1), i32.lt_u(k, int(to.channels)));
      f.set(channel, i32.add(channel, isLast));
      f.set(k, select(isLast, int(0), k));
    });

    /** total += Σ x · dy over the outputs of a row of tiles. */
    function writeTap({ ky, kx, total }: { ky: Address; kx: Address; total: Local<"f32"> }): void {
      const sum = f.keep("sum", number(0));
      const y = f.keep("y", i32.add(top, i32.add(ky, int(-from.height.before))));
      const gradient = f.keep("gradient", i32.add(pixelAt(source, top, int(0), to), i32.mul(k, int(4))));
      f.times(height, () => {
        counting(f, "column", to.width.size, (column) => {
          const x = i32.add(column, i32.add(kx, int(-from.width.before)));
          const pixel = pixelOrZeros(image, y, f.keep("x", x), from, at.zeros);
          const value = f.keep("pixel", i32.add(pixel, i32.mul(channel, int(4))));
          addProducts(f, sum, 1, { at: value, step: 0 }, { at: gradient, step: 4 * to.channels });
        });
        f.set(y, i32.add(y, int(1)));
      });
      f.set(total, f32.add(total, sum));
    }
  });
}
