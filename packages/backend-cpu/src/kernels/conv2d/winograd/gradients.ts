import type { Conv2dGeometry, ConvolutionGradients } from "@convlens/backend";
import { int, load4, type Local } from "../../../assembler/expression.ts";
import { f32x4, i32, type Expression } from "../../../assembler/instructions.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import type { Block } from "../../../heap.ts";
import type { Runtime } from "../../../runtime.ts";
import type { Pointwise } from "../../chain.ts";
import { runLoops } from "../../loops.ts";
import { PANEL, writeProduct } from "../../product.ts";
import { writeEachTile, writeLanes, type TileRows } from "../tiles.ts";
import { filterCode } from "./filters.ts";
import { roomNumbers, writeInputRepair } from "./gradientRepair.ts";
import { eachFlagged, flagNumbers, Watch } from "./guard.ts";
import { joinFilterGradients } from "./joinFilterGradients.ts";
import { outputGradient } from "./outputGradient.ts";
import { numbersOfRow, roundUp, smaller, tilesOf, writeTransformed, type Tiles } from "./tilesOf.ts";
import { EDGE, inputAdjoint, inputTransform, outputAdjoint, PLANES, transformSquare } from "./transforms.ts";

type Address = Local<"i32">;

/** The gradient of filters is summed over so many parts of a batch, and then over these: on one thread as on many … */
const PARTS = 8;
/** … if they take no more numbers than this. */
const PARTS_NUMBERS = 2 ** 23;

/** Bytes of the sums [channel][filter] of a product's plane. */
const planeOfSums = ({ inChannels, outChannels }: Conv2dGeometry): number =>
  4 * roundUp(inChannels * outChannels, 4) + 64;
/** So many parts fit. */
const mostParts = (g: Conv2dGeometry): number =>
  Math.max(1, Math.min(PARTS, Math.floor((4 * PARTS_NUMBERS) / (PLANES * planeOfSums(g)))));

/** Rows of tiles of a part: whole blocks, or whole images. */
function partOf(g: Conv2dGeometry, { block, down }: Tiles, ofImages: boolean): { each: number; parts: number } {
  const rows = g.batch * down;
  const unit = ofImages ? down : block;
  const each = Math.ceil(Math.max(block, rows / mostParts(g)) / unit) * unit;
  return { each, parts: Math.ceil(rows / each) };
}

/** In an image of fewer tiles so many pixels lie in several that to add them costs what the shared transform saves. */
const FEWEST_TILES = 9;

/**
 * Whether the gradients of input and filters may share the transform of that of the output, and gain by it. Tiles of the input's
 * gradient overlap and are added, so the images of a part are one thread's: there must be about as many parts as there would be of
 * tiles. Where there is no memory for all of them there are so many channels that products take nearly all the time.
 */
export function canShare(runtime: Runtime, g: Conv2dGeometry): boolean {
  const tiles = tilesOf(runtime, g, "forward");
  const hasParts = mostParts(g) === PARTS && 4 * partOf(g, tiles, true).parts >= 3 * partOf(g, tiles, false).parts;
  return hasParts && tiles.across * tiles.down >= FEWEST_TILES;
}

/** Which gradients, and through what. */
export type Wanted = Omit<ConvolutionGradients, "geometry">;
/** Where the gradients are written. */
export type Results = { readonly [K in Wanted["results"][number]]?: Block };

