import { element, int, plus, select, type Pointer } from "../../assembler/expression.ts";
import { i32, type Expression } from "../../assembler/instructions.ts";
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
  readonly inside: readonly { readonly first: number; readonly end: number }[];
}

/** The tiles of a row as stretches. */
function stretchesOf(tilings: readonly Tiling[], { isFirstAlone = false }: Pick<Walk, "isFirstAlone">): Stretch[] {
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

/** The pixels of a tile at this place of the code. */
export interface TilePixels {
  /** The address of a pixel's channels, by default in the first image. Columns outside of the image have none. */
  readonly at: (row: number, column: number, image?: number) => readonly [address: Pointer, offset: number] | undefined;
  /** Whether a row lies in the first image; undefined if all rows do, or if {@link Walk.marksEdges} is not set. */
  readonly isRowInside: (row: number) => Expression<"i32"> | undefined;
  /** Number of channels: four, except for the last ones. */
  readonly lanes: number;
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

/** What is done from tile to tile. */
export interface Walk {
  /** Addresses that move by four numbers after each four channels. */
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
  readonly count: Expression<"i32">;
}

/** Writes: visits tiles row by row, and four channels of each at a time, in several images with as many tiles and channels. */
export function writeEachTile(
  f: FunctionWriter,
  images: readonly Images[],
  { first, count }: TileRows,
  walk: Walk,
  body: (pixels: TilePixels) => void,
): void {
  const writer = new TileWriter(f, images, walk, body);
  f.set(writer.tileRow, first);
  f.times(count, () => {
    writer.placeRow();
    if (walk.marksEdges) writer.markedRow();
    else writer.row({ isEdge: false });
    walk.afterRow?.();
    f.set(writer.tileRow, i32.add(writer.tileRow, int(1)));
  });
}

class TileWriter {
  readonly #f: FunctionWriter;
  readonly #images: readonly Images[];
  readonly #walk: Walk;
  readonly #body: (pixels: TilePixels) => void;
  readonly #channels: number;
  readonly #image: Pointer;
  /** Number of the row of tiles. */
  readonly tileRow: Pointer;
  readonly #top: Pointer;
  /** For each image, the address of each row of pixels of the tiles, and of the tile's pixels in it. */
  readonly #rows: readonly (readonly Pointer[])[];
  readonly #at: readonly (readonly Pointer[])[];
  /** For each row of the first image, whether it lies inside. */
  readonly #isInside: readonly Pointer[];

  constructor(f: FunctionWriter, images: readonly Images[], walk: Walk, body: (pixels: TilePixels) => void) {
    const addresses = (name: string): Pointer[][] =>
      images.map(({ tiled }) => Array.from({ length: tiled.height.reach }, () => f.local("i32", name)));
    this.#f = f;
    this.#images = images;
    this.#walk = walk;
    this.#body = body;
    this.#channels = images[0]!.tiled.channels;
    this.#image = f.local("i32", "image");
    this.tileRow = f.local("i32", "tileRow");
    this.#top = f.local("i32", "top");
    this.#rows = addresses("row");
    this.#at = addresses("at");
    this.#isInside = walk.marksEdges ? this.#rows[0]!.map(() => f.local("i32", "isInside")) : [];
  }

  /** Computes the addresses of the rows of pixels. Rows of tiles are counted through all images. */
  placeRow(): void {
    const f = this.#f;
    const { count } = this.#images[0]!.tiled.height;
    const n = f.keep("n", count === 1 ? this.tileRow : i32.div_u(this.tileRow, int(count)));
    const down = f.keep("down", i32.sub(this.tileRow, i32.mul(n, int(count))));
    this.#images.forEach(({ tiled: { height, width }, start, outside }, k) => {
      const rowStep = width.size * this.#channels;
      f.set(this.#image, element(start, n, height.size * rowStep));
      f.set(this.#top, i32.add(i32.mul(down, int(height.step)), int(-height.before)));
      this.#rows[k]!.forEach((row, i) => {
        const y = f.keep("y", i32.add(this.#top, int(i)));
        // As an unsigned number, a row before the first is a very large one.
        const isRowInside = i32.lt_u(y, int(height.size));
        f.set(row, select(isRowInside, element(this.#image, y, rowStep), outside));
        if (k === 0 && this.#walk.marksEdges) f.set(this.#isInside[i]!, isRowInside);
      });
    });
  }

  /** A row of tiles, with code of its own for rows that reach over an edge. */
  markedRow(): void {
    const f = this.#f;
    const count = this.#isInside.reduce<Expression<"i32">>((sum, each) => i32.add(sum, each), int(0));
    const isEdge = i32.lt_u(f.keep("insideRows", count), int(this.#images[0]!.tiled.height.reach));
    f.when(isEdge, () => this.row({ isEdge: true }));
    f.when(i32.sub(int(1), isEdge), () => this.row({ isEdge: false }));
  }

  row(options: { readonly isEdge: boolean }): void {
    const f = this.#f;
    const channels = this.#channels;
    const widths = this.#images.map(({ tiled }) => tiled.width);
    for (const stretch of stretchesOf(widths, this.#walk)) {
      widths.forEach(({ step, before }, k) => {
        const start = (stretch.from * step - before + stretch.inside[k]!.first) * channels;
        this.#at[k]!.forEach((address, i) => f.set(address, plus(this.#rows[k]![i]!, start)));
      });
      f.times(stretch.count, () => {
        this.#walk.onTile?.();
        f.times(Math.floor(channels / 4), () => this.#some(stretch, 4, options));
        if (channels % 4 > 0) this.#some(stretch, channels % 4, options);
        widths.forEach(({ step }, k) => {
          for (const address of this.#at[k]!) f.advance(address, (step - 1) * channels);
        });
      });
    }
  }

  /** Some channels of a tile. */
  #some({ from, inside }: Stretch, lanes: number, { isEdge }: { readonly isEdge: boolean }): void {
    const f = this.#f;
    this.#body({
      lanes,
      isFirst: from === 0,
      isRowInside: (row) => (isEdge ? this.#isInside[row] : undefined),
      at: (row, column, k = 0) => {
        const { first, end } = inside[k]!;
        const offset = (column - first) * this.#channels;
        return column < first || column >= end ? undefined : [this.#at[k]![row]!, offset];
      },
    });
    for (const address of this.#walk.moving) f.advance(address, 4);
    for (const address of this.#at.flat()) f.advance(address, lanes);
  }
}
