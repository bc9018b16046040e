import {
  add,
  below,
  chooseInt,
  divideInt,
  int,
  multiplyInt,
  subtractInt,
  type Expression,
  type Local,
} from "../../assembler/expression.ts";
import type { FunctionWriter } from "../../assembler/function.ts";

type Address = Local<"i32">;

/** How tiles lie along one axis of an image: each begins `step` after the one before it, and reaches over the edges. */
export interface Tiling {
  /** Pixels of the image. */
  readonly size: number;
  readonly count: number;
  readonly step: number;
  /** Pixels of the first tile that lie before the image. */
  readonly before: number;
  /** Pixels of a tile. */
  readonly reach: number;
}

/** An image [height, width, channels] that is read or written in tiles. */
export interface Tiled {
  readonly height: Tiling;
  readonly width: Tiling;
  readonly channels: number;
}

/** Tiles side by side that have the same pixels inside of the image. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  /** The first pixel inside, and behind the last one. */
  readonly first: number;
  readonly end: number;
}

function stretchesOf({ size, count, step, before, reach }: Tiling): Stretch[] {
  const found: Stretch[] = [];
  for (let tile = 0; tile < count; tile++) {
    const start = tile * step - before;
    const first = Math.max(0, -start);
    const end = Math.max(first, Math.min(reach, size - start));
    const last = found.at(-1);
    if (last?.first === first && last.end === end) found.splice(-1, 1, { ...last, count: last.count + 1 });
    else found.push({ from: tile, count: 1, first, end });
  }
  return found;
}

/** Where pixels lie at this place in the code: none where they are outside of the image. */
export interface TilePixels {
  /** Address and offset of a pixel's channels; rows outside of the image are elsewhere. */
  readonly at: (row: number, column: number) => readonly [address: Address, offset: number] | undefined;
  /** How many channels count: four, but for the last ones. */
  readonly lanes: number;
}

/** What moves from tile to tile. */
export interface Walk {
  readonly images: Address;
  /** A row of pixels that stands for all those above and below an image. */
  readonly outside: Address;
  /** Addresses that go on by four numbers after each four channels. */
  readonly moving: readonly Address[];
  /** Writes what is done before the first channels of a tile. */
  readonly onTile?: (() => void) | undefined;
}

/** Which rows of tiles: counted through all images, and where that is. */
export interface TileRows {
  readonly first: Address;
  readonly count: Expression<"i32">;
}

/** Writes: visits tiles row by row, and four channels of each at a time. */
export function writeEachTile(
  f: FunctionWriter,
  { height, width, channels }: Tiled,
  { first, count }: TileRows,
  { images, outside, moving, onTile }: Walk,
  body: (pixels: TilePixels) => void,
): void {
  const pixel = 4 * channels;
  const rowBytes = width.size * pixel;
  const vectors = Math.floor(channels / 4);
  const rest = channels % 4;
  const image = f.local("i32", "image");
  const tile = f.local("i32", "tileRow");
  const top = f.local("i32", "top");
  const rows = Array.from({ length: height.reach }, () => f.local("i32", "row"));
  const at = Array.from({ length: height.reach }, () => f.local("i32", "at"));
  f.set(tile, first);
  f.times(count, () => {
    // Of which image, and where in it: tile rows are counted through all images.
    const n = f.keep("n", height.count === 1 ? tile : divideInt(tile, int(height.count)));
    f.set(image, add(images, multiplyInt(n, int(height.size * rowBytes))));
    f.set(
      top,
      add(multiplyInt(subtractInt(tile, multiplyInt(n, int(height.count))), int(height.step)), int(-height.before)),
    );
    rows.forEach((row, i) => {
      const y = f.keep("y", add(top, int(i)));
      const inside = add(image, multiplyInt(y, int(rowBytes)));
      // A row before the first is a very large one, taken as unsigned.
      f.set(row, chooseInt(below(y, int(height.size)), inside, outside));
    });
    for (const { from, count, first, end } of stretchesOf(width)) {
      const start = (from * width.step - width.before + first) * pixel;
      at.forEach((address, i) => f.set(address, add(rows[i]!, int(start))));
      const some = (lanes: number): void => {
        body({
          lanes,
          at: (row, column) => (column < first || column >= end ? undefined : [at[row]!, (column - first) * pixel]),
        });
        for (const address of moving) f.advance(address, 16);
        for (const address of at) f.advance(address, 4 * lanes);
      };
      f.times(count, () => {
        onTile?.();
        f.times(vectors, () => some(4));
        if (rest > 0) some(rest);
        for (const address of at) f.advance(address, width.step * pixel - pixel);
      });
    }
    f.set(tile, add(tile, int(1)));
  });
}
