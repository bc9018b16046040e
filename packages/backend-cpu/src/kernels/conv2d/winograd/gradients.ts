import type { Conv2dGeometry, ConvolutionGradients } from "@convlens/backend";
import { element, int, load4, plus, type Pointer, type Pointers } from "../../../assembler/expression.ts";
import { plainMachine, type FunctionWriter, type Machine } from "../../../assembler/function.ts";
import { f32x4, i32, type Int } from "../../../assembler/instructions.ts";
import { asCount, counted, strided } from "../../../callList.ts";
import { defineFunction } from "../../../defineFunction.ts";
import { after, NOWHERE, type Block } from "../../../heap.ts";
import type { Runtime } from "../../../runtime.ts";
import { writeProduct, type ProductShape } from "../../product.ts";
import { imageOf, type ImageGeometry } from "../convolver.ts";
import { totalOf } from "../filterGradient.ts";
import { writeEachTile, type ImageList, type TileRows } from "../tiles.ts";
import { filterTransforms } from "./filters.ts";
import { roomNumbers, writeInputRepair, type Repaired } from "./gradientRepair.ts";
import { eachFlagged, FiniteCheck, flagNumbers } from "./guard.ts";
import { joinFilterGradients } from "./joinFilterGradients.ts";
import { outputGradient, type Through } from "./outputGradient.ts";
import {
  numbersOfRow,
  roundUp,
  smaller,
  tilesOf,
  writePlaneProducts,
  writeTransformed,
  type Tiles,
} from "./tilesOf.ts";
import { EDGE, inputAdjoint, inputTransform, outputAdjoint, PLANES, transformSquare } from "./transforms.ts";
import { panelWidth } from "../../panels.ts";

/** Number of parts of a batch whose gradients are summed separately, and then together: on one thread as on many. */
const PARTS = 8;
/** Maximum number of elements of all parts. */
const PARTS_NUMBERS = 2 ** 23;

/** Numbers of a plane of sums [channel][filter]. */
const planeOfSums = ({ inChannels, outChannels }: ImageGeometry): number => roundUp(inChannels * outChannels, 4) + 16;
/** Number of parts that fit. */
const mostParts = (g: ImageGeometry): number =>
  Math.max(1, Math.min(PARTS, Math.floor(PARTS_NUMBERS / (PLANES * planeOfSums(g)))));

/** Rows of tiles of a part: whole blocks, or whole images. */
function partOf(
  g: Conv2dGeometry,
  { block, down }: Tiles,
  unit: "blocks" | "images",
): { readonly each: number; readonly parts: number } {
  const rows = g.batch * down;
  const size = unit === "images" ? down : block;
  const each = Math.ceil(Math.max(block, rows / mostParts(g)) / size) * size;
  return { each, parts: Math.ceil(rows / each) };
}

/** Number of tiles below which tiles overlap so much that adding them costs what the shared transform saves. */
const FEWEST_TILES = 9;

/**
 * Whether it is faster to compute the gradients of input and filters together, with one transform of the gradient of the output.
 * Tiles of the input's gradient overlap and are added, so each image of a part belongs to one thread: there must be about as many
 * parts of images as there would be of tiles. Memory is short only where there are many channels, and there the products take
 * nearly all of the time.
 */
export function canShare(runtime: Runtime, g: Conv2dGeometry): boolean {
  const tiles = tilesOf(runtime.machine, g, "forward");
  const hasParts =
    mostParts(g) === PARTS && 4 * partOf(g, tiles, "images").parts >= 3 * partOf(g, tiles, "blocks").parts;
  return hasParts && tiles.across * tiles.down >= FEWEST_TILES;
}

/** The gradients to compute, and the operations after the convolution's output. */
export type Wanted = Omit<ConvolutionGradients, "geometry">;
/** Where the gradients are written. */
export type Results = { readonly [K in Wanted["results"][number]]?: Block };

/** Gradients of one part of a batch. */
interface PartGradients {
  readonly image: ImageGeometry;
  readonly hasInput: boolean;
  readonly hasBias: boolean;
  readonly through: Through;
  /** Rows of tiles. */
  readonly each: number;
}

/** Sizes and places that the code and its caller share. */
function layoutOf(machine: Machine, { image, hasInput, hasBias, through, each }: PartGradients) {
  const tiles = tilesOf(machine, image, "forward");
  const plane = planeOfSums(image);
  const repaired: Repaired = { tiles, taps: image.height.window, through };
  // Rows of the input's gradient outside of the image are written to a place that is never read.
  const planes = PLANES * (tiles.fromPlane + tiles.toPlane) + (hasInput ? numbersOfRow(tiles.from) : 0);
  // Repairs reuse the memory of the planes, but not that of the flags.
  const flagsAt = Math.max(planes, roomNumbers(repaired));
  return {
    tiles,
    repaired,
    plane,
    /** Numbers of the sums [36][channel][filter] of a part, and of those of the bias. */
    part: PLANES * plane + (hasBias ? roundUp(tiles.to.channels, 4) + 16 : 0),
    flagsAt,
    /** Numbers for each thread. */
    own: flagsAt + (hasInput ? flagNumbers(each) : 0),
  };
}

