import { spanOf, type Conv2dGeometry } from "@convlens/backend";
import { element, int, loadOf, relu4, zero4, zerosOf, type load4, type Pointers } from "../../assembler/expression.ts";
import type { FunctionWriter } from "../../assembler/function.ts";
import { f32x4 } from "../../assembler/instructions.ts";
import { counted, strided } from "../../callList.ts";
import { defineFunction } from "../../defineFunction.ts";
import { NOWHERE } from "../../heap.ts";
import type { Runtime } from "../../runtime.ts";
import { tasksOf } from "../loops.ts";
import type { Epilogue } from "../product.ts";
import { splitCalls } from "../splitCalls.ts";
import { imageOf, isUnitStride, reversed, type Convolver, type ImageGeometry, type Launch } from "./convolver.ts";
import { defineImageGradient, filterGradientOverImages } from "./filterGradient.ts";
import { paddedOf } from "./padded.ts";
import { writeEachTile, type ImageList, type TilePixels, type Tiled } from "./tiles.ts";

/** One filter for each channel, with channels in the lanes, and some outputs in registers. */
export const depthwise = (runtime: Runtime, g: Conv2dGeometry): Convolver => ({
  forward: (epilogue) => slide(runtime, g, { epilogue, isBackward: false }),
  inputGradient: () => (isUnitStride(g) ? slide(runtime, reversed(g), { isBackward: true }) : scatter(runtime, g)),
  filterGradient: () => filterGradientOverImages(runtime, g, imageGradient),
});

/** What a sliding window computes. */
interface Slide {
  readonly epilogue?: Epilogue | undefined;
  /** Whether it is the gradient of the input, with flipped filters. */
  readonly isBackward: boolean;
}

/** Outputs of a row that are computed together: with more of them, some engines run out of registers. */
const outputsTogether = ({ width }: ImageGeometry): number => (width.output % 2 === 0 ? 2 : 1);

/** The input in tiles, one for each group of outputs. */
function tiledOf(g: ImageGeometry): Tiled {
  const { height, width } = g;
  const count = outputsTogether(g);
  return {
    channels: g.outChannels,
    height: {
      size: height.input,
      count: height.output,
      step: height.stride,
      before: height.before,
      reach: spanOf(height),
    },
    width: {
      size: width.input,
      count: width.output / count,
      step: count * width.stride,
      before: width.before,
      reach: (count - 1) * width.stride + spanOf(width),
    },
  };
}

/** Some rows of the output. */
interface SlideRows extends Slide {
  readonly image: ImageGeometry;
  readonly rows: number;
}

/** Products of a row of outputs, and of all rows. */
const productsOfRow = ({ height, width, outChannels }: ImageGeometry): number =>
  width.output * outChannels * height.window * width.window;
const productsOf = (g: ImageGeometry): number => g.height.output * productsOfRow(g);

const slideFunction = defineFunction({
  name: "depthwise",
  write: (f, work: SlideRows, x, filters, y, bias, first, outside) => {
    const { image: g, epilogue, isBackward, rows } = work;
    const { height, width, outChannels: channels } = g;
    const taps = height.window * width.window;
    const tiled = tiledOf(g);
    const row = f.keep(element(y, first, width.output * channels));
    const [to, weights, shift] = [f.local("i32"), f.local("i32"), f.local("i32")];
    const sums = Array.from({ length: outputsTogether(g) }, () => f.local("v128"));
    const weight = f.local("v128");
    const onTile = (): void => {
      f.set(to, row);
      f.set(weights, filters);
      f.set(shift, bias);
      f.advance(row, sums.length * channels);
    };
    // Forward, padding counts as zeros. Backward, only outputs that exist count, which differs if weights are infinite.
    const walk = { moving: [to, weights, shift], onTile, marksEdges: isBackward && tiled.height.reach > 1 };
    const images: ImageList = [{ tiled, start: x, outside }];
    writeEachTile(f, images, { first, count: int(rows) }, walk, (pixels) => {
      const { load, lanes } = pixels;
      for (const sum of sums) f.set(sum, epilogue === undefined ? zerosOf(lanes) : load(shift));
      writeTaps(f, g, pixels, (tap, from) => {
        f.set(weight, load(weights, channels * (isBackward ? taps - 1 - tap : tap)));
        sums.forEach((sum, i) => {
          const pixel = from(i);
          if (pixel === undefined && isBackward) return;
          f.set(sum, f.multiplyAdd4(pixel === undefined ? zero4 : load(...pixel), weight, sum));
        });
      });
      sums.forEach((sum, i) => {
        if (epilogue === "biasRelu") f.set(sum, relu4(sum));
        f.storeLanes(to, sum, i * channels, lanes);
      });
    });
  },
  work: ({ image, rows }) => rows * productsOfRow(image),
});

/** Writes: visits the taps of the filters, and of each output the pixel under a tap; rows outside of the image are left out. */
function writeTaps(
  f: FunctionWriter,
  { height, width }: ImageGeometry,
  { at, isRowInside }: TilePixels,
  add: (tap: number, pixelOf: (output: number) => ReturnType<TilePixels["at"]>) => void,
): void {
  for (let ky = 0; ky < height.window; ky++) {
    const addRow = (): void => {
      for (let kx = 0; kx < width.window; kx++)
        add(ky * width.window + kx, (output) => at(ky * height.dilation, output * width.stride + kx * width.dilation));
    };
    const isInside = isRowInside(ky * height.dilation);
    if (isInside === undefined) addRow();
    else f.when(isInside, addRow);
  }
}

