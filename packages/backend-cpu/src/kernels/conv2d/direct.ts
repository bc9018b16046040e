import type { Conv2dGeometry } from "@convlens/backend";
import { int, type Local } from "../../assembler/expression.ts";
import { i32 } from "../../assembler/instructions.ts";
import type { FunctionWriter } from "../../assembler/function.ts";
import type { CompiledFunction, Runtime } from "../../runtime.ts";
import {
  epilogueOf,
  panelLength,
  writePack,
  writePackAll,
  writeProduct,
  type Epilogue,
  type ProductShape,
} from "../product.ts";
import { splitCalls } from "../splitCalls.ts";
import { keyOf, type Convolver, type Launch } from "./convolver.ts";
import { filterGradientOverImages } from "./filterGradient.ts";
import { paddedOf } from "./padded.ts";

type Address = Local<"i32">;

/** Products of so many terms are worth a call of their own. */
const TASK = 250_000;

// In a padded image [height, width, channels] what a window sees in one of its rows lies side by side, (tap, channel) by
// (tap, channel), and the next window's begins a stride further. So a row of outputs is a product whose rows overlap: nothing
// is laid out anew. The gradient of the filters has the same rows as its terms, that of the input as its result.

/** Any convolution, as the sum that it is. */
export const direct = (runtime: Runtime, g: Conv2dGeometry): Convolver => ({
  forward: (epilogue) => forward(runtime, g, epilogue),
  inputGradient: () => inputGradient(runtime, g),
  filterGradient: () => filterGradient(runtime, g),
});

/** Sizes of one group; the taps of a row are one stretch, unless the window has holes or there are groups. */
function partsOf(g: Conv2dGeometry) {
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const together = g.width.dilation === 1 && g.groups === 1;
  return {
    c,
    f,
    taps: g.height.window * g.width.window * c,
    /** Stretches of neighbouring numbers in each row of the window, and how long they are. */
    stretches: together ? 1 : g.width.window,
    stretch: together ? g.width.window * c : c,
    stretchStep: 4 * g.width.dilation * g.inChannels,
    outputRow: 4 * g.width.output * g.outChannels,
    filterRow: 4 * g.outChannels,
  };
}

/** The convolution, alone or with what usually follows it. */
function forward(runtime: Runtime, g: Conv2dGeometry, epilogue?: Epilogue): Launch {
  const image = paddedOf(g);
  const { f: filters, c, taps, stretches, stretch, stretchStep, outputRow, filterRow } = partsOf(g);
  const key = keyOf(g);
  const panels = panelLength(taps, filters);
  const pack = runtime.code(`conv2d filters ${key}`, ["filters", "panels"], (f, from, to) => {
    const shape = { terms: taps, columns: filters, termStep: filterRow, columnStep: 4 };
    writePackAll(f, shape, { count: g.groups, step: 4 * filters }, from, to);
  });
  const product: ProductShape = {
    rows: g.width.output,
    rowStep: 4 * g.width.stride * g.inChannels,
    resultStep: filterRow,
    columns: filters,
    terms: [
      { count: g.height.window, step: g.height.dilation * image.rowStep },
      { count: stretches, step: stretchStep },
      { count: stretch, step: 4 },
    ],
    ...epilogueOf(epilogue),
  };
  /** Writes some rows of the output; `from` is where the first window of the first one begins. */
  const writeRows = (
    f: FunctionWriter,
    count: number,
    from: Address,
    { packed, y, bias }: { readonly packed: Address; readonly y: Address; readonly bias: Address },
  ): void => {
    const row = f.keep("row", from);
    f.times(count, () => {
      const [a, b, to, epilogue] = [f.keep("a", row), f.keep("b", packed), f.keep("to", y), f.keep("bias", bias)];
      f.times(g.groups, () => {
        writeProduct(f, product, a, b, to, epilogue);
        f.advance(a, 4 * c);
      });
      f.advance(row, g.height.stride * image.rowStep);
      f.advance(y, outputRow);
    });
  };
  const name = `conv2d ${epilogue ?? ""}`;
  const resultStep = g.height.output * outputRow;
  // Images are shared out whole, unless there are too few; then the rows of each.
  const work = g.width.output * g.height.output * g.outChannels * taps;
  if (runtime.threads > 1 && g.batch < 2 * runtime.threads && work > 2 * TASK) {
    const each = Math.max(1, Math.round((g.height.output * TASK) / work));
    const enter = runtime.code(`conv2d enter ${key}`, ["x", "buffer"], (f, x, buffer) => {
      image.enter(f, x, buffer);
    });
    const rows = (count: number): CompiledFunction =>
      runtime.code(
        `${name} ${count} rows ${key}`,
        ["x", "panels", "y", "bias"],
        (f, x, packed, y, bias) => writeRows(f, count, x, { packed: packed, y: y, bias: bias }),
        TASK,
      );
    const run = splitCalls(g.height.output, each, rows);
    const step = each * g.height.stride * image.rowStep;
    return (x, w, y, bias) => {
      const packed = runtime.scratch(panels * g.groups + g.batch * image.length);
      const buffer = packed + 4 * panels * g.groups;
      pack.call(w.start, packed);
      runtime.clear(buffer, g.batch * image.length);
      if (image.isPadded) enter.callMany(g.batch, [x.start, image.imageStep], [buffer, 4 * image.length]);
      for (let n = 0; n < g.batch; n++) {
        const from = image.isPadded ? buffer + 4 * n * image.length : x.start + n * image.imageStep;
        const to = y.start + n * resultStep;
        run([from, step], packed, [to, each * outputRow], bias?.start ?? 0);
      }
    };
  }
  const whole = runtime.code(
    `${name} ${key}`,
    ["x", "panels", "y", "bias", "buffer"],
    (f, x, packed, y, bias, buffer) =>
      writeRows(f, g.height.output, image.enter(f, x, buffer), { packed: packed, y: y, bias: bias }),
    work,
  );
  return (x, w, y, bias) => {
    const packed = runtime.scratch(panels * g.groups, image.length);
    const buffer = packed + 4 * panels * g.groups;
    runtime.clear(buffer, runtime.threads * image.length);
    pack.call(w.start, packed);
    whole.callMany(g.batch, [x.start, image.imageStep], packed, [y.start, resultStep], bias?.start ?? 0, [
      buffer,
      0,
      4 * image.length,
    ]);
  };
}

