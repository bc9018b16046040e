import { loadOf, loadOne, plus, type load4 } from "../../../assembler/expression.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import { f32x4, type Vector } from "../../../assembler/instructions.ts";
import { counted, strided, type Argument, type Count } from "../../../callList.ts";
import { defineFunction } from "../../../defineFunction.ts";
import type { Address } from "../../../heap.ts";
import type { Runtime } from "../../../runtime.ts";
import { splitCalls } from "../../splitCalls.ts";
import { CHUNK } from "./filters.ts";
import { roomNumbers, writeFilterRepair, type Repaired } from "./gradientRepair.ts";
import { FiniteCheck } from "./guard.ts";
import { EDGE, filterAdjoint, PLANES, transformSquare } from "./transforms.ts";

/** Sums [36][channel][filter] of each part of a batch. */
export interface PartialSums {
  readonly parts: number;
  /** Distance between parts. */
  readonly part: number;
  /** Distance between planes. */
  readonly plane: number;
}

/** What the gradients were computed from, to compute those again that are not finite. */
export interface Sources {
  readonly dy: Address;
  readonly x: Address;
  readonly y: Address;
  /** Rows of tiles in all images. */
  readonly rows: Count;
  readonly zeros: Address;
  /** Room of each thread. */
  readonly own: Argument;
}

const channelsOf = ({ tiles }: Repaired): number => tiles.from.channels;
const filtersOf = ({ tiles }: Repaired): number => tiles.to.channels;

/** The gradients of the filters of `count` channels. */
interface Join {
  readonly sums: PartialSums;
  readonly repaired: Repaired;
  readonly count: number;
}

const joinFunction = defineFunction({
  name: "winograd join",
  write: (f, join: Join, sums, filters, channel, dy, x, y, rows, zeros, own) => {
    const { sums: shape, repaired, count } = join;
    const others = Array.from({ length: shape.parts - 1 }, () => f.local("i32"));
    others.forEach((other, i) => f.set(other, plus(sums, (i + 1) * shape.part)));
    const addresses = [sums, ...others];
    const start = f.keep(filters);
    const check = new FiniteCheck(f);
    const some = (load: typeof load4, store: (value: Vector, offset: number) => void, numbers: number): void => {
      writeJoin(
        f,
        repaired,
        check,
        (plane) => addresses.map((address) => load(address, plane * shape.plane)).reduce((a, b) => f32x4.add(a, b)),
        store,
      );
      for (const address of [...addresses, filters]) f.advance(address, numbers);
    };
    const pairs = count * filtersOf(repaired);
    f.inLanes(pairs - (pairs % 4), (lanes) =>
      some(loadOf(lanes), (v, at) => f.storeLanes(filters, v, at, lanes), lanes),
    );
    f.times(pairs % 4, () => some(loadOne, (v, at) => f.storeOne(filters, v, at), 1));
    f.when(check.hasFound, () =>
      f.call(
        "repair",
        [start, channel, dy, x, y, rows, zeros, own],
        (f, filters, channel, dy, x, y, rows, zeros, room) => {
          const flags = f.keep(plus(room, roomNumbers(repaired)));
          writeFilterRepair(f, repaired, count, { dy, y, zeros, room, x, filters, channel, rows, flags });
        },
      ),
    );
  },
  work: ({ repaired }) => channelsEach(repaired) * filtersOf(repaired) * PLANES,
});

/** Writes: transforms the sums of four pairs of a channel and a filter, or of one, to the gradients of taps. */
function writeJoin(
  f: FunctionWriter,
  repaired: Repaired,
  check: FiniteCheck,
  sumOf: (plane: number) => Vector,
  store: (value: Vector, offset: number) => void,
): void {
  const { taps } = repaired;
  const tapStep = channelsOf(repaired) * filtersOf(repaired);
  transformSquare(
    f,
    filterAdjoint(taps),
    EDGE,
    (row, column) => sumOf(EDGE * row + column),
    (row, column, value) => {
      // All products are terms of the corners of a filter.
      const isCorner = [row, column].every((i) => i === 0 || i === taps - 1);
      store(isCorner ? check.add(value) : value, tapStep * (taps * row + column));
    },
  );
  check.endTile();
}

/** Channels for one call, with all of their filters. */
const channelsEach = (repaired: Repaired): number => Math.max(1, Math.floor(CHUNK / filtersOf(repaired)));

/** Prepares the sum over the parts of a batch, and its transform from 36 products to taps. */
export function joinFilterGradients(
  runtime: Runtime,
  repaired: Repaired,
  sums: PartialSums,
): {
  /** Numbers for each thread. */
  readonly scratch: number;
  readonly run: (sums: Address, filters: Address, sources: Sources) => void;
} {
  const each = channelsEach(repaired);
  const run = splitCalls(channelsOf(repaired), each, (count) =>
    runtime.compile(joinFunction, { sums, repaired, count }),
  );
  const step = each * filtersOf(repaired);
  return {
    scratch: roomNumbers(repaired) + step,
    run: (start, filters, { dy, x, y, rows, zeros, own }) =>
      run(strided(start, step), strided(filters, step), counted(each), dy, x, y, rows, zeros, own),
  };
}
