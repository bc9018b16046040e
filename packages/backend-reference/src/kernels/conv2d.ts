import type { Conv2dGeometry, Kernel, KernelsOf, Operations, Products, Values } from "@convlens/backend";
import { addProduct, type Matrix } from "./product.ts";

// out[o, f] = Σ in[i, c] · filter[tap, c, f] over all meetings of an output pixel o, a tap and the input pixel i under it;
// with groups, each share of the filters f sees only its own share of the channels c. Lay out what the windows of one row of
// outputs see as the rows of a matrix P, tap by tap. Then that row of outputs is P · filters; the gradient of the filters is
// the sum of all Pᵀ · dy; and dy · filtersᵀ is the gradient of P, to be added back to the pixels that P was read from.

/** The part of a convolution that is one product of matrices: one image, one row of outputs, one group of channels. */
interface Part {
  readonly image: number;
  readonly oy: number;
  readonly group: number;
}

/** The parts of a convolution in order. */
function eachPart(g: Conv2dGeometry, visit: (part: Part) => void): void {
  for (let image = 0; image < g.batch; image++)
    for (let group = 0; group < g.groups; group++)
      for (let oy = 0; oy < g.height.output; oy++) visit({ image, oy, group });
}

/**
 * Visits what P is made of: stretches of numbers that lie side by side both in the input and in P. Taps over padding are left
 * out.
 */
function eachStretch(
  { height: h, width: w, ...g }: Conv2dGeometry,
  { image, oy, group }: Part,
  visit: (pixel: number, place: number, length: number) => void,
): void {
  const c = g.inChannels / g.groups;
  // The taps of a row are neighbours, unless the window has holes or sees a share of the channels only.
  const together = w.dilation === 1 && g.groups === 1 ? w.window : 1;
  for (let ky = 0; ky < h.window; ky++) {
    const y = oy * h.stride - h.before + ky * h.dilation;
    if (y < 0 || y >= h.input) continue;
    for (let ox = 0; ox < w.output; ox++)
      for (let kx = 0; kx < w.window; kx += together) {
        const x = ox * w.stride - w.before + kx * w.dilation;
        const from = Math.max(0, -x);
        const to = Math.min(together, w.input - x);
        if (to <= from) continue;
        const pixel = ((image * h.input + y) * w.input + x + from) * g.inChannels + group * c;
        visit(pixel, ((ox * h.window + ky) * w.window + kx + from) * c, (to - from) * c);
      }
  }
}

/** Sizes of the matrices of one part, and where they lie. */
function matricesOf(g: Conv2dGeometry) {
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const [outputs, seen] = [g.width.output, g.height.window * g.width.window * c];
  const row = g.outChannels;
  return {
    f,
    outputs,
    seen,
    p: (values: Values): Matrix => ({ values, start: 0, row: seen, column: 1 }),
    filters: (values: Values, { group }: Part): Matrix => ({ values, start: group * f, row, column: 1 }),
    y: (values: Values, { image, oy, group }: Part): Matrix => ({
      values,
      start: (image * g.height.output + oy) * outputs * row + group * f,
      row,
      column: 1,
    }),
  };
}

const transposed = ({ values, start, row, column }: Matrix): Matrix => ({ values, start, row: column, column: row });

/** An array of the same kind, so that the product meets one kind only and stays fast. */
const scratch = (like: Values, length: number): Values =>
  like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);

/** P of one part. */
function see(g: Conv2dGeometry, part: Part, x: Values, p: Values): void {
  p.fill(0);
  eachStretch(g, part, (pixel, place, length) => {
    for (let i = 0; i < length; i++) p[place + i] = x[pixel + i]!;
  });
}

const conv2d: Kernel<Values, Operations["conv2d"]> = ({ attributes: { geometry: g } }) => {
  const { f, outputs, seen, ...at } = matricesOf(g);
  return ([x, filters], y) => {
    const p = scratch(x, outputs * seen);
    y.fill(0);
    eachPart(g, (part) => {
      see(g, part, x, p);
      addProduct(outputs, f, seen, at.p(p), at.filters(filters, part), at.y(y, part));
    });
  };
};

const conv2dFilterGradient: Kernel<Values, Operations["conv2dFilterGradient"]> = ({ attributes: { geometry: g } }) => {
  const { f, outputs, seen, ...at } = matricesOf(g);
  return ([dy, x], dfilters) => {
    const p = scratch(x, outputs * seen);
    const totals = new Float64Array(dfilters.length);
    eachPart(g, (part) => {
      see(g, part, x, p);
      addProduct(seen, f, outputs, transposed(at.p(p)), at.y(dy, part), at.filters(totals, part));
    });
    dfilters.set(totals);
  };
};

const conv2dInputGradient: Kernel<Values, Operations["conv2dInputGradient"]> = ({ attributes: { geometry: g } }) => {
  const { f, outputs, seen, ...at } = matricesOf(g);
  return ([dy, filters], dx) => {
    const dp = new Float64Array(outputs * seen);
    const totals = new Float64Array(dx.length);
    eachPart(g, (part) => {
      dp.fill(0);
      addProduct(outputs, seen, f, at.y(dy, part), transposed(at.filters(filters, part)), at.p(dp));
      eachStretch(g, part, (pixel, place, length) => {
        for (let i = 0; i < length; i++) totals[pixel + i]! += dp[place + i]!;
      });
    });
    dx.set(totals);
  };
};

/** Filters slide over the image; each result is the sum of the products of what is under them. Padding counts as zeros. */
export const conv2dKernels: KernelsOf<Values, Exclude<keyof Products, "matmul">> = {
  conv2d,
  conv2dInputGradient,
  conv2dFilterGradient,
};