const gradientsFunction = defineFunction({
  name: "winograd gradients",
  write: (f, work: PartGradients, dy, x, y, filters, dx, sums, first, end, outside, own, plainFilters) => {
    const { hasInput, hasBias, through, each } = work;
    const { tiles, repaired, plane, flagsAt } = layoutOf(f.machine, work);
    const { from, to, across, block, fromPlane, toPlane } = tiles;
    const begin = f.keep(first);
    const last = f.keep(smaller(i32.add(first, int(each)), end));
    const flags = f.keep(plus(own, flagsAt));
    const [check, flag] = [new FiniteCheck(f), f.keep(flags)];
    const spread = f.keep(plus(own, PLANES * fromPlane));
    if (hasInput) writeClearedEdges(f, tiles, dx, first, last);
    f.until(first, last, () => {
      const count = f.keep(smaller(int(block), i32.sub(last, first)));
      const rows = { first, count };
      const images: ImageList = [{ tiled: from, start: x, outside }];
      writeTransformed(f, images, rows, { planes: own, plane: fromPlane }, inputTransform);
      const output = outputGradient(f, to, through, { dy, y, outside });
      writeTransformed(f, output.images, rows, { planes: spread, plane: toPlane }, outputAdjoint, output.read);
      const tileCount = f.keep(i32.mul(count, int(across)));
      if (hasBias) writeBias(f, to.channels, plus(spread, ONES * toPlane), tileCount, plus(sums, PLANES * plane));
      writeFilterProducts(f, tiles, plane, { tileCount, own, spread, sums });
      // The transform of the input is not needed any more: its memory is reused.
      if (hasInput) writeInputGradient(f, tiles, rows, check, { tileCount, spread, filters, products: own, dx, flag });
      f.set(first, i32.add(first, count));
    });
    // Tiles overlap, so those that are not finite are computed again when all have been added.
    if (hasInput)
      eachFlagged(f, flags, { first: begin, count: i32.sub(last, begin) }, (row) =>
        f.call("repair", [dy, y, outside, own, dx, plainFilters, row], (f, dy, y, zeros, room, dx, filters, row) =>
          writeInputRepair(f, repaired, row, { dy, y, zeros, room, dx, filters }),
        ),
      );
  },
  work: ({ image, each }) =>
    each * tilesOf(plainMachine, image, "forward").across * PLANES * image.inChannels * image.outChannels,
});

/** Prepares the gradients of filters, and with the same transforms those of the input and the bias. */
export function gradients(
  runtime: Runtime,
  g: Conv2dGeometry,
  { results, ...through }: Wanted,
): (inputs: { dy: Block; x: Block; filters?: Block; y?: Block | undefined }, results: Results) => void {
  const image = imageOf(g);
  const [hasInput, hasBias] = [results.includes("input"), results.includes("bias")];
  const tiles = tilesOf(runtime.machine, image, "forward");
  const { each, parts } = partOf(g, tiles, hasInput ? "images" : "blocks");
  const work: PartGradients = { image, hasInput, hasBias, through, each };
  const { repaired, plane, part, own } = layoutOf(runtime.machine, work);
  const filters = hasInput ? filterTransforms(runtime, image, "adjoint") : undefined;
  const code = runtime.compile(gradientsFunction, work);
  const join = joinFilterGradients(runtime, repaired, { parts, part, plane });
  const joinBias = hasBias ? totalOf(runtime, { parts, length: g.outChannels, step: part }) : undefined;
  const perThread = Math.max(own, join.scratch);
  const outside = Math.max(numbersOfRow(tiles.from), numbersOfRow(tiles.to));
  const rows = asCount(g.batch * tiles.down);
  const filterNumbers = filters === undefined ? 0 : filters.scratch + filters.length;
  return ({ dy, x, y, filters: weights }, { input, filters: dfilters, bias }) => {
    const sums = runtime.scratch(parts * part + outside + filterNumbers, perThread);
    const zeros = after(sums, parts * part);
    const prepared = after(zeros, outside);
    const ofThread = strided(after(prepared, filterNumbers), 0, perThread);
    runtime.clear(sums, parts * part + outside);
    filters?.run(weights!.start, after(prepared, filters.length), prepared);
    const outputs = y?.start ?? NOWHERE;
    code.callMany(
      parts,
      dy.start,
      x.start,
      outputs,
      prepared,
      input?.start ?? NOWHERE,
      strided(sums, part),
      counted(each),
      rows,
      zeros,
      ofThread,
      weights?.start ?? NOWHERE,
    );
    join.run(sums, dfilters!.start, { dy: dy.start, x: x.start, y: outputs, rows, zeros, own: ofThread });
    joinBias?.(after(sums, PLANES * plane), bias!.start);
  };
}

