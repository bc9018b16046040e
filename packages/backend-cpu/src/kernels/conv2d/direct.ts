import type { Conv2dGeometry } from "@convlens/backend";
import { plus, type Pointers } from "../../assembler/expression.ts";
import type { FunctionWriter, Machine } from "../../assembler/function.ts";
import { strided } from "../../callList.ts";
import { defineFunction } from "../../defineFunction.ts";
import { after, NOWHERE } from "../../heap.ts";
import type { Runtime } from "../../runtime.ts";
import { epilogueOf, writeProduct, type Epilogue, type ProductShape } from "../product.ts";
import { splitCalls } from "../splitCalls.ts";
import { imageOf, type Convolver, type ImageGeometry, type Launch } from "./convolver.ts";
import { defineImageGradient, filterGradientOverImages } from "./filterGradient.ts";
import { paddedOf } from "./padded.ts";
import { NARROW, panelLength, panelWidth, writePack, writePackAll } from "../panels.ts";

/** Products of terms that are worth a call. */
const TASK = 250_000;

// In a padded image [height, width, channels] the pixels of one row of a window lie side by side, and those of the next window a
// stride further. So a row of outputs is a product whose rows overlap, and nothing is copied. The gradient of the filters has the
// same rows as its terms, the gradient of the input has them as its result.

/** Any convolution, as a direct sum. */
export const direct = (runtime: Runtime, g: Conv2dGeometry): Convolver => ({
  forward: (epilogue) => forward(runtime, g, epilogue),
  inputGradient: () => inputGradient(runtime, g),
  filterGradient: () => filterGradientOverImages(runtime, g, imageGradient),
});

/** Sizes of one group. The taps of a row are one stretch, unless the window is dilated or there are groups. */
function partsOf(g: ImageGeometry) {
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const together = g.width.dilation === 1 && g.groups === 1;
  return {
    c,
    f,
    taps: g.height.window * g.width.window * c,
    /** Stretches of neighbouring numbers in each row of the window, and their length. */
    stretches: together ? 1 : g.width.window,
    stretch: together ? g.width.window * c : c,
    stretchStep: g.width.dilation * g.inChannels,
    outputRow: g.width.output * g.outChannels,
  };
}

/** Products of the convolution of one image. */
const workOf = (g: ImageGeometry): number => g.height.output * g.width.output * g.outChannels * partsOf(g).taps;

const packFunction = defineFunction({
  name: "conv2d pack",
  write: (f, g: ImageGeometry, filters, panels) => {
    const { f: columns, taps } = partsOf(g);
    const shape = {
      terms: taps,
      columns,
      termStep: g.outChannels,
      columnStep: 1,
      width: panelWidth(f.machine, columns),
    };
    writePackAll(f, shape, { count: g.groups, step: columns }, filters, panels);
  },
});

/** A convolution of one image with an epilogue. */
interface Forward {
  readonly image: ImageGeometry;
  readonly epilogue: Epilogue | undefined;
}

/** Writes: computes `count` rows of the output; `from` is the first window of the first row. */
function writeRows(
  f: FunctionWriter,
  { image: g, epilogue }: Forward,
  count: number,
  { from, packed, y, bias }: Pointers<"from" | "packed" | "y" | "bias">,
): void {
  const { rowStep } = paddedOf(g);
  const { f: filters, c, stretches, stretch, stretchStep, outputRow } = partsOf(g);
  const product: ProductShape = {
    rows: g.width.output,
    rowStep: g.width.stride * g.inChannels,
    resultStep: g.outChannels,
    columns: filters,
    terms: [
      { count: g.height.window, step: g.height.dilation * rowStep },
      { count: stretches, step: stretchStep },
      { count: stretch, step: 1 },
    ],
    ...epilogueOf(epilogue),
  };
  const row = f.keep(from);
  f.times(count, () => {
    const places = { a: f.keep(row), b: f.keep(packed), c: f.keep(y), bias: f.keep(bias) };
    f.times(g.groups, () => {
      writeProduct(f, product, places);
      f.advance(places.a, c);
    });
    f.advance(row, g.height.stride * rowStep);
    f.advance(y, outputRow);
  });
}

