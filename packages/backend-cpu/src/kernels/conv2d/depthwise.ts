import { spanOf, type Conv2dGeometry } from "@convlens/backend";
import { int, load4, relu4, zero4, type Local } from "../../assembler/expression.ts";
import { f32x4, i32 } from "../../assembler/instructions.ts";
import type { FunctionWriter } from "../../assembler/function.ts";
import type { Runtime } from "../../runtime.ts";
import { tasksOf } from "../loops.ts";
import { splitCalls } from "../splitCalls.ts";
import type { Epilogue } from "../product.ts";
import { isUnitStride, keyOf, reversed, type Convolver, type Launch } from "./convolver.ts";
import { filterGradientOverImages } from "./filterGradient.ts";
import { paddedOf } from "./padded.ts";
import { writeEachTile, writeLanes, type Tiled } from "./tiles.ts";

/** Whether each channel has one filter to itself. */
export const isDepthwise = ({ groups, inChannels, outChannels }: Conv2dGeometry): boolean =>
  groups > 1 && groups === inChannels && groups === outChannels;

/** A filter for each channel: channels side by side in the lanes, and some outputs in registers. */
export const depthwise = (runtime: Runtime, g: Conv2dGeometry): Convolver => ({
  forward: (epilogue) => slide(runtime, g, { epilogue, isBackward: false }),
  inputGradient: () => (isUnitStride(g) ? slide(runtime, reversed(g), { isBackward: true }) : scatter(runtime, g)),
  filterGradient: () => filterGradient(runtime, g),
});

/** Outputs of a row that are computed at once: with more of them, some engines run out of registers. */
const outputsAtOnce = (width: number): number => (width % 2 === 0 ? 2 : 1);