function slide(runtime: Runtime, g: Conv2dGeometry, work: Slide): Launch {
  const { height, width, outChannels: channels } = g;
  const image = imageOf(g);
  const rows = g.batch * height.output;
  const { each } = tasksOf(runtime, rows, productsOfRow(g));
  const run = splitCalls(rows, each, (count) => runtime.compile(slideFunction, { image, ...work, rows: count }));
  const zeros = Math.ceil((width.input * channels + 4) / 16) * 16;
  return (x, filters, y, bias) => {
    const outside = runtime.scratch(zeros);
    runtime.clear(outside, zeros);
    run(x.start, filters.start, y.start, bias?.start ?? NOWHERE, counted(each), outside);
  };
}

/** Offsets of a window's pixels in an image with its padding. */
function tapsOf(g: ImageGeometry): number[] {
  const { height, width } = g;
  const { rowStep } = paddedOf(g);
  return Array.from({ length: height.window * width.window }, (_, tap) => {
    const [ky, kx] = [Math.floor(tap / width.window), tap % width.window];
    return ky * height.dilation * rowStep + kx * width.dilation * g.outChannels;
  });
}

/** A place of a walk over outputs, four channels at a time: the first pixel under the window, and these channels of the filters. */
interface Place extends Pointers<"image" | "output" | "filters"> {
  readonly lanes: number;
  readonly load: typeof load4;
}

/** Writes: walks over the outputs of an image, row by row, and some channels of each row at a time. */
function writeWalk(
  f: FunctionWriter,
  g: ImageGeometry,
  start: Omit<Place, "lanes" | "load">,
  write: { before: (at: Place) => void; each: (at: Place) => void; after?: (at: Place) => void },
): void {
  const { height, width, outChannels: channels } = g;
  const [row, image, output] = [f.keep(start.image), f.local("i32"), f.keep(start.output)];
  const filters = f.local("i32");
  const some = (lanes: number): void => {
    const place = { image, output, filters, lanes, load: loadOf(lanes) };
    write.before(place);
    f.times(width.output, () => {
      write.each(place);
      f.advance(image, width.stride * channels);
      f.advance(output, channels);
    });
    write.after?.(place);
    f.advance(image, lanes - width.output * width.stride * channels);
    f.advance(output, lanes - width.output * channels);
    f.advance(filters, lanes);
  };
  f.times(height.output, () => {
    f.set(image, row);
    f.set(filters, start.filters);
    f.inLanes(channels, some);
    f.advance(output, (width.output - 1) * channels);
    f.advance(row, height.stride * paddedOf(g).rowStep);
  });
}

const scatterFunction = defineFunction({
  name: "depthwise scatter",
  write: (f, g: ImageGeometry, dy, filters, dx, buffer) => {
    const padded = paddedOf(g);
    const taps = tapsOf(g);
    const target = padded.isPadded ? buffer : dx;
    f.clear(target, padded.isPadded ? padded.length : padded.imageStep);
    const weights = taps.map((offset) => ({ offset, weight: f.local("v128") }));
    const [gradient, total] = [f.local("v128"), f.local("v128")];
    const start = { image: target, output: dy, filters };
    writeWalk(f, g, start, {
      before: (at) => weights.forEach(({ weight }, tap) => f.set(weight, at.load(at.filters, tap * g.outChannels))),
      each: (at) => {
        f.set(gradient, at.load(at.output));
        for (const { offset, weight } of weights) {
          f.set(total, f.multiplyAdd4(gradient, weight, at.load(at.image, offset)));
          f.storeLanes(at.image, total, offset, at.lanes);
        }
      },
    });
    if (padded.isPadded) padded.leave(f, buffer, dx);
  },
  work: productsOf,
});

/** The gradient of the input: that of each output, times the filter, is added to the pixels under its window. */
function scatter(runtime: Runtime, g: Conv2dGeometry): Launch {
  const image = imageOf(g);
  const padded = paddedOf(image);
  const outputs = g.height.output * g.width.output * g.outChannels;
  const code = runtime.compile(scatterFunction, image);
  return (dy, filters, dx) => {
    const buffer = strided(runtime.scratch(0, padded.length), 0, padded.length);
    code.callMany(g.batch, strided(dy.start, outputs), filters.start, strided(dx.start, padded.imageStep), buffer);
  };
}

/** The gradient of each tap: pixels under it, times the gradients of their outputs, summed over a row first, then over all rows. */
const imageGradient = defineImageGradient({
  name: "depthwise filter gradient",
  workOf: productsOf,
  scratchOf: () => 0,
  write: (f, g, { dy, x, dfilters }) => {
    const taps = tapsOf(g);
    const gradient = f.local("v128");
    const sums = taps.map(() => f.local("v128"));
    writeWalk(
      f,
      g,
      { image: x, output: dy, filters: dfilters },
      {
        before: ({ lanes }) => sums.forEach((sum) => f.set(sum, zerosOf(lanes))),
        each: (at) => {
          f.set(gradient, at.load(at.output));
          sums.forEach((sum, tap) => f.set(sum, f.multiplyAdd4(at.load(at.image, taps[tap]), gradient, sum)));
        },
        after: (at) =>
          sums.forEach((sum, tap) => {
            f.set(sum, f32x4.add(at.load(at.filters, tap * g.outChannels), sum));
            f.storeLanes(at.filters, sum, tap * g.outChannels, at.lanes);
          }),
      },
    );
  },
});
