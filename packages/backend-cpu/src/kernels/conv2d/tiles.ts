import { element, int, loadOf, plus, select, type load4, type Pointer } from "../../assembler/expression.ts";
import { i32, type Int } from "../../assembler/instructions.ts";
import type { FunctionWriter } from "../../assembler/function.ts";

/** The tiles along one axis of an image: each begins `step` pixels after the one before it. Tiles may reach over the edges. */
export interface Tiling {
  /** Pixels of the image. */
  readonly size: number;
  readonly count: number;
  readonly step: number;
  /** Pixels of the first tile before the image. */
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

/** Neighbouring tiles that have the same pixels inside of their images. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  /** For each image, the first pixel inside, and the one behind the last. */
  readonly inside: readonly (Lines & { readonly first: number; readonly end: number })[];
}

/** Addresses of the rows of pixels under a tile: of their first pixels, and of the pixels at a place of the code. */
interface Lines {
  readonly width: Tiling;
  readonly lines: readonly { readonly row: Pointer; readonly at: Pointer }[];
}

/** The `count` tiles of a row as stretches. */
function stretchesOf(
  images: readonly Lines[],
  count: number,
  { isFirstAlone = false }: Pick<Walk, "isFirstAlone">,
): Stretch[] {
  const found: Stretch[] = [];
  for (let tile = 0; tile < count; tile++) {
    const inside = images.map((image) => {
      const { size, step, before, reach } = image.width;
      const start = tile * step - before;
      const first = Math.max(0, -start);
      return { ...image, first, end: Math.max(first, Math.min(reach, size - start)) };
    });
    const last = found.at(-1);
    const isSame = last?.inside.every(({ first, end }, i) => first === inside[i]?.first && end === inside[i].end);
    if (last !== undefined && isSame && !(isFirstAlone && tile === 1))
      found.splice(-1, 1, { ...last, count: last.count + 1 });
    else found.push({ from: tile, count: 1, inside });
  }
  return found;
}

/** The pixels of a tile at this place of the code. */
export interface TilePixels {
  /** The address of a pixel's channels, by default in the first image. Columns outside of the image have none. */
  readonly at: (row: number, column: number, image?: number) => readonly [address: Pointer, offset: number] | undefined;
  /** Whether a row lies in the first image; undefined if all rows do, or if {@link Walk.marksEdges} is not set. */
  readonly isRowInside: (row: number) => Int | undefined;
  /** Number of channels: eight or four, except for the last ones. */
  readonly lanes: number;
  /** Loads as many numbers, or four. */
  readonly load: typeof load4;
  /** Whether the tile is the first of its row, if {@link Walk.isFirstAlone} is set. */
  readonly isFirst: boolean;
}

/** A batch of images. */
export interface Images {
  readonly tiled: Tiled;
  readonly start: Pointer;
  /** A row of pixels that takes the place of all rows above and below an image. */
  readonly outside: Pointer;
}

/** Several images, which are visited together. */
export type ImageList = readonly [Images, ...Images[]];

/** What is done from tile to tile. */
export interface Walk {
  /** Addresses that move by the number of channels, or four. */
  readonly moving: readonly Pointer[];
  /** Writes code before the first channels of a tile. */
  readonly onTile?: (() => void) | undefined;
  /** Writes code after the last tile of a row. */
  readonly afterRow?: (() => void) | undefined;
  /** Whether the first tile of a row has code of its own. */
  readonly isFirstAlone?: boolean;
  /** Whether rows of tiles that reach over an edge of the first image have code of their own. */
  readonly marksEdges?: boolean;
}

/** Some rows of tiles, which are counted through all images. */
export interface TileRows {
  readonly first: Pointer;
  readonly count: Int;
}

/** Writes: visits tiles row by row, and four channels of each at a time, in several images with as many tiles and channels. */
export function writeEachTile(
  f: FunctionWriter,
  images: ImageList,
  { first, count }: TileRows,
  walk: Walk,
  body: (pixels: TilePixels) => void,
): void {
  const { channels, height, width } = images[0].tiled;
  const image = f.local("i32");
  const tile = f.local("i32");
  const top = f.local("i32");
  const rowed = images.map(({ tiled, ...image }) => ({
    ...image,
    ...tiled,
    rows: Array.from({ length: tiled.height.reach }, () => f.local("i32")),
  }));
  const lined = rowed.map(({ rows, ...image }) => ({
    ...image,
    lines: rows.map((row) => ({ row, at: f.local("i32") })),
  }));
  const isInside = Array.from({ length: walk.marksEdges ? height.reach : 0 }, () => f.local("i32"));

  /** Computes the addresses of the rows of pixels. Rows of tiles are counted through all images. */
  const placeRow = (): void => {
    const n = f.keep(height.count === 1 ? tile : i32.div_u(tile, int(height.count)));
    const down = f.keep(i32.sub(tile, i32.mul(n, int(height.count))));
    lined.forEach(({ height, width, start, outside, lines }, k) => {
      const rowStep = width.size * channels;
      f.set(image, element(start, n, height.size * rowStep));
      f.set(top, i32.add(i32.mul(down, int(height.step)), int(-height.before)));
      lines.forEach(({ row }, i) => {
        const y = f.keep(i32.add(top, int(i)));
        // As an unsigned number, a row before the first is a very large one.
        const isRowInside = i32.lt_u(y, int(height.size));
        f.set(row, select(isRowInside, element(image, y, rowStep), outside));
        const mark = k === 0 ? isInside[i] : undefined;
        if (mark !== undefined) f.set(mark, isRowInside);
      });
    });
  };
  const advance = (numbersOf: (width: Tiling) => number): void => {
    for (const { width, lines } of lined) for (const { at } of lines) f.advance(at, numbersOf(width));
  };
  const writeRow = (isRowInside: TilePixels["isRowInside"]): void => {
    for (const { from, count, inside } of stretchesOf(lined, width.count, walk)) {
      for (const { width, lines, first } of inside) {
        const start = (from * width.step - width.before + first) * channels;
        for (const { row, at } of lines) f.set(at, plus(row, start));
      }
      const at: TilePixels["at"] = (row, column, k = 0) => {
        const image = inside[k];
        const line = image?.lines[row];
        if (image === undefined || line === undefined || column < image.first || column >= image.end) return undefined;
        return [line.at, (column - image.first) * channels];
      };
      const some = (lanes: number): void => {
        body({ lanes, load: loadOf(lanes), isFirst: from === 0, isRowInside, at });
        for (const address of walk.moving) f.advance(address, Math.max(4, lanes));
        advance(() => lanes);
      };
      f.times(count, () => {
        walk.onTile?.();
        f.inLanes(channels, some);
        advance(({ step }) => (step - 1) * channels);
      });
    }
  };
  f.set(tile, first);
  f.times(count, () => {
    placeRow();
    if (walk.marksEdges) {
      const insideRows = isInside.reduce<Int>((sum, each) => i32.add(sum, each), int(0));
      const isEdge = i32.lt_u(f.keep(insideRows), int(height.reach));
      f.when(isEdge, () => writeRow((row) => isInside[row]));
      f.when(i32.sub(int(1), isEdge), () => writeRow(() => undefined));
    } else writeRow(() => undefined);
    walk.afterRow?.();
    f.set(tile, i32.add(tile, int(1)));
  });
}
