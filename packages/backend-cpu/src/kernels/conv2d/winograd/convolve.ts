import type { Conv2dGeometry } from "@convlens/backend";
import { int, plus, relu4, type Pointer, type Pointers } from "../../../assembler/expression.ts";
import { plainMachine, type FunctionWriter } from "../../../assembler/function.ts";
import { f32x4, i32 } from "../../../assembler/instructions.ts";
import { asCount, counted, strided } from "../../../callList.ts";
import { defineFunction } from "../../../defineFunction.ts";
import { after, NOWHERE } from "../../../heap.ts";
import type { Runtime } from "../../../runtime.ts";
import { epilogueOf, type Epilogue } from "../../product.ts";
import { imageOf, type ImageGeometry, type Launch } from "../convolver.ts";
import { writeEachTile, type ImageList, type TileRows } from "../tiles.ts";
import { imageAt, placeOf, writeDirectRows } from "./directSums.ts";
import { filterTransforms } from "./filters.ts";
import { eachFlagged, FiniteCheck, flagNumbers } from "./guard.ts";
import { numbersOfRow, smaller, tilesOf, writePlaneProducts, writeTransformed, type Tiles } from "./tilesOf.ts";
import { EDGE, inputTransform, outputTransform, PLANES, transformSquare } from "./transforms.ts";

/** What a function computes: the convolution, or the gradient of its input, which is a convolution with flipped filters. */
interface Direction {
  readonly direction: "forward" | "backward";
  readonly epilogue: Epilogue | undefined;
}

/** The convolution of images of one size. */
interface Convolution extends Direction {
  readonly image: ImageGeometry;
}

const convolveFunction = defineFunction({
  name: "winograd",
  write: (f, work: Convolution, x, filters, y, bias, first, end, outside, own, plainFilters) => {
    const { image: g, direction, epilogue } = work;
    const tiles = tilesOf(f.machine, g, direction);
    const { from, to, across, down, block, fromPlane, toPlane } = tiles;
    const count = f.keep(smaller(int(block), i32.sub(end, first)));
    const rows = { first, count };
    const images: ImageList = [{ tiled: from, start: x, outside }];
    writeTransformed(f, images, rows, { planes: own, plane: fromPlane }, inputTransform);
    const products = f.keep(plus(own, PLANES * fromPlane));
    const tileRows = f.machine.tile.rows;
    writePlaneProducts(
      f,
      i32.div_u(i32.add(i32.mul(count, int(across)), int(tileRows - 1)), int(tileRows)),
      { start: own, plane: fromPlane, channels: from.channels },
      filters,
      { start: products, plane: toPlane, channels: to.channels },
    );
    const flags = writeOutputs(f, tiles, rows, epilogue, { products, y, bias });
    const before = { height: g.height.before, width: g.width.before };
    const sums = { from, to, taps: g.height.window, direction, before, ...epilogueOf(epilogue) };
    eachFlagged(f, flags, rows, (row) =>
      f.call("repair", [x, plainFilters, y, bias, outside, row], (f, x, filters, y, bias, zeros, row) => {
        const at = placeOf(f, row, down);
        const top = f.keep(i32.mul(at.row, int(to.height.step)));
        const source = f.keep(imageAt(x, at.image, from));
        const result = f.keep(imageAt(y, at.image, to));
        writeDirectRows(f, sums, { top, count: to.height.step }, { source, result, filters, bias, zeros });
      }),
    );
  },
  work: ({ image, direction }) => {
    const { block, across } = tilesOf(plainMachine, image, direction);
    return block * across * PLANES * image.inChannels * image.outChannels;
  },
});

/** Writes: transforms the products to outputs. Returns the address of the flags of the rows that must be computed again. */
function writeOutputs(
  f: FunctionWriter,
  { to, toPlane }: Tiles,
  rows: TileRows,
  epilogue: Epilogue | undefined,
  { products, y, bias }: Pointers<"products" | "y" | "bias">,
): Pointer {
  const step = to.height.step;
  // Rows outside of the image are written to a place that is never read.
  const nowhere = f.keep(plus(products, PLANES * toPlane));
  const channelBias = f.local("i32");
  const flags = f.keep(plus(nowhere, numbersOfRow(to)));
  const [check, flag] = [new FiniteCheck(f), f.keep(flags)];
  const walk = {
    moving: [products, channelBias],
    onTile: epilogue && (() => f.set(channelBias, bias)),
    afterRow: () => check.store(flag),
  };
  writeEachTile(f, [{ tiled: to, start: y, outside: nowhere }], rows, walk, ({ at, lanes, load }) => {
    transformSquare(
      f,
      outputTransform(step),
      EDGE,
      (row, column) => load(products, (EDGE * row + column) * toPlane),
      (row, column, value) => {
        const pixel = at(row, column);
        // All products are terms of the corners of a tile.
        const isCorner = [row, column].every((i) => i === 0 || i === step - 1);
        const result = isCorner ? check.add(value) : value;
        if (pixel === undefined) return;
        const shifted = epilogue === undefined ? result : f32x4.add(result, load(channelBias));
        f.storeLanes(pixel[0], epilogue === "biasRelu" ? relu4(shifted) : shifted, pixel[1], lanes);
      },
    );
    check.endTile();
  });
  return flags;
}

/** Prepares the convolution, or the gradient of its input. */
export function convolve(runtime: Runtime, g: Conv2dGeometry, direction: Direction): Launch {
  const image = imageOf(g);
  const { from, to, down, block, fromPlane, toPlane } = tilesOf(runtime.machine, image, direction.direction);
  const filters = filterTransforms(runtime, image, direction.direction);
  const code = runtime.compile(convolveFunction, { image, ...direction });
  const rows = g.batch * down;
  const own = PLANES * (fromPlane + toPlane) + numbersOfRow(to) + flagNumbers(block);
  const outside = numbersOfRow(from);
  return (x, w, y, bias) => {
    const prepared = runtime.preparedWeights.find(w, filters.key, filters.length);
    const further = prepared === undefined ? filters.length : 0;
    const zeros = runtime.scratch(outside + filters.scratch + further, own);
    const packed = after(zeros, outside);
    const behind = after(packed, filters.scratch);
    const planes = prepared?.start ?? behind;
    if (prepared?.isNew !== false) filters.run(w.start, packed, planes);
    runtime.clear(zeros, outside);
    code.callMany(
      Math.ceil(rows / block),
      x.start,
      planes,
      y.start,
      bias?.start ?? NOWHERE,
      counted(block),
      asCount(rows),
      zeros,
      strided(after(behind, further), 0, own),
      w.start,
    );
  };
}
