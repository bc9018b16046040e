import type { Sliding } from "@convlens/backend";
import { select, zero4, type Pointer } from "../../../assembler/expression.ts";
import type { FunctionWriter, Machine } from "../../../assembler/function.ts";
import { i32, type Int, type Vector } from "../../../assembler/instructions.ts";
import { writeProduct, type ProductShape } from "../../product.ts";
import type { ImageGeometry } from "../convolver.ts";
import { writeEachTile, type ImageList, type TilePixels, type TileRows, type Tiled, type Tiling } from "../tiles.ts";
import { EDGE, PLANES, transformSquare, type Transform } from "./transforms.ts";

/** The next multiple of `to`. */
export const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** A convolution of an image `from` to an image `to`, both divided into tiles. Padding belongs to `from`. */
export interface Tiles {
  readonly from: Tiled;
  readonly to: Tiled;
  /** Tiles in a row. */
  readonly across: number;
  /** Rows of tiles in an image. */
  readonly down: number;
  /** Rows of tiles that are transformed together. */
  readonly block: number;
  /** Numbers of a plane of transformed tiles. */
  readonly fromPlane: number;
  readonly toPlane: number;
}

/** Maximum number of elements of tiles that are transformed together: about what a core has in its cache. */
const BLOCK_NUMBERS = 300_000;
/** Maximum number of such tiles. */
const BLOCK_TILES = 64;

/** Numbers of a plane of transformed tiles, with a cache line more, so that planes are not a power of two apart. */
const planeNumbers = (machine: Machine, tiles: number, channels: number): number =>
  roundUp(tiles, machine.tile.rows) * roundUp(channels, 4) + 16;

/** Divides a convolution into tiles, forward, or for the gradient of its input. */
export function tilesOf(machine: Machine, g: ImageGeometry, direction: "forward" | "backward"): Tiles {
  const isForward = direction === "forward";
  const taps = g.height.window;
  const step = EDGE + 1 - taps;
  const [inChannels, outChannels] = isForward ? [g.inChannels, g.outChannels] : [g.outChannels, g.inChannels];
  const axis = (s: Sliding): [Tiling, Tiling] => {
    const [from, to] = isForward ? [s.input, s.output] : [s.output, s.input];
    const before = isForward ? s.before : taps - 1 - s.before;
    const count = Math.ceil(to / step);
    return [
      { size: from, count, step, before, reach: EDGE },
      { size: to, count, step, before: 0, reach: step },
    ];
  };
  const [[fromHeight, toHeight], [fromWidth, toWidth]] = [axis(g.height), axis(g.width)];
  const across = toWidth.count;
  const most = Math.floor(BLOCK_NUMBERS / (PLANES * (roundUp(inChannels, 4) + roundUp(outChannels, 4))));
  const block = Math.max(1, Math.round(Math.min(BLOCK_TILES, Math.max(16, most)) / across));
  return {
    from: { height: fromHeight, width: fromWidth, channels: inChannels },
    to: { height: toHeight, width: toWidth, channels: outChannels },
    across,
    down: toHeight.count,
    block,
    fromPlane: planeNumbers(machine, block * across, inChannels),
    toPlane: planeNumbers(machine, block * across, outChannels),
  };
}

/** Numbers of a row of zeros that takes the place of all rows outside of an image. */
export const numbersOfRow = ({ width, channels }: Tiled): number => roundUp(width.size * channels + 4, 16);

/** Four channels of a pixel of a tile. */
export type ReadTile = (row: number, column: number) => Vector;
/** The pixels of a tile of the first image. */
export const pixelsOf =
  ({ at, load }: TilePixels): ReadTile =>
  (row, column) => {
    const pixel = at(row, column);
    return pixel === undefined ? zero4 : load(...pixel);
  };

/** Writes: transforms tiles of images to planes [36][tile][channel]; `read` gives the pixels of a tile. */
export function writeTransformed(
  f: FunctionWriter,
  images: ImageList,
  rows: TileRows,
  to: { readonly planes: Pointer; readonly plane: number },
  transform: Transform,
  read: (pixels: TilePixels) => ReadTile = pixelsOf,
): void {
  const planes = f.keep(to.planes);
  writeEachTile(f, images, rows, { moving: [planes] }, (pixels) =>
    transformSquare(f, transform, images[0].tiled.height.reach, read(pixels), (row, column, value) =>
      f.storeLanes(planes, value, (EDGE * row + column) * to.plane, Math.max(4, pixels.lanes)),
    ),
  );
}

/** Planes [36][tile][channel] of transformed tiles. */
export interface Planes {
  readonly start: Pointer;
  /** Numbers of a plane. */
  readonly plane: number;
  readonly channels: number;
}

/** Writes: multiplies each plane of transformed tiles by its plane of packed filters. */
export function writePlaneProducts(f: FunctionWriter, tiles: Int, from: Planes, filters: Pointer, to: Planes): void {
  const columns = roundUp(to.channels, 4);
  const shape: ProductShape = {
    rows: { tiles },
    rowStep: roundUp(from.channels, 4),
    resultStep: columns,
    columns,
    terms: [{ count: from.channels, step: 1 }],
  };
  const [a, b, c] = [f.keep(from.start), f.keep(filters), f.keep(to.start)];
  f.times(PLANES, () => {
    writeProduct(f, shape, { a, b, c: f.keep(c), bias: f.local("i32") });
    f.advance(a, from.plane);
    f.advance(c, to.plane);
  });
}

/** Writes: min(a, b) */
export const smaller = (a: Int, b: Int): Int => select(i32.lt_u(a, b), a, b);