const wholeFunction = defineFunction({
  name: "conv2d",
  write: (f, work: Forward, x, packed, y, bias, buffer) => {
    const from = paddedOf(work.image).enter(f, x, buffer);
    writeRows(f, work, work.image.height.output, { from, packed, y, bias });
  },
  work: ({ image }) => workOf(image),
});
const rowsFunction = defineFunction({
  name: "conv2d rows",
  write: (f, { count, ...work }: Forward & { readonly count: number }, x, packed, y, bias) =>
    writeRows(f, work, count, { from: x, packed, y, bias }),
  work: () => TASK,
});
const enterFunction = defineFunction({
  name: "conv2d pad",
  write: (f, image: ImageGeometry, x, buffer) => void paddedOf(image).enter(f, x, buffer),
});

/** Threads share whole images, or the rows of each if there are few images. */
function forward(runtime: Runtime, g: Conv2dGeometry, epilogue?: Epilogue): Launch {
  const image = imageOf(g);
  const work: Forward = { image, epilogue };
  const padded = paddedOf(image);
  const { f: filters, taps, outputRow } = partsOf(image);
  const panels = g.groups * panelLength(taps, filters, panelWidth(runtime.machine, filters));
  const pack = runtime.compile(packFunction, image);
  if (runtime.threads === 1 || g.batch >= 2 * runtime.threads || workOf(image) <= 2 * TASK) {
    const whole = runtime.compile(wholeFunction, work);
    return (x, w, y, bias) => {
      const packed = runtime.scratch(panels, padded.length);
      const buffer = after(packed, panels);
      runtime.clear(buffer, runtime.threads * padded.length);
      pack.call(w.start, packed);
      const [from, to] = [strided(x.start, padded.imageStep), strided(y.start, g.height.output * outputRow)];
      const ownBuffer = strided(buffer, 0, padded.length);
      whole.callMany(g.batch, from, packed, to, bias?.start ?? NOWHERE, ownBuffer);
    };
  }
  const enter = runtime.compile(enterFunction, image);
  const each = Math.max(1, Math.round((g.height.output * TASK) / workOf(image)));
  const run = splitCalls(g.height.output, each, (count) => runtime.compile(rowsFunction, { ...work, count }));
  const step = each * g.height.stride * padded.rowStep;
  return (x, w, y, bias) => {
    const packed = runtime.scratch(panels + g.batch * padded.length);
    const buffer = after(packed, panels);
    pack.call(w.start, packed);
    runtime.clear(buffer, g.batch * padded.length);
    if (padded.isPadded) enter.callMany(g.batch, strided(x.start, padded.imageStep), strided(buffer, padded.length));
    for (let n = 0; n < g.batch; n++) {
      const from = padded.isPadded ? after(buffer, n * padded.length) : after(x.start, n * padded.imageStep);
      const to = after(y.start, n * g.height.output * outputRow);
      run(strided(from, step), packed, strided(to, each * outputRow), bias?.start ?? NOWHERE);
    }
  };
}

const packGradientFunction = defineFunction({
  name: "conv2dInputGradient pack",
  write: (f, g: ImageGeometry, from, to) => {
    const { f: filters, stretches, stretch } = partsOf(g);
    const shape = { terms: filters, columns: stretch, termStep: 1, columnStep: g.outChannels, width: NARROW };
    const all = { count: g.height.window * stretches, step: stretch * g.outChannels };
    f.times(g.groups, () => {
      writePackAll(f, shape, all, f.keep(from), to);
      f.advance(from, filters);
    });
  },
});

