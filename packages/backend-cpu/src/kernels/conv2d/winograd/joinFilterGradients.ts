import { int, load4, loadOne } from "../../../assembler/expression.ts";
import { f32x4, i32, type Expression } from "../../../assembler/instructions.ts";
import type { Argument } from "../../../callList.ts";
import type { CompiledFunction, Runtime } from "../../../runtime.ts";
import { splitCalls } from "../../splitCalls.ts";
import { CHUNK } from "./filters.ts";
import { roomNumbers, writeFilterRepair, type Repaired } from "./gradientRepair.ts";
import { Watch } from "./guard.ts";
import { EDGE, filterAdjoint, PLANES, transformSquare } from "./transforms.ts";

/** Sums [36][channel][filter] of each part of a batch. Steps are in bytes. */
export interface PartialSums {
  readonly parts: number;
  /** From a part to the next. */
  readonly part: number;
  /** From a plane to the next. */
  readonly plane: number;
}

/** What the gradients of the convolution were computed from, to compute again those that are not finite. */
export interface Sources {
  readonly dy: number;
  readonly x: number;
  readonly y: number;
  /** Rows of tiles in all images. */
  readonly rows: number;
  readonly zeros: number;
  /** Room of each thread. */
  readonly own: Argument;
}

/** Sums over the parts, brought back from 36 products to taps. */
export function joinFilterGradients(
  runtime: Runtime,
  repaired: Repaired,
  { parts, part, plane }: PartialSums,
): {
  /** Numbers that each thread needs. */
  readonly scratch: number;
  readonly run: (sums: number, filters: number, sources: Sources) => void;
} {
  const { taps } = repaired;
  const [channels, filterCount] = [repaired.tiles.from.channels, repaired.tiles.to.channels];
  const length = channels * filterCount;
  const tap = 4 * length;
  // All filters of some channels.
  const each = Math.max(1, Math.floor(CHUNK / filterCount));
  const room = roomNumbers(repaired);
  const code = (count: number): CompiledFunction =>
    runtime.code(
      `winograd join ${JSON.stringify([parts, part, plane, repaired, count])}`,
      ["sums", "filters", "channel", "dy", "x", "y", "rows", "zeros", "mine"],
      (f, sums, filters, channel, dy, x, y, rows, zeros, mine) => {
        const others = Array.from({ length: parts - 1 }, () => f.local("i32", "sums"));
        others.forEach((other, i) => f.set(other, i32.add(sums, int((i + 1) * part))));
        const addresses = [sums, ...others];
        const start = f.keep("start", filters);
        const watch = new Watch(f);
        const some = (
          load: typeof load4,
          store: (value: Expression<"v128">, offset: number) => void,
          step: number,
        ): void => {
          transformSquare(
            f,
            filterAdjoint(taps),
            EDGE,
            (row, column) =>
              addresses
                .map((address) => load(address, (EDGE * row + column) * plane))
                .reduce((total, value) => f32x4.add(total, value)),
            (row, column, value) => {
              // The corners of a filter count all of its products.
              const isCorner = [row, column].every((i) => i === 0 || i === taps - 1);
              const result = isCorner ? watch.see(value) : value;
              store(result, tap * (taps * row + column));
            },
          );
          watch.look();
          for (const address of [...addresses, filters]) f.advance(address, step);
        };
        const pairs = count * filterCount;
        f.times(Math.floor(pairs / 4), () => some(load4, (v, at) => f.store4(filters, v, at), 16));
        f.times(pairs % 4, () => some(loadOne, (v, at) => f.storeOne(filters, v, at), 4));
        f.when(watch.hasFound, () =>
          f.call(
            "repair",
            [start, channel, dy, x, y, rows, zeros, mine],
            (f, filters, channel, dy, x, y, rows, zeros, room) =>
              writeFilterRepair(f, repaired, count, {
                dy: dy,
                y: y,
                zeros: zeros,
                room: room,
                x: x,
                filters: filters,
                channel: channel,
                rows: rows,
                flags: f.keep("flags", i32.add(room, int(4 * roomNumbers(repaired)))),
              }),
          ),
        );
      },
      each * filterCount * PLANES,
    );
  const run = splitCalls(channels, each, code);
  const step = 4 * each * filterCount;
  return {
    scratch: room + each * filterCount,
    run: (sums, filters, { dy, x, y, rows, zeros, own }) =>
      run([sums, step], [filters, step], [0, each], dy, x, y, rows, zeros, own),
  };
}