/** The product at the point 1 along both axes: of a transformed gradient, it is the sum of the tile. */
const ONES = EDGE + 1;

/** Writes: adds the columns of a plane [tile][channel] to sums. */
function writeBias(f: FunctionWriter, channels: number, plane: Int, tiles: Int, sums: Int): void {
  const [column, to] = [f.keep(plane), f.keep(sums)];
  const [at, sum] = [f.local("i32"), f.local("v128")];
  f.times(Math.ceil(channels / 4), () => {
    f.set(at, column);
    f.set(sum, load4(to));
    f.times(tiles, () => {
      f.set(sum, f32x4.add(sum, load4(at)));
      f.advance(at, roundUp(channels, 4));
    });
    f.store4(to, sum);
    f.advance(column, 4);
    f.advance(to, 4);
  });
}

/** Writes: adds the products of transformed tiles of the input and of the gradient, summed over tiles. */
function writeFilterProducts(
  f: FunctionWriter,
  { from, to, fromPlane, toPlane }: Tiles,
  plane: number,
  { tileCount, own, spread, sums }: Pointers<"tileCount" | "own" | "spread" | "sums">,
): void {
  const width = panelWidth(f.machine, to.channels);
  const shape: ProductShape = {
    rows: from.channels,
    rowStep: 1,
    resultStep: to.channels,
    columns: to.channels,
    terms: [{ count: tileCount, step: roundUp(from.channels, 4) }],
    panels: { width, termStep: roundUp(to.channels, 4), step: width },
    accumulate: true,
  };
  const [a, b, result] = [f.keep(own), f.keep(spread), f.keep(sums)];
  f.times(PLANES, () => {
    writeProduct(f, shape, { a, b: f.keep(b), c: f.keep(result), bias: f.local("i32") });
    f.advance(a, fromPlane);
    f.advance(b, toPlane);
    f.advance(result, plane);
  });
}

/** Pixels that a tile shares with the one before it. */
const overlapOf = ({ reach, step }: { reach: number; step: number }): number => reach - step;

/** Writes: clears the first rows of images, which no tile is the first to write. */
function writeClearedEdges(f: FunctionWriter, { from, down }: Tiles, dx: Pointer, first: Pointer, last: Pointer): void {
  const { height, width, channels } = from;
  const rows = Math.min(height.size, Math.max(0, overlapOf(height) - height.before));
  if (rows === 0) return;
  const [image, row] = [f.local("i32"), channels * width.size];
  const begin = i32.div_u(first, int(down));
  f.set(image, element(dx, begin, height.size * row));
  f.times(i32.sub(i32.div_u(last, int(down)), begin), () => {
    f.clear(image, rows * row);
    f.advance(image, height.size * row);
  });
}

/** Writes: dx = Σ B (dy′ · filters′) Bᵀ. Where tiles overlap, the first one is stored, and later ones are added. */
function writeInputGradient(
  f: FunctionWriter,
  { from, to, fromPlane, toPlane }: Tiles,
  rows: TileRows,
  check: FiniteCheck,
  at: Pointers<"tileCount" | "spread" | "filters" | "products" | "dx" | "flag">,
): void {
  const tileRows = f.machine.tile.rows;
  const rowTiles = f.keep(i32.div_u(i32.add(at.tileCount, int(tileRows - 1)), int(tileRows)));
  writePlaneProducts(f, rowTiles, { start: at.spread, plane: toPlane, channels: to.channels }, at.filters, {
    start: at.products,
    plane: fromPlane,
    channels: from.channels,
  });
  const products = f.keep(at.products);
  const nowhere = f.keep(plus(at.products, PLANES * (fromPlane + toPlane)));
  const images: ImageList = [{ tiled: from, start: at.dx, outside: nowhere }];
  const overlap = overlapOf(from.height);
  const walk = { moving: [products], afterRow: () => check.store(at.flag), isFirstAlone: true };
  writeEachTile(f, images, rows, walk, ({ at: pixelAt, lanes, load, isFirst }) => {
    transformSquare(
      f,
      inputAdjoint,
      EDGE,
      (row, column) => load(products, (EDGE * row + column) * fromPlane),
      (row, column, value) => {
        // All products are terms of the first two rows and columns.
        const result = row < 2 && column < 2 ? check.add(value) : value;
        const pixel = pixelAt(row, column);
        if (pixel === undefined) return;
        const isNew = row >= overlap && (isFirst || column >= overlap);
        f.storeLanes(pixel[0], isNew ? result : f32x4.add(load(...pixel), result), pixel[1], lanes);
      },
    );
    check.endTile();
  });
}