/** The gradients of filters, and with the same transforms those of the input and the bias. */
export function gradients(
  runtime: Runtime,
  g: Conv2dGeometry,
  { results, ...through }: Wanted,
): (inputs: { dy: Block; x: Block; filters?: Block; y?: Block | undefined }, results: Results) => void {
  const [hasInput, hasBias] = [results.includes("input"), results.includes("bias")];
  const tiles = tilesOf(runtime, g, "forward");
  const { from, to, across, down, block, fromPlane, toPlane } = tiles;
  const [c, k] = [from.channels, to.channels];
  const plane = planeOfSums(g);
  // The sums [36][channel][filter], and those of the bias.
  const part = PLANES * plane + (hasBias ? 4 * roundUp(k, 4) + 64 : 0);
  const rows = g.batch * down;
  const { each, parts } = partOf(g, tiles, hasInput);
  const filters = hasInput ? filterCode(runtime, g, "adjoint") : undefined;
  const repaired = { tiles, taps: g.height.window, through };
  // Rows of the input's gradient that lie outside are written to a place that is never read.
  const planes = (PLANES * (fromPlane + toPlane)) / 4 + (hasInput ? numbersOfRow(from) : 0);
  // Repairs take the place of the planes; the flags stay.
  const flagsAt = Math.max(planes, roomNumbers(repaired));
  const code = runtime.code(
    `winograd gradients ${each} ${JSON.stringify([from, to, hasInput, hasBias, through])}`,
    ["dy", "x", "y", "filters", "dx", "sums", "first", "end", "outside", "mine", "given"],
    (f, dy, x, y, weights, dx, sums, first, end, outside, mine, given) => {
      const begin = f.keep("begin", first);
      const last = f.keep("last", smaller(i32.add(first, int(each)), end));
      const flags = f.keep("flags", i32.add(mine, int(4 * flagsAt)));
      const [watch, flag] = [new Watch(f), f.keep("flag", flags)];
      const spread = f.keep("spread", i32.add(mine, int(PLANES * fromPlane)));
      if (hasInput) writeClearedEdges(f, tiles, dx, first, last);
      f.until(first, last, () => {
        const count = f.keep("count", smaller(int(block), i32.sub(last, first)));
        const some = { first: first, count };
        const images = [{ tiled: from, start: x, outside: outside }];
        writeTransformed(f, images, some, { planes: mine, plane: fromPlane }, inputTransform);
        const output = outputGradient(f, to, through, { dy: dy, y: y, outside: outside });
        writeTransformed(f, output.images, some, { planes: spread, plane: toPlane }, outputAdjoint, output.read);
        const tileCount = f.keep("tiles", i32.mul(count, int(across)));
        if (hasBias)
          writeBias(f, k, i32.add(spread, int(ONES * toPlane)), tileCount, i32.add(sums, int(PLANES * plane)));
        const shape = {
          rows: c,
          rowStep: 4,
          resultStep: 4 * k,
          columns: k,
          terms: [{ count: tileCount, step: 4 * roundUp(c, 4) }],
          panels: { width: PANEL, termStep: 4 * roundUp(k, 4), step: 4 * PANEL },
          accumulate: true,
        };
        const [a, b, result] = [f.keep("a", mine), f.keep("b", spread), f.keep("result", sums)];
        f.times(PLANES, () => {
          writeProduct(f, shape, a, f.keep("b", b), f.keep("c", result), f.local("i32", "none"));
          f.advance(a, fromPlane);
          f.advance(b, toPlane);
          f.advance(result, plane);
        });
        // What was made of the input is not needed any more.
        if (hasInput)
          writeInputGradient(f, tiles, some, watch, {
            tileCount,
            spread,
            weights: weights,
            products: mine,
            dx: dx,
            flag,
          });
        f.set(first, i32.add(first, count));
      });
      // Tiles overlap: what one has spoilt is computed again when all have been added.
      if (hasInput)
        eachFlagged(f, flags, { first: begin, count: i32.sub(last, begin) }, (row) =>
          f.call("repair", [dy, y, outside, mine, dx, given, row], (f, dy, y, zeros, room, dx, filters, row) =>
            writeInputRepair(f, repaired, row, {
              dy: dy,
              y: y,
              zeros: zeros,
              room: room,
              dx: dx,
              filters: filters,
            }),
          ),
        );
    },
    each * across * PLANES * c * k,
  );
  const join = joinFilterGradients(runtime, repaired, { parts, part, plane });
  const total: Pointwise = (_, ...x) => x.reduce((sum, one) => f32x4.add(sum, one));
  const joinBias = hasBias
    ? runLoops(runtime, `join ${parts}`, total, [{ count: k, steps: new Array<number>(parts + 1).fill(4) }])
    : undefined;
  const mine = Math.max(flagsAt + (hasInput ? flagNumbers(each) : 0), join.scratch);
  const outside = Math.max(numbersOfRow(from), numbersOfRow(to));
  const length = (parts * part) / 4;
  return ({ dy, x, y, filters: weights }, { input, filters: dfilters, bias }) => {
    const filterNumbers = filters === undefined ? 0 : filters.scratch + filters.length;
    const sums = runtime.scratch(length + outside + filterNumbers, mine);
    const zeros = sums + 4 * length;
    const prepared = zeros + 4 * outside;
    const own = [prepared + 4 * filterNumbers, 0, 4 * mine] as const;
    runtime.clear(sums, length + outside);
    filters?.run(weights!.start, prepared + 4 * filters.length, prepared);
    code.callMany(
      parts,
      dy.start,
      x.start,
      y?.start ?? 0,
      prepared,
      input?.start ?? 0,
      [sums, part],
      [0, each],
      rows,
      zeros,
      own,
      weights?.start ?? 0,
    );
    join.run(sums, dfilters!.start, { dy: dy.start, x: x.start, y: y?.start ?? 0, rows, zeros, own });
    joinBias?.(...Array.from({ length: parts }, (_, i) => sums + i * part + PLANES * plane), bias!.start);
  };
}

