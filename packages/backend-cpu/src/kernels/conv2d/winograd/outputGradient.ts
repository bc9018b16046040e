import type { ConvolutionGradients } from "@convlens/backend";
import { zero4, type Pointer } from "../../../assembler/expression.ts";
import { f32x4, v128, type Vector } from "../../../assembler/instructions.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import { eachWinner } from "../../pool2d.ts";
import type { Tiled, TilePixels, Tiling, ImageList } from "../tiles.ts";
import { pixelsOf, type ReadTile } from "./tilesOf.ts";

/** Operations between the convolution's output and the given gradient. */
export type Through = Pick<ConvolutionGradients, "relu" | "pool">;

/** An image of half the size, with tiles in the same places as those of the larger one. */
function halved({ height, width, channels }: Tiled): Tiled {
  const half = ({ size, count, step, before, reach }: Tiling): Tiling => ({
    size: Math.floor(size / 2),
    count,
    step: step / 2,
    before,
    reach: reach / 2,
  });
  return { height: half(height), width: half(width), channels };
}

/** The images from which tiles of the gradient of a convolution's output are computed, and how. */
export function outputGradient(
  f: FunctionWriter,
  to: Tiled,
  { relu, pool }: Through,
  { dy, y, outside }: { readonly dy: Pointer; readonly y: Pointer; readonly outside: Pointer },
): { readonly images: ImageList; readonly read: (pixels: TilePixels) => ReadTile } {
  const output = { tiled: to, start: y, outside };
  const given = { tiled: pool ? halved(to) : to, start: dy, outside };
  if (pool) return { images: [output, given], read: (pixels) => throughPool(f, pixels, { relu }) };
  return relu ? { images: [output, given], read: throughRelu } : { images: [given], read: pixelsOf };
}

/** dy where y > 0, zero elsewhere. */
const gated = (dy: Vector, y: Vector): Vector => v128.and(dy, f32x4.gt(y, zero4));

const throughRelu =
  ({ at, load }: TilePixels): ReadTile =>
  (row, column) => {
    const [y, dy] = [at(row, column), at(row, column, 1)];
    return y === undefined || dy === undefined ? zero4 : gated(load(...dy), load(...y));
  };

/** Passes each number of the smaller image to the winner of its window. */
function throughPool(f: FunctionWriter, { at, load }: TilePixels, { relu }: Pick<Through, "relu">): ReadTile {
  const windows = new Map<string, readonly Vector[]>();
  return (row, column) => {
    const [down, across] = [row >> 1, column >> 1];
    const pooled = at(down, across, 1);
    if (pooled === undefined) return zero4;
    const key = `${down} ${across}`;
    let window = windows.get(key);
    if (window === undefined) {
      const taps = [0, 1, 2, 3].map((tap) => load(...at(2 * down + (tap >> 1), 2 * across + (tap & 1))!));
      const won: Vector[] = [];
      let dy: Vector = load(...pooled);
      eachWinner(f, taps, (tap, wins, best) => {
        if (tap === 0) dy = f.keep(relu ? gated(dy, best) : dy);
        won[tap] = f.keep(v128.and(wins, dy));
      });
      windows.set(key, (window = won));
    }
    return window[2 * (row & 1) + (column & 1)]!;
  };
}
