import {
  inputUnder,
  type Conv2dGeometry,
  type Kernel,
  type KernelsOf,
  type Operations,
  type Products,
  type Values,
} from "@convlens/backend";
import { addProduct, type Matrix } from "./product.ts";

// Each row of a matrix P holds the inputs under one window of a row of outputs, tap by tap (im2col). That row of outputs is
// P · filters; the gradient of the filters is the sum of all Pᵀ · dy; and dy · filtersᵀ is the gradient of P, which is added to
// the inputs that P was read from. With groups, each group is a product of its own.

/** Part of a convolution that is one product of matrices: one image, one row of outputs, one group of channels. */
interface Part {
  readonly image: number;
  readonly oy: number;
  readonly group: number;
}

/** Visits the parts of a convolution in order. */
function eachPart(g: Conv2dGeometry, visit: (part: Part) => void): void {
  for (let image = 0; image < g.batch; image++)
    for (let group = 0; group < g.groups; group++)
      for (let oy = 0; oy < g.height.output; oy++) visit({ image, oy, group });
}

/** Visits the runs of elements that are adjacent both in the input and in P. Taps over padding are left out. */
function eachRun(
  { height: h, width: w, ...g }: Conv2dGeometry,
  { image, oy, group }: Part,
  visit: (pixel: number, place: number, length: number) => void,
): void {
  const c = g.inChannels / g.groups;
  // The taps of a row are adjacent, unless the window has holes or reads a group of the channels only.
  const together = w.dilation === 1 && g.groups === 1 ? w.window : 1;
  for (let ky = 0; ky < h.window; ky++) {
    const y = inputUnder(h, oy, ky);
    if (y < 0 || y >= h.input) continue;
    for (let ox = 0; ox < w.output; ox++)
      for (let kx = 0; kx < w.window; kx += together) {
        const x = inputUnder(w, ox, kx);
        const from = Math.max(0, -x);
        const to = Math.min(together, w.input - x);
        if (to <= from) continue;
        const pixel = ((image * h.input + y) * w.input + x + from) * g.inChannels + group * c;
        visit(pixel, ((ox * h.window + ky) * w.window + kx + from) * c, (to - from) * c);
      }
  }
}

/** Sizes and locations of the matrices of one part. */
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

/** Makes an array of the same type, so that the product stays monomorphic and fast. */
const scratch = (like: Values, length: number): Values =>
  like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);

/** Fills P for one part. */
function fill(g: Conv2dGeometry, part: Part, x: Values, p: Values): void {
  p.fill(0);
  eachRun(g, part, (pixel, place, length) => {
    for (let i = 0; i < length; i++) p[place + i] = x[pixel + i]!;
  });
}

const conv2d: Kernel<Values, Operations["conv2d"]> = ({ attributes: { geometry: g } }) => {
  const { f, outputs, seen, ...at } = matricesOf(g);
  return ([x, filters], y) => {
    const p = scratch(x, outputs * seen);
    y.fill(0);
    eachPart(g, (part) => {
      fill(g, part, x, p);
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
      fill(g, part, x, p);
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
      eachRun(g, part, (pixel, place, length) => {
        for (let i = 0; i < length; i++) totals[pixel + i]! += dp[place + i]!;
      });
    });
    dx.set(totals);
  };
};

/** Convolution and its gradients as products of matrices. */
export const tiledConv2dKernels: KernelsOf<Values, Exclude<keyof Products, "matmul">> = {
  conv2d,
  conv2dInputGradient,
  conv2dFilterGradient,
};
