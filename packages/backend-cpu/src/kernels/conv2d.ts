import type { Conv2dGeometry, Convolution, Kernel, Sliding } from "@convlens/backend";
import { spanOf } from "@convlens/backend";
import type { Block, Heap } from "../heap.ts";
import { packPanels, panelLength, productOf } from "./product.ts";
import { copyRows } from "./rows.ts";

// In a padded image [height, width, channels] what a window sees in one of its rows lies side by side, (tap, channel) by
// (tap, channel), and the next window's begins a stride further. So a row of outputs is a product whose rows overlap: nothing
// is laid out anew. The gradient of the filters has the same rows as its terms, that of the input as its result.

/** One image with its padding, if it has any. */
function paddedOf(heap: Heap, { height, width, inChannels }: Conv2dGeometry) {
  const reach = (s: Sliding): number => Math.max(s.before + s.input, (s.output - 1) * s.stride + spanOf(s));
  const [rows, columns] = [reach(height), reach(width)];
  const isPadded = rows !== height.input || columns !== width.input;
  const own = { rows: height.input, length: width.input * inChannels };
  const [plain, padded] = [4 * width.input * inChannels, 4 * columns * inChannels];
  const inside = height.before * padded + 4 * width.before * inChannels;
  const enter = copyRows(heap, { ...own, fromStep: plain, toStep: padded });
  const leave = copyRows(heap, { ...own, fromStep: padded, toStep: plain });
  return {
    isPadded,
    /** Numbers that it takes. */
    length: isPadded ? rows * columns * inChannels : 0,
    rowStep: padded,
    imageStep: 4 * height.input * width.input * inChannels,
    /** The address to read an image from: where it is, or where its padded copy was made. */
    enter: (image: number, buffer: number): number => {
      if (!isPadded) return image;
      enter(image, buffer + inside);
      return buffer;
    },
    leave: (buffer: number, image: number): void => {
      if (isPadded) leave(buffer + inside, image);
    },
  };
}

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
const conv2d =
  (heap: Heap, ending?: "bias" | "biasRelu"): Kernel<Block, Convolution> =>
  ({ attributes: { geometry: g } }) => {
    const image = paddedOf(heap, g);
    const { f, c, taps, stretches, stretch, stretchStep, outputRow, filterRow } = partsOf(g);
    const pack = packPanels(heap, { terms: taps, columns: f, termStep: filterRow, columnStep: 4 });
    const product = productOf(heap, {
      rows: g.width.output,
      rowStep: 4 * g.width.stride * g.inChannels,
      resultStep: filterRow,
      columns: f,
      terms: [
        { count: g.height.window, step: g.height.dilation * image.rowStep },
        { count: stretches, step: stretchStep },
        { count: stretch, step: 4 },
      ],
      accumulate: false,
      ...(ending && { ending }),
    });
    const panels = panelLength(taps, f);
    return ([x, filters, bias], y) => {
      const packed = heap.scratch(panels * g.groups + image.length);
      const buffer = packed + 4 * panels * g.groups;
      heap.clear(buffer, image.length);
      for (let group = 0; group < g.groups; group++) pack(filters!.start + 4 * group * f, packed + 4 * panels * group);
      for (let n = 0; n < g.batch; n++) {
        const from = image.enter(x!.start + n * image.imageStep, buffer);
        for (let oy = 0; oy < g.height.output; oy++)
          for (let group = 0; group < g.groups; group++)
            product(
              from + oy * g.height.stride * image.rowStep + 4 * group * c,
              packed + 4 * panels * group,
              y.start + (n * g.height.output + oy) * outputRow + 4 * group * f,
              bias === undefined ? 0 : bias.start + 4 * group * f,
            );
      }
    };
  };

