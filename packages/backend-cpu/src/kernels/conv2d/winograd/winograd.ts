import type { Conv2dGeometry } from "@convlens/backend";
import {
  add,
  below,
  calculate4,
  chooseInt,
  divideInt,
  int,
  load4,
  loadOne,
  multiplyInt,
  relu4,
  subtractInt,
  zero4,
  type Expression,
  type Local,
} from "../../../assembler/expression.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import type { Code, Team } from "../../../team.ts";
import { PANEL, panelLength, writePackAll, writeProduct, type Ending, type PanelShape } from "../../product.ts";
import {
  EDGE,
  filterAdjoint,
  filterTransform,
  inputTransform,
  outputAdjoint,
  outputTransform,
  PLANES,
  transformSquare,
  type Transform,
} from "./transforms.ts";
import type { Convolver, Launch } from "../convolver.ts";
import { splitOf } from "../../splitOf.ts";
import { writeEachTile, type Tiled, type Tiling } from "../tiles.ts";

type Address = Local<"i32">;
const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Convolutions of 3 × 3 and 5 × 5 that move by one pixel, by Winograd's algorithm. */
export const winograd = (team: Team, g: Conv2dGeometry): Convolver => ({
  forward: (ending) => convolve(team, g, "forward", ending),
  inputGradient: () => convolve(team, g, "backward"),
  filterGradient: () => filterGradient(team, g),
});

/** A convolution of an image `from` to an image `to`, both cut in tiles; padding is counted in `from`. */
interface Tiles {
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
function planeBytes(team: Team, tiles: number, channels: number): number {
  return 4 * roundUp(tiles, team.machine.tile.rows) * roundUp(channels, 4) + 64;
}

function tilesOf(team: Team, g: Conv2dGeometry, direction: "forward" | "backward"): Tiles {
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
    fromPlane: planeBytes(team, block * across, inChannels),
    toPlane: planeBytes(team, block * across, outChannels),
  };
}

const numbersOfRow = ({ width, channels }: Tiled): number => roundUp(width.size * channels + 4, 16);

/** Writes: transforms tiles of images to planes [36][tile][channel]. */
function writeTransformed(
  f: FunctionWriter,
  tiled: Tiled,
  {
    first,
    count,
    images,
    outside,
    planes,
    plane,
  }: { first: Address; count: Expression<"i32">; images: Address; outside: Address; planes: Address; plane: number },
  transform: Transform,
): void {
  const to = f.keep("planes", planes);
  writeEachTile(f, tiled, { first, count }, { images, outside, moving: [to] }, ({ at }) =>
    transformSquare(
      f,
      transform,
      tiled.height.reach,
      (row, column) => {
        const pixel = at(row, column);
        return pixel === undefined ? zero4 : load4(...pixel);
      },
      (row, column, value) => f.store4(to, value, (EDGE * row + column) * plane),
    ),
  );
}

/** Writes: min(a, b) */
const smaller = (a: Expression<"i32">, b: Expression<"i32">): Expression<"i32"> => chooseInt(below(a, b), a, b);

/** Numbers that a task transforms. */
const CHUNK = 4096;

/**
 * Filters made ready: packed in panels tap by tap, then each number's taps transformed.
 *
 * @returns Planes [36][panel][term][8], each so many numbers.
 */
function filterCode(
  team: Team,
  { height: { window: taps }, inChannels, outChannels }: Conv2dGeometry,
  isForward: boolean,
): {
  readonly key: string;
  readonly length: number;
  readonly scratch: number;
  readonly run: (filters: number, packed: number, to: number) => void;
} {
  const shape: PanelShape = isForward
    ? { terms: inChannels, columns: outChannels, termStep: 4 * outChannels, columnStep: 4 }
    : { terms: outChannels, columns: inChannels, termStep: 4, columnStep: 4 * outChannels };
  const length = panelLength(shape.terms, shape.columns);
  const key = `winograd filters ${JSON.stringify([taps, shape])}`;
  const pack = team.code(`${key} pack`, ["filters", "panels"], (f, from, to) =>
    writePackAll(f, shape, { count: taps * taps, step: 4 * inChannels * outChannels }, from!, to!),
  );
  const transform = team.code(
    key,
    ["panels", "planes", "end"],
    (f, panels, planes, end) =>
      f.until(panels!, end!, () => {
        // The gradient of the input sees filters from behind.
        const tap = (row: number, column: number): number => {
          const forward = row * taps + column;
          return isForward ? forward : taps * taps - 1 - forward;
        };
        transformSquare(
          f,
          filterTransform,
          taps,
          (row, column) => load4(panels!, 4 * length * tap(row, column)),
          (row, column, value) => f.store4(planes!, value, 4 * length * (EDGE * row + column)),
        );
        f.advance(panels!, 16);
        f.advance(planes!, 16);
      }),
    CHUNK * PLANES,
  );
  return {
    key,
    length: PLANES * length,
    scratch: taps * taps * length,
    run: (filters, packed, to) => {
      pack.call(filters, packed);
      const [chunks, rest] = [Math.floor(length / CHUNK), length % CHUNK];
      const step = 4 * CHUNK;
      transform.each(chunks, [packed, step], [to, step], [packed + step, step]);
      if (rest > 0) transform.call(packed + chunks * step, to + chunks * step, packed + 4 * length);
    },
  };
}