const inputGradientFunction = defineFunction({
  name: "conv2dInputGradient",
  write: (f, g: ImageGeometry, dy, packed, dx, buffer) => {
    const padded = paddedOf(g);
    const { f: filters, c, stretches, stretch, stretchStep, outputRow } = partsOf(g);
    const product: ProductShape = {
      rows: g.width.output,
      rowStep: g.outChannels,
      resultStep: g.width.stride * g.inChannels,
      columns: stretch,
      terms: [{ count: filters, step: 1 }],
      accumulate: true,
      // Neighbouring rows of the result overlap: adding to one would wait for the other.
      isSpread: true,
    };
    const target = padded.isPadded ? buffer : dx;
    f.clear(target, padded.isPadded ? padded.length : padded.imageStep);
    const row = f.keep(target);
    f.times(g.height.output, () => {
      const [b, result] = [f.keep(packed), f.keep(row)];
      f.times(g.groups, () => {
        for (let ky = 0; ky < g.height.window; ky++)
          for (let kx = 0; kx < stretches; kx++) {
            const to = plus(result, ky * g.height.dilation * padded.rowStep + kx * stretchStep);
            writeProduct(f, product, { a: dy, b, c: f.keep(to), bias: f.local("i32") });
          }
        f.advance(dy, filters);
        f.advance(result, c);
      });
      f.advance(row, g.height.stride * padded.rowStep);
      f.advance(dy, outputRow - g.groups * filters);
    });
    if (padded.isPadded) padded.leave(f, buffer, dx);
  },
  work: workOf,
});

function inputGradient(runtime: Runtime, g: Conv2dGeometry): Launch {
  const image = imageOf(g);
  const padded = paddedOf(image);
  const { f: filters, stretches, stretch, outputRow } = partsOf(image);
  const panels = panelLength(filters, stretch, NARROW) * g.height.window * stretches * g.groups;
  const pack = runtime.compile(packGradientFunction, image);
  const code = runtime.compile(inputGradientFunction, image);
  return (dy, w, dx) => {
    const packed = runtime.scratch(panels, padded.length);
    pack.call(w.start, packed);
    code.callMany(
      g.batch,
      strided(dy.start, g.height.output * outputRow),
      packed,
      strided(dx.start, padded.imageStep),
      strided(after(packed, panels), 0, padded.length),
    );
  };
}

/** Numbers of the packed gradient of an image's output. */
function scratchOf(g: ImageGeometry, machine: Machine): number {
  const { f: filters } = partsOf(g);
  return panelLength(g.height.output * g.width.output, filters, panelWidth(machine, filters));
}

const imageGradient = defineImageGradient({
  name: "conv2dFilterGradient",
  workOf,
  scratchOf,
  write: (f, g, { dy, x, dfilters, scratch }) => {
    const { rowStep } = paddedOf(g);
    const { f: filters, c, stretches, stretch, stretchStep } = partsOf(g);
    const product: ProductShape = {
      rows: stretch,
      rowStep: 1,
      resultStep: g.outChannels,
      columns: filters,
      terms: [
        { count: g.height.output, step: g.height.stride * rowStep },
        { count: g.width.output, step: g.width.stride * g.inChannels },
      ],
      accumulate: true,
    };
    const panels = {
      terms: g.height.output * g.width.output,
      columns: filters,
      termStep: g.outChannels,
      columnStep: 1,
      width: panelWidth(f.machine, filters),
    };
    const [from, group, result] = [f.keep(x), f.keep(dy), f.keep(dfilters)];
    f.times(g.groups, () => {
      writePack(f, panels, f.keep(group), f.keep(scratch));
      for (let ky = 0; ky < g.height.window; ky++)
        for (let kx = 0; kx < stretches; kx++) {
          const a = plus(from, ky * g.height.dilation * rowStep + kx * stretchStep);
          const to = plus(result, (ky * stretches + kx) * stretch * g.outChannels);
          const bias = f.local("i32");
          writeProduct(f, product, { a: f.keep(a), b: f.keep(scratch), c: f.keep(to), bias });
        }
      f.advance(from, c);
      f.advance(group, filters);
      f.advance(result, filters);
    });
  },
});