/** The product at the point 1 along both axes: of a gradient transformed, it is the sum of its tile. */
const ONES = EDGE + 1;

/** Writes: adds up what lies in a plane [tile][channel]. */
function writeBias(
  f: FunctionWriter,
  channels: number,
  plane: Expression<"i32">,
  tiles: Expression<"i32">,
  sums: Expression<"i32">,
): void {
  const [column, to] = [f.keep("column", plane), f.keep("to", sums)];
  const [at, sum] = [f.local("i32", "at"), f.local("v128", "sum")];
  f.times(Math.ceil(channels / 4), () => {
    f.set(at, column);
    f.set(sum, load4(to));
    f.times(tiles, () => {
      f.set(sum, f32x4.add(sum, load4(at)));
      f.advance(at, 4 * roundUp(channels, 4));
    });
    f.store4(to, sum);
    f.advance(column, 16);
    f.advance(to, 16);
  });
}

/** Pixels that a tile shares with the one before it. */
const overlapOf = ({ reach, step }: { reach: number; step: number }): number => reach - step;

/** Writes: clears the first rows of images, which no tile is the first to write. */
function writeClearedEdges(f: FunctionWriter, { from, down }: Tiles, dx: Address, first: Address, last: Address): void {
  const { height, width, channels } = from;
  const rows = Math.min(height.size, Math.max(0, overlapOf(height) - height.before));
  if (rows === 0) return;
  const [image, rowBytes] = [f.local("i32", "image"), 4 * channels * width.size];
  const begin = i32.div_u(first, int(down));
  f.set(image, i32.add(dx, i32.mul(begin, int(height.size * rowBytes))));
  f.times(i32.sub(i32.div_u(last, int(down)), begin), () => {
    f.fill(image, int(rows * rowBytes));
    f.advance(image, height.size * rowBytes);
  });
}

/** Writes: dx = Σ B (dy′ · filters′) Bᵀ, where tiles overlap: whichever comes first is stored, what comes later is added. */
function writeInputGradient(
  f: FunctionWriter,
  { from, to, fromPlane, toPlane }: Tiles,
  rows: TileRows,
  watch: Watch,
  at: {
    readonly tileCount: Address;
    readonly spread: Address;
    readonly weights: Address;
    readonly products: Address;
    readonly dx: Address;
    /** Of the first row of tiles; moved on. */
    readonly flag: Address;
  },
): void {
  const columns = roundUp(from.channels, 4);
  const tileRows = f.machine.tile.rows;
  const shape = {
    rows: { tiles: f.keep("rows", i32.div_u(i32.add(at.tileCount, int(tileRows - 1)), int(tileRows))) },
    rowStep: 4 * roundUp(to.channels, 4),
    resultStep: 4 * columns,
    columns,
    terms: [{ count: to.channels, step: 4 }],
  };
  const [a, b, c] = [f.keep("a", at.spread), f.keep("b", at.weights), f.keep("c", at.products)];
  f.times(PLANES, () => {
    writeProduct(f, shape, a, b, f.keep("c", c), f.local("i32", "none"));
    f.advance(a, toPlane);
    f.advance(c, fromPlane);
  });
  const products = f.keep("products", at.products);
  const nowhere = f.keep("nowhere", i32.add(at.products, int(PLANES * (fromPlane + toPlane))));
  const images = [{ tiled: from, start: at.dx, outside: nowhere }];
  const overlap = overlapOf(from.height);
  const walk = { moving: [products], afterRow: () => watch.store(at.flag), isFirstAlone: true };
  writeEachTile(f, images, rows, walk, ({ at: pixelAt, lanes, isFirst }) => {
    transformSquare(
      f,
      inputAdjoint,
      EDGE,
      (row, column) => load4(products, (EDGE * row + column) * fromPlane),
      (row, column, value) => {
        // The first two rows and columns count all products.
        const result = row < 2 && column < 2 ? watch.see(value) : value;
        const pixel = pixelAt(row, column);
        if (pixel === undefined) return;
        const isNew = row >= overlap && (isFirst || column >= overlap);
        writeLanes(f, pixel[0], isNew ? result : f32x4.add(load4(...pixel), result), pixel[1], lanes);
      },
    );
    watch.look();
  });
}