/** Which way a convolution goes. */
type Direction = "forward" | "backward";

/** The convolution, or the gradient of its input, which is one of the other way round. */
function convolve(team: Team, g: Conv2dGeometry, direction: Direction, ending?: Ending): Launch {
  const tiles = tilesOf(team, g, direction);
  const { from, to, across, down, block, fromPlane, toPlane } = tiles;
  const step = to.height.step;
  const filters = filterCode(team, g, direction === "forward");
  const key = `winograd ${direction} ${ending ?? ""} ${JSON.stringify([from, to])}`;
  const columns = roundUp(to.channels, 4);
  const code = team.code(
    key,
    ["x", "filters", "y", "bias", "first", "end", "outside", "mine"],
    (f, x, weights, y, bias, first, end, outside, mine) => {
      const count = f.keep("count", smaller(int(block), subtractInt(end!, first!)));
      writeTransformed(
        f,
        from,
        { first: first!, count, images: x!, outside: outside!, planes: mine!, plane: fromPlane },
        inputTransform,
      );
      const products = f.keep("products", add(mine!, int(PLANES * fromPlane)));
      {
        const tileRows = team.machine.tile.rows;
        const rows = divideInt(add(multiplyInt(count, int(across)), int(tileRows - 1)), int(tileRows));
        const shape = {
          rows: { tiles: rows },
          rowStep: 4 * roundUp(from.channels, 4),
          resultStep: 4 * columns,
          columns,
          terms: [{ count: from.channels, step: 4 }],
        };
        const [a, b, c] = [f.keep("a", mine!), f.keep("b", weights!), f.keep("c", products)];
        f.times(PLANES, () => {
          writeProduct(f, shape, a, b, f.keep("c", c), f.local("i32", "none"));
          f.advance(a, fromPlane);
          f.advance(c, toPlane);
        });
      }
      // Rows beyond the image are written where nobody reads.
      const nowhere = f.keep("nowhere", add(products, int(PLANES * toPlane)));
      const atChannel = f.local("i32", "channel");
      writeEachTile(
        f,
        to,
        { first: first!, count },
        {
          images: y!,
          outside: nowhere,
          moving: [products, atChannel],
          onTile: ending && (() => f.set(atChannel, bias!)),
        },
        ({ at, lanes }) => {
          transformSquare(
            f,
            outputTransform(step),
            EDGE,
            (row, column) => load4(products, (EDGE * row + column) * toPlane),
            (row, column, value) => {
              const pixel = at(row, column);
              if (pixel === undefined) return;
              const shifted = ending === undefined ? value : calculate4("add", value, load4(atChannel));
              const ended = ending === "biasRelu" ? relu4(shifted) : shifted;
              if (lanes === 4) return f.store4(pixel[0], ended, pixel[1]);
              const numbers = f.keep("y", ended);
              for (let i = 0; i < lanes; i++) f.storeOne(pixel[0], numbers, pixel[1] + 4 * i, i);
            },
          );
        },
      );
    },
    block * across * PLANES * from.channels * to.channels,
  );
  const rows = g.batch * down;
  const mine = (PLANES * (fromPlane + toPlane)) / 4 + numbersOfRow(to);
  const outside = numbersOfRow(from);
  return (x, w, y, bias) => {
    const kept = team.kept.find(w, filters.key, filters.length);
    const zeros = team.scratch(outside + filters.scratch + (kept === undefined ? filters.length : 0), mine);
    const packed = zeros + 4 * outside;
    const behind = packed + 4 * filters.scratch;
    const planes = kept?.start ?? behind;
    if (kept?.isNew !== false) filters.run(w.start, packed, planes);
    team.clear(zeros, outside);
    code.each(Math.ceil(rows / block), x.start, planes, y.start, bias?.start ?? 0, [0, block], rows, zeros, [
      behind + (kept === undefined ? 4 * filters.length : 0),
      0,
      4 * mine,
    ]);
  };
}

