import { int, select, type Local } from "../../assembler/expression.ts";
import { i32, type Expression } from "../../assembler/instructions.ts";
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

/** Tiles side by side that have the same pixels inside of their images. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  /** Of each image the first pixel inside, and behind the last one. */
  readonly inside: readonly { readonly first: number; readonly end: number }[];
}

function stretchesOf(tilings: readonly Tiling[], isFirstAlone: boolean): Stretch[] {
  const found: Stretch[] = [];
  for (let tile = 0; tile < tilings[0]!.count; tile++) {
    const inside = tilings.map(({ size, step, before, reach }) => {
      const start = tile * step - before;
      const first = Math.max(0, -start);
      return { first, end: Math.max(first, Math.min(reach, size - start)) };
    });
    const last = found.at(-1);
    const isSame = last?.inside.every(({ first, end }, i) => first === inside[i]!.first && end === inside[i]!.end);
    if (last !== undefined && isSame && !(isFirstAlone && tile === 1))
      found.splice(-1, 1, { ...last, count: last.count + 1 });
    else found.push({ from: tile, count: 1, inside });
  }
  return found;
}

/** Where pixels lie at this place in the code: none where they are outside of the image. */
export interface TilePixels {
  /** Address and offset of a pixel's channels, in the first image unless told; rows outside of the image are elsewhere. */
  readonly at: (row: number, column: number, image?: number) => readonly [address: Address, offset: number] | undefined;
  /** Whether a row lies in the first image; undefined where all rows do, or {@link Walk.marksEdges} is not set. */
  readonly isRowInside: (row: number) => Expression<"i32"> | undefined;
  /** How many channels count: four, but for the last ones. */
  readonly lanes: number;
  /** Whether the tile is the first of its row; only if that is asked for. */
  readonly isFirst: boolean;
}

/** Images of one shape, one behind the other. */
export interface Images {
  readonly tiled: Tiled;
  readonly start: Address;
  /** A row of pixels that stands for all those above and below an image. */
  readonly outside: Address;
}

/** What moves from tile to tile. */
export interface Walk {
  /** Addresses that go on by four numbers after each four channels. */
  readonly moving: readonly Address[];
  /** Writes what is done before the first channels of a tile. */
  readonly onTile?: (() => void) | undefined;
  /** Writes what is done after the last tile of a row. */
  readonly afterRow?: (() => void) | undefined;
  /** Whether the first tile of a row is told from the others. */
  readonly isFirstAlone?: boolean;
  /** Whether rows of tiles that reach over an edge of the first image are told from the others. */
  readonly marksEdges?: boolean;
}

/** Writes: stores four numbers, or as many as there are channels left. */
export function writeLanes(
  f: FunctionWriter,
  to: Address,
  value: Expression<"v128">,
  offset: number,
  lanes: number,
): void {
  if (lanes === 4) return f.store4(to, value, offset);
  const numbers = f.keep("lanes", value);
  for (let lane = 0; lane < lanes; lane++) f.storeOne(to, numbers, offset + 4 * lane, lane);
}

/** Which rows of tiles: counted through all images, and where that is. */
export interface TileRows {
  readonly first: Address;
  readonly count: Expression<"i32">;
}

/** Writes: visits tiles row by row, and four channels of each at a time: in several images of as many tiles and channels. */
export function writeEachTile(
  f: FunctionWriter,
  images: readonly Images[],
  { first, count }: TileRows,
  { moving, onTile, afterRow, isFirstAlone = false, marksEdges = false }: Walk,
  body: (pixels: TilePixels) => void,
): void {
  const { channels, height } = images[0]!.tiled;
  const pixel = 4 * channels;
  const vectors = Math.floor(channels / 4);
  const rest = channels % 4;
  const image = f.local("i32", "image");
  const tile = f.local("i32", "tileRow");
  const top = f.local("i32", "top");
  const addresses = (name: string): Address[][] =>
    images.map(({ tiled }) => Array.from({ length: tiled.height.reach }, () => f.local("i32", name)));
  const [rows, at] = [addresses("row"), addresses("at")];
  const isInside = marksEdges ? rows[0]!.map(() => f.local("i32", "isInside")) : [];
  f.set(tile, first);
  f.times(count, () => {
    // Of which image, and where in it: tile rows are counted through all images.
    const n = f.keep("n", height.count === 1 ? tile : i32.div_u(tile, int(height.count)));
    const down = f.keep("down", i32.sub(tile, i32.mul(n, int(height.count))));
    images.forEach(({ tiled, start, outside }, k) => {
      const rowBytes = tiled.width.size * pixel;
      f.set(image, i32.add(start, i32.mul(n, int(tiled.height.size * rowBytes))));
      f.set(top, i32.add(i32.mul(down, int(tiled.height.step)), int(-tiled.height.before)));
      rows[k]!.forEach((row, i) => {
        const y = f.keep("y", i32.add(top, int(i)));
        const inside = i32.add(image, i32.mul(y, int(rowBytes)));
        // A row before the first is a very large one, taken as unsigned.
        const isRowInside = i32.lt_u(y, int(tiled.height.size));
        f.set(row, select(isRowInside, inside, outside));
        if (k === 0 && marksEdges) f.set(isInside[i]!, isRowInside);
      });
    });
    const widths = images.map(({ tiled }) => tiled.width);
    const writeRow = (isEdge: boolean): void => {
      for (const { from, count, inside } of stretchesOf(widths, isFirstAlone)) {
        widths.forEach(({ step, before }, k) => {
          const start = (from * step - before + inside[k]!.first) * pixel;
          at[k]!.forEach((address, i) => f.set(address, i32.add(rows[k]![i]!, int(start))));
        });
        const some = (lanes: number): void => {
          body({
            lanes,
            isFirst: from === 0,
            isRowInside: (row) => (isEdge ? isInside[row] : undefined),
            at: (row, column, k = 0) => {
              const { first, end } = inside[k]!;
              return column < first || column >= end ? undefined : [at[k]![row]!, (column - first) * pixel];
            },
          });
          for (const address of moving) f.advance(address, 16);
          for (const address of at.flat()) f.advance(address, 4 * lanes);
        };
        f.times(count, () => {
          onTile?.();
          f.times(vectors, () => some(4));
          if (rest > 0) some(rest);
          widths.forEach(({ step }, k) => {
            for (const address of at[k]!) f.advance(address, step * pixel - pixel);
          });
        });
      }
    };
    if (marksEdges) {
      const insideRows = f.keep(
        "insideRows",
        isInside.reduce<Expression<"i32">>((sum, each) => i32.add(sum, each), int(0)),
      );
      const isEdge = i32.lt_u(insideRows, int(height.reach));
      f.when(isEdge, () => writeRow(true));
      f.when(i32.sub(int(1), isEdge), () => writeRow(false));
    } else writeRow(false);
    afterRow?.();
    f.set(tile, i32.add(tile, int(1)));
  });
}
