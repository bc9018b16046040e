import type { Conv2dGeometry } from "@convlens/backend";
import { load4, select, zero4, type Local } from "../../../assembler/expression.ts";
import { i32, type Expression } from "../../../assembler/instructions.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import type { Runtime } from "../../../runtime.ts";
import { writeEachTile, type Images, type Tiled, type TilePixels, type TileRows, type Tiling } from "../tiles.ts";
import { EDGE, PLANES, transformSquare, type Transform } from "./transforms.ts";

type Address = Local<"i32">;
/** The next multiple. */
export const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** A convolution of an image `from` to an image `to`, both cut in tiles; padding is counted in `from`. */
export interface Tiles {
  readonly from: Tiled;
  readonly to: Tiled;
  /** Tiles in a row, and rows of tiles in an image. */
  readonly across: number;
  readonly down: number;
  /** Rows of tiles that are transformed together. */
  readonly block: number;
  readonly fromPlane: number;
  readonly toPlane: number;
}

/** Tiles that are transformed together hold so many numbers at most, about what a core has close at hand … */
const BLOCK_NUMBERS = 300_000;
/** … and are so many at most. */
const BLOCK_TILES = 64;

/** Bytes of one plane of transformed tiles; a cache line more, so that planes do not lie a power of two apart. */
function planeBytes(runtime: Runtime, tiles: number, channels: number): number {
  return 4 * roundUp(tiles, runtime.machine.tile.rows) * roundUp(channels, 4) + 64;
}

export function tilesOf(runtime: Runtime, g: Conv2dGeometry, direction: "forward" | "backward"): Tiles {
  const isForward = direction === "forward";
  const taps = g.height.window;
  const step = EDGE + 1 - taps;
  const [inChannels, outChannels] = isForward ? [g.inChannels, g.outChannels] : [g.outChannels, g.inChannels];
  const axis = (s: Conv2dGeometry["height"]): [Tiling, Tiling] => {
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
    fromPlane: planeBytes(runtime, block * across, inChannels),
    toPlane: planeBytes(runtime, block * across, outChannels),
  };
}

/** Numbers of a row of zeros that stands for all those outside of an image. */
export const numbersOfRow = ({ width, channels }: Tiled): number => roundUp(width.size * channels + 4, 16);

/** What a tile of the first image holds. */
export const pixelsOf =
  ({ at }: TilePixels): ReadTile =>
  (row, column) => {
    const pixel = at(row, column);
    return pixel === undefined ? zero4 : load4(...pixel);
  };
/** Four channels of a pixel of a tile. */
export type ReadTile = (row: number, column: number) => Expression<"v128">;

/** Writes: transforms tiles of images to planes [36][tile][channel]; `read` says what a tile holds. */
export function writeTransformed(
  f: FunctionWriter,
  images: readonly Images[],
  rows: TileRows,
  to: { readonly planes: Address; readonly plane: number },
  transform: Transform,
  read: (pixels: TilePixels) => ReadTile = pixelsOf,
): void {
  const planes = f.keep("planes", to.planes);
  writeEachTile(f, images, rows, { moving: [planes] }, (pixels) =>
    transformSquare(f, transform, images[0]!.tiled.height.reach, read(pixels), (row, column, value) =>
      f.store4(planes, value, (EDGE * row + column) * to.plane),
    ),
  );
}

/** Writes: min(a, b) */
export const smaller = (a: Expression<"i32">, b: Expression<"i32">): Expression<"i32"> => select(i32.lt_u(a, b), a, b);