function inputGradient(runtime: Runtime, g: Conv2dGeometry): Launch {
  const image = paddedOf(g);
  const { f: filters, c, taps, stretches, stretch, stretchStep, outputRow, filterRow } = partsOf(g);
  const key = keyOf(g);
  const panels = panelLength(filters, stretch);
  const perGroup = g.height.window * stretches;
  const pack = runtime.code(`conv2dInputGradient filters ${key}`, ["filters", "panels"], (f, from, to) =>
    f.times(g.groups, () => {
      const shape = { terms: filters, columns: stretch, termStep: 4, columnStep: filterRow };
      writePackAll(f, shape, { count: perGroup, step: stretch * filterRow }, f.keep("group", from), to);
      f.advance(from, 4 * filters);
    }),
  );
  const product: ProductShape = {
    rows: g.width.output,
    rowStep: filterRow,
    resultStep: 4 * g.width.stride * g.inChannels,
    columns: stretch,
    terms: [{ count: filters, step: 4 }],
    accumulate: true,
    // Neighbouring rows of the result overlap: adding to one would wait for the other.
    isSpread: true,
  };
  const code = runtime.code(
    `conv2dInputGradient ${key}`,
    ["dy", "panels", "dx", "buffer"],
    (f, ...parameters) => {
      const [dy, packed, dx, buffer] = parameters as [Address, Address, Address, Address];
      const target = image.isPadded ? buffer : dx;
      f.fill(target, int(image.isPadded ? 4 * image.length : image.imageStep));
      const row = f.keep("row", target);
      f.times(g.height.output, () => {
        const [b, result] = [f.keep("b", packed), f.keep("result", row)];
        f.times(g.groups, () => {
          for (let ky = 0; ky < g.height.window; ky++)
            for (let kx = 0; kx < stretches; kx++) {
              const to = i32.add(result, int(ky * g.height.dilation * image.rowStep + kx * stretchStep));
              writeProduct(f, product, dy, b, f.keep("to", to), f.local("i32", "bias"));
            }
          f.advance(dy, 4 * filters);
          f.advance(result, 4 * c);
        });
        f.advance(row, g.height.stride * image.rowStep);
        f.advance(dy, outputRow - g.groups * 4 * filters);
      });
      if (image.isPadded) image.leave(f, buffer, dx);
    },
    g.height.output * g.width.output * g.outChannels * taps,
  );
  return (dy, w, dx) => {
    const packed = runtime.scratch(panels * perGroup * g.groups, image.length);
    const buffer = packed + 4 * panels * perGroup * g.groups;
    pack.call(w.start, packed);
    code.callMany(
      g.batch,
      [dy.start, g.height.output * outputRow],
      packed,
      [dx.start, image.imageStep],
      [buffer, 0, 4 * image.length],
    );
  };
}

function filterGradient(runtime: Runtime, g: Conv2dGeometry): Launch {
  const image = paddedOf(g);
  const { f: filters, c, taps, stretches, stretch, stretchStep, filterRow } = partsOf(g);
  const places = g.height.output * g.width.output;
  const product: ProductShape = {
    rows: stretch,
    rowStep: 4,
    resultStep: filterRow,
    columns: filters,
    terms: [
      { count: g.height.output, step: g.height.stride * image.rowStep },
      { count: g.width.output, step: 4 * g.width.stride * g.inChannels },
    ],
    accumulate: true,
  };
  return filterGradientOverImages(runtime, g, {
    name: "conv2dFilterGradient",
    work: places * filters * taps * g.groups,
    scratch: panelLength(places, filters),
    write: (f, { dy, x, dfilters, scratch }) => {
      const [from, group, result] = [f.keep("from", x), f.keep("group", dy), f.keep("result", dfilters)];
      f.times(g.groups, () => {
        const shape = { terms: places, columns: filters, termStep: filterRow, columnStep: 4 };
        writePack(f, shape, f.keep("at", group), f.keep("to", scratch));
        for (let ky = 0; ky < g.height.window; ky++)
          for (let kx = 0; kx < stretches; kx++) {
            const a = i32.add(from, int(ky * g.height.dilation * image.rowStep + kx * stretchStep));
            const to = i32.add(result, int((ky * stretches + kx) * stretch * filterRow));
            const none = f.local("i32", "bias");
            writeProduct(f, product, f.keep("a", a), f.keep("b", scratch), f.keep("to", to), none);
          }
        f.advance(from, 4 * c);
        f.advance(group, 4 * filters);
        f.advance(result, 4 * filters);
      });
    },
  });
}