const conv2dFilterGradient =
  (heap: Heap): Kernel<Block, Convolution> =>
  ({ attributes: { geometry: g } }) => {
    const image = paddedOf(heap, g);
    const { f, c, stretches, stretch, stretchStep, outputRow, filterRow } = partsOf(g);
    const places = g.height.output * g.width.output;
    const pack = packPanels(heap, { terms: places, columns: f, termStep: filterRow, columnStep: 4 });
    const product = productOf(heap, {
      rows: stretch,
      rowStep: 4,
      resultStep: filterRow,
      columns: f,
      terms: [
        { count: g.height.output, step: g.height.stride * image.rowStep },
        { count: g.width.output, step: 4 * g.width.stride * g.inChannels },
      ],
      accumulate: true,
    });
    const panels = panelLength(places, f);
    return ([dy, x], dfilters) => {
      const packed = heap.scratch(panels + image.length);
      const buffer = packed + 4 * panels;
      heap.clear(buffer, image.length);
      heap.clear(dfilters.start, dfilters.length);
      for (let n = 0; n < g.batch; n++) {
        const from = image.enter(x!.start + n * image.imageStep, buffer);
        for (let group = 0; group < g.groups; group++) {
          pack(dy!.start + n * g.height.output * outputRow + 4 * group * f, packed);
          for (let ky = 0; ky < g.height.window; ky++)
            for (let kx = 0; kx < stretches; kx++)
              product(
                from + ky * g.height.dilation * image.rowStep + kx * stretchStep + 4 * group * c,
                packed,
                dfilters.start + (ky * stretches + kx) * stretch * filterRow + 4 * group * f,
              );
        }
      }
    };
  };

const conv2dInputGradient =
  (heap: Heap): Kernel<Block, Convolution> =>
  ({ attributes: { geometry: g } }) => {
    const image = paddedOf(heap, g);
    const { f, c, stretches, stretch, stretchStep, outputRow, filterRow } = partsOf(g);
    const pack = packPanels(heap, { terms: f, columns: stretch, termStep: 4, columnStep: filterRow });
    const product = productOf(heap, {
      rows: g.width.output,
      rowStep: filterRow,
      resultStep: 4 * g.width.stride * g.inChannels,
      columns: stretch,
      terms: [{ count: f, step: 4 }],
      accumulate: true,
    });
    const panels = panelLength(f, stretch);
    const perGroup = g.height.window * stretches;
    return ([dy, filters], dx) => {
      const packed = heap.scratch(panels * perGroup * g.groups + image.length);
      const buffer = packed + 4 * panels * perGroup * g.groups;
      for (let group = 0; group < g.groups; group++)
        for (let part = 0; part < perGroup; part++)
          pack(
            filters!.start + part * stretch * filterRow + 4 * group * f,
            packed + 4 * panels * (group * perGroup + part),
          );
      heap.clear(dx.start, dx.length);
      for (let n = 0; n < g.batch; n++) {
        const own = dx.start + n * image.imageStep;
        const to = image.isPadded ? buffer : own;
        if (image.isPadded) heap.clear(buffer, image.length);
        for (let oy = 0; oy < g.height.output; oy++)
          for (let group = 0; group < g.groups; group++)
            for (let part = 0; part < perGroup; part++) {
              const [ky, kx] = [Math.floor(part / stretches), part % stretches];
              product(
                dy!.start + (n * g.height.output + oy) * outputRow + 4 * group * f,
                packed + 4 * panels * (group * perGroup + part),
                to + (oy * g.height.stride + ky * g.height.dilation) * image.rowStep + kx * stretchStep + 4 * group * c,
              );
            }
        image.leave(buffer, own);
      }
    };
  };

type Kind = "conv2d" | "conv2dBias" | "conv2dBiasRelu" | "conv2dInputGradient" | "conv2dFilterGradient";

/** Filters slide over the image, forward and backward. */
export const conv2dKernels = (heap: Heap): Record<Kind, Kernel<Block, Convolution>> => ({
  conv2d: conv2d(heap),
  conv2dBias: conv2d(heap, "bias"),
  conv2dBiasRelu: conv2d(heap, "biasRelu"),
  conv2dInputGradient: conv2dInputGradient(heap),
  conv2dFilterGradient: conv2dFilterGradient(heap),
});