/** The gradient of filters is summed over so many parts of a batch, and then over these: on one thread as on many … */
const PARTS = 8;
/** … if they take no more numbers than this. */
const PARTS_NUMBERS = 2 ** 23;

/** The gradient of filters. */
function filterGradient(team: Team, g: Conv2dGeometry): Launch {
  const { from, to, across, down, block, fromPlane, toPlane } = tilesOf(team, g, "forward");
  const taps = g.height.window;
  const [c, k] = [from.channels, to.channels];
  // Sums [36][channel][filter].
  const plane = 4 * roundUp(c * k, 4) + 64;
  const rows = g.batch * down;
  const most = Math.max(1, Math.min(PARTS, Math.floor((4 * PARTS_NUMBERS) / (PLANES * plane))));
  const each = Math.max(1, Math.ceil(Math.ceil(rows / block) / most)) * block;
  const parts = Math.ceil(rows / each);
  const key = `${JSON.stringify([from, to])}`;
  const code = team.code(
    `winograd filter gradient ${each} ${key}`,
    ["dy", "x", "sums", "first", "end", "outside", "mine"],
    (f, dy, x, sums, first, end, outside, mine) => {
      const last = f.keep("last", smaller(add(first!, int(each)), end!));
      const spread = f.keep("spread", add(mine!, int(PLANES * fromPlane)));
      f.until(first!, last, () => {
        const count = f.keep("count", smaller(int(block), subtractInt(last, first!)));
        const some = { first: first!, count, outside: outside! };
        writeTransformed(f, from, { ...some, images: x!, planes: mine!, plane: fromPlane }, inputTransform);
        writeTransformed(f, to, { ...some, images: dy!, planes: spread, plane: toPlane }, outputAdjoint);
        const tiles = f.keep("tiles", multiplyInt(count, int(across)));
        const shape = {
          rows: c,
          rowStep: 4,
          resultStep: 4 * k,
          columns: k,
          terms: [{ count: tiles, step: 4 * roundUp(c, 4) }],
          panels: { width: PANEL, termStep: 4 * roundUp(k, 4), step: 4 * PANEL },
          accumulate: true,
        };
        const [a, b, result] = [f.keep("a", mine!), f.keep("b", spread), f.keep("result", sums!)];
        f.times(PLANES, () => {
          writeProduct(f, shape, a, f.keep("b", b), f.keep("c", result), f.local("i32", "none"));
          f.advance(a, fromPlane);
          f.advance(b, toPlane);
          f.advance(result, plane);
        });
        f.set(first!, add(first!, count));
      });
    },
    each * across * PLANES * c * k,
  );
  const join = joinCode(team, { parts, part: PLANES * plane, plane, length: c * k, taps });
  const mine = (PLANES * (fromPlane + toPlane)) / 4;
  const outside = Math.max(numbersOfRow(from), numbersOfRow(to));
  const length = (parts * PLANES * plane) / 4;
  return (dy, x, dfilters) => {
    const sums = team.scratch(length + outside, mine);
    const zeros = sums + 4 * length;
    team.clear(sums, length + outside);
    code.each(parts, dy.start, x.start, [sums, PLANES * plane], [0, each], rows, zeros, [
      zeros + 4 * outside,
      0,
      4 * mine,
    ]);
    join(sums, dfilters.start);
  };
}

/** Sums over the parts, brought back from 36 products to taps. */
function joinCode(
  team: Team,
  { parts, part, plane, length, taps }: { parts: number; part: number; plane: number; length: number; taps: number },
): (sums: number, filters: number) => void {
  const code = (count: number): Code =>
    team.code(
      `winograd join ${JSON.stringify([parts, part, plane, length, taps, count])}`,
      ["sums", "filters"],
      (f, sums, filters) => {
        const others = Array.from({ length: parts - 1 }, () => f.local("i32", "sums"));
        others.forEach((other, i) => f.set(other, add(sums!, int((i + 1) * part))));
        const addresses = [sums!, ...others];
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
                .reduce((total, value) => calculate4("add", total, value)),
            (row, column, value) => store(value, 4 * length * (taps * row + column)),
          );
          for (const address of [...addresses, filters!]) f.advance(address, step);
        };
        f.times(Math.floor(count / 4), () => some(load4, (v, at) => f.store4(filters!, v, at), 16));
        f.times(count % 4, () => some(loadOne, (v, at) => f.storeOne(filters!, v, at), 4));
      },
      CHUNK * PLANES,
    );
  const run = splitOf(length, CHUNK, code);
  return (sums, filters) => run([sums, 4 * CHUNK], [filters, 4 * CHUNK]);
}