function slide(
  runtime: Runtime,
  g: Conv2dGeometry,
  { epilogue, isBackward }: { readonly epilogue?: Epilogue | undefined; readonly isBackward: boolean },
): Launch {
  const { height, width, outChannels: channels } = g;
  const pixel = 4 * channels;
  const count = outputsAtOnce(width.output);
  const tiled: Tiled = {
    channels,
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
  const rows = g.batch * height.output;
  const rowBytes = width.output * pixel;
  const { each } = tasksOf(runtime, rows, (rowBytes / 4) * height.window * width.window);
  const code = (rows: number) =>
    runtime.code(
      `depthwise ${isBackward ? "backward" : (epilogue ?? "")} ${rows} ${keyOf(g)}`,
      ["x", "filters", "y", "bias", "first", "outside"],
      (f, x, filters, y, bias, first, outside) => {
        const row = f.keep("row", i32.add(y, i32.mul(first, int(rowBytes))));
        const [to, weights, shift] = [f.local("i32", "to"), f.local("i32", "weights"), f.local("i32", "shift")];
        const sums = Array.from({ length: count }, () => f.local("v128", "sum"));
        const weight = f.local("v128", "weight");
        const onTile = (): void => {
          f.set(to, row);
          f.set(weights, filters);
          f.set(shift, bias);
          f.advance(row, count * pixel);
        };
        const images = [{ tiled, start: x, outside: outside }];
        // Forward, padding counts as zeros. Backward, only outputs that exist count: they differ where weights are infinite.
        const walk = { moving: [to, weights, shift], onTile, marksEdges: isBackward && tiled.height.reach > 1 };
        writeEachTile(f, images, { first: first, count: int(rows) }, walk, ({ at, isRowInside, lanes }) => {
          for (const sum of sums) f.set(sum, epilogue === undefined ? zero4 : load4(shift));
          for (let ky = 0; ky < height.window; ky++) {
            const addRow = (): void => {
              for (let kx = 0; kx < width.window; kx++) {
                const tap = ky * width.window + kx;
                f.set(weight, load4(weights, pixel * (isBackward ? height.window * width.window - 1 - tap : tap)));
                sums.forEach((sum, i) => {
                  const from = at(ky * height.dilation, i * width.stride + kx * width.dilation);
                  if (from === undefined && isBackward) return;
                  f.set(sum, f.multiplyAdd4(from === undefined ? zero4 : load4(...from), weight, sum));
                });
              }
            };
            const isInside = isRowInside(ky * height.dilation);
            if (isInside === undefined) addRow();
            else f.when(isInside, addRow);
          }
          sums.forEach((sum, i) => {
            if (epilogue === "biasRelu") f.set(sum, relu4(sum));
            writeLanes(f, to, sum, i * pixel, lanes);
          });
        });
      },
      each * width.output * channels * height.window * width.window,
    );
  const run = splitCalls(rows, each, code);
  const zeros = Math.ceil((width.input * channels + 4) / 16) * 16;
  return (x, filters, y, bias) => {
    const outside = runtime.scratch(zeros);
    runtime.clear(outside, zeros);
    run(x.start, filters.start, y.start, bias?.start ?? 0, [0, each], outside);
  };
}

/** Offsets of a window's pixels in an image with its padding. */
const tapsOf = ({ height, width, outChannels }: Conv2dGeometry, rowStep: number): number[] =>
  Array.from({ length: height.window * width.window }, (_, tap) => {
    const [ky, kx] = [Math.floor(tap / width.window), tap % width.window];
    return ky * height.dilation * rowStep + kx * width.dilation * 4 * outChannels;
  });

/** The places of a walk over outputs, four channels at a time. */
interface Place {
  /** The first pixel that a window sees. */
  readonly image: Local<"i32">;
  /** The output. */
  readonly output: Local<"i32">;
  /** These channels of the filters. */
  readonly filters: Local<"i32">;
  readonly lanes: number;
}

/** Writes: walks over the outputs of an image, row by row and some channels of each: before a row of these, at each output, and behind. */
function writeWalk(
  f: FunctionWriter,
  { height, width, outChannels: channels }: Conv2dGeometry,
  rowStep: number,
  start: { readonly image: Local<"i32">; readonly output: Local<"i32">; readonly filters: Local<"i32"> },
  write: {
    readonly before: (at: Place) => void;
    readonly each: (at: Place) => void;
    readonly behind?: (at: Place) => void;
  },
): void {
  const pixel = 4 * channels;
  const [row, image, output] = [f.keep("row", start.image), f.local("i32", "image"), f.keep("output", start.output)];
  const filters = f.local("i32", "filters");
  const some = (lanes: number): void => {
    const place = { image, output, filters, lanes };
    write.before(place);
    f.times(width.output, () => {
      write.each(place);
      f.advance(image, width.stride * pixel);
      f.advance(output, pixel);
    });
    write.behind?.(place);
    f.advance(image, 4 * lanes - width.output * width.stride * pixel);
    f.advance(output, 4 * lanes - width.output * pixel);
    f.advance(filters, 4 * lanes);
  };
  f.times(height.output, () => {
    f.set(image, row);
    f.set(filters, start.filters);
    f.times(Math.floor(channels / 4), () => some(4));
    if (channels % 4 > 0) some(channels % 4);
    f.advance(output, (width.output - 1) * pixel);
    f.advance(row, height.stride * rowStep);
  });
}

/** The gradient of the input: that of each output, times the filter, is added where its window lies. */
function scatter(runtime: Runtime, g: Conv2dGeometry): Launch {
  const image = paddedOf(g);
  const taps = tapsOf(g, image.rowStep);
  const pixel = 4 * g.outChannels;
  const outputs = g.height.output * g.width.output * g.outChannels;
  const code = runtime.code(
    `depthwise scatter ${keyOf(g)}`,
    ["dy", "filters", "dx", "buffer"],
    (f, dy, filters, dx, buffer) => {
      const target = image.isPadded ? buffer : dx;
      f.fill(target, int(image.isPadded ? 4 * image.length : image.imageStep));
      const weights = taps.map(() => f.local("v128", "weight"));
      const [slope, total] = [f.local("v128", "dy"), f.local("v128", "total")];
      writeWalk(
        f,
        g,
        image.rowStep,
        { image: target, output: dy, filters: filters },
        {
          before: (at) => weights.forEach((weight, tap) => f.set(weight, load4(at.filters, tap * pixel))),
          each: (at) => {
            f.set(slope, load4(at.output));
            taps.forEach((offset, tap) => {
              f.set(total, f.multiplyAdd4(slope, weights[tap]!, load4(at.image, offset)));
              writeLanes(f, at.image, total, offset, at.lanes);
            });
          },
        },
      );
      if (image.isPadded) image.leave(f, buffer, dx);
    },
    outputs * taps.length,
  );
  return (dy, filters, dx) => {
    const buffer = runtime.scratch(0, image.length);
    const own = [buffer, 0, 4 * image.length] as const;
    code.callMany(g.batch, [dy.start, 4 * outputs], filters.start, [dx.start, image.imageStep], own);
  };
}

/** What windows see, times the slopes of their outputs, is summed for each tap: first over a row, then over all. */
function filterGradient(runtime: Runtime, g: Conv2dGeometry): Launch {
  const { rowStep } = paddedOf(g);
  const taps = tapsOf(g, rowStep);
  const pixel = 4 * g.outChannels;
  return filterGradientOverImages(runtime, g, {
    name: "depthwise filter gradient",
    work: g.height.output * g.width.output * g.outChannels * taps.length,
    scratch: 0,
    write: (f, { dy, x, dfilters }) => {
      const slope = f.local("v128", "dy");
      const sums = taps.map(() => f.local("v128", "sum"));
      writeWalk(
        f,
        g,
        rowStep,
        { image: x, output: dy, filters: dfilters },
        {
          before: () => sums.forEach((sum) => f.set(sum, zero4)),
          each: (at) => {
            f.set(slope, load4(at.output));
            sums.forEach((sum, tap) => f.set(sum, f.multiplyAdd4(load4(at.image, taps[tap]), slope, sum)));
          },
          behind: (at) =>
            sums.forEach((sum, tap) => {
              f.set(sum, f32x4.add(load4(at.filters, tap * pixel), sum));
              writeLanes(f, at.filters, sum, tap * pixel, at.lanes);
            }),
        },
      );
    },
  });
}
