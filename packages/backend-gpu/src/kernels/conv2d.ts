import {
  convFilterShape,
  convInputShape,
  convOutputShape,
  sizeOf,
  type Conv2dGeometry,
  type Kernel,
  type KernelsOf,
  type Operations,
  type Products,
  type Sliding,
} from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { places } from "./axes.ts";
import { summed } from "./summed.ts";

// out[o, f] = Σ in[i, c] · filter[tap, c, f] over all meetings of an output pixel o, a tap and the input pixel i under it.
// Every kernel computes one element, from the meetings that it belongs to. Taps over padding count as zeros: they are left out,
// except where 0 · ∞ and 0 · NaN matter.

/** The position of tap `k` of the window at output `o`: `o · stride − before + k · dilation`. */
export const underTap = (o: string, k: string, { stride, before, dilation }: Sliding): string =>
  `${o} * ${stride} - ${before} + ${k} * ${dilation}`;

/** Statements for every tap inside the image: `y` and `x` are the position of its pixel. */
export const eachTap = (h: Sliding, w: Sliding, body: string): string => `for (let ky = 0; ky < ${h.window}; ky++) {
  const y = ${underTap("oy", "ky", h)};
  if (y >= 0) {
    if (y < ${h.input}) {
      for (let kx = 0; kx < ${w.window}; kx++) {
        const x = ${underTap("ox", "kx", w)};
        if (x >= 0) {
          if (x < ${w.input}) {
${body}
          }
        }
      }
    }
  }
}`;

/** Whether any window reaches over padding. */
const isPadded = (g: Conv2dGeometry): boolean => [g.height, g.width].some(({ before, after }) => before + after > 0);

/** Statements for every tap: those of {@link eachTap} inside the image, others over padding. */
const eachTapOrPadding = (h: Sliding, w: Sliding, body: string, overPadding: string): string =>
  `for (let ky = 0; ky < ${h.window}; ky++) {
  const y = ${underTap("oy", "ky", h)};
  for (let kx = 0; kx < ${w.window}; kx++) {
    const x = ${underTap("ox", "kx", w)};
    let inside = 0;
    if (y >= 0) {
      if (y < ${h.input}) {
        if (x >= 0) {
          if (x < ${w.input}) {
            inside = 1;
${body}
          }
        }
      }
    }
    if (inside < 1) {
${overPadding}
    }
  }
}`;

/** Statements for every tap over pixel `y, x`: `oy` and `ox` are the position of its window. */
export const eachWindow = (h: Sliding, w: Sliding, body: string): string => `for (let ky = 0; ky < ${h.window}; ky++) {
  const dy = y + ${h.before} - ky * ${h.dilation};
  if (dy >= 0) {
    const oy = quotient(dy, ${h.stride});
    if (oy * ${h.stride} === dy) {
      if (oy < ${h.output}) {
        for (let kx = 0; kx < ${w.window}; kx++) {
          const dx = x + ${w.before} - kx * ${w.dilation};
          if (dx >= 0) {
            const ox = quotient(dx, ${w.stride});
            if (ox * ${w.stride} === dx) {
              if (ox < ${w.output}) {
${body}
              }
            }
          }
        }
      }
    }
  }
}`;

/** Lengths of the arrays of a convolution, and the channels and filters of one group. */
const sizesOf = (g: Conv2dGeometry) => ({
  input: sizeOf(convInputShape(g)),
  filters: sizeOf(convFilterShape(g)),
  output: sizeOf(convOutputShape(g)),
  c: g.inChannels / g.groups,
  f: g.outChannels / g.groups,
});

/** A convolution with an epilogue for its sum. */
function convolution(
  gpu: Launcher,
  name: string,
  g: Conv2dGeometry,
  { begin = "0", result = "total", bias = false } = {},
): Launch {
  const { input, filters, output, c, f } = sizesOf(g);
  const tap = `const tap = (ky * ${g.width.window} + kx) * ${c * g.outChannels} + f;`;
  const overImage = `const pixel = ((n * ${g.height.input} + y) * ${g.width.input} + x) * ${g.inChannels} + channel;
${tap}
let part = 0;
for (let i = 0; i < ${c}; i++) {
  part = part + xs[pixel + i] * filters[tap + i * ${g.outChannels}];
}
total = total + part;`;
  const overPadding = `${tap}
for (let i = 0; i < ${c}; i++) {
  total = total + zero * filters[tap + i * ${g.outChannels}];
}`;
  return gpu.prepare({
    name,
    inputs: { xs: input, filters, ...(bias && { bias: g.outChannels }) },
    length: output,
    // Compilers replace the product with a constant zero by 0.
    ...(isPadded(g) && { numbers: { zero: 0 } }),
    body: `${places("this.thread.x", { n: g.batch, oy: g.height.output, ox: g.width.output, f: g.outChannels })}
const channel = quotient(f, ${f}) * ${c};
let total = ${begin};
${isPadded(g) ? eachTapOrPadding(g.height, g.width, overImage, overPadding) : eachTap(g.height, g.width, overImage)}
${result}`,
  });
}

const inputGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["conv2dInputGradient"]> =>
  ({ attributes: { geometry: g } }) => {
    const { input, filters, output, c, f } = sizesOf(g);
    return gpu.prepare({
      name: "conv2dInputGradient",
      inputs: { gradients: output, filters },
      length: input,
      body: `${places("this.thread.x", { n: g.batch, y: g.height.input, x: g.width.input, channel: g.inChannels })}
const group = quotient(channel, ${c});
const first = group * ${f};
const inGroup = channel - group * ${c};
let total = 0;
${eachWindow(
  g.height,
  g.width,
  `const pixel = ((n * ${g.height.output} + oy) * ${g.width.output} + ox) * ${g.outChannels} + first;
const tap = ((ky * ${g.width.window} + kx) * ${c} + inGroup) * ${g.outChannels} + first;
let part = 0;
for (let i = 0; i < ${f}; i++) {
  part = part + gradients[pixel + i] * filters[tap + i];
}
total = total + part;`,
)}
return total;`,
    });
  };

/** A term is a row of one image of the batch. */
const filterGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["conv2dFilterGradient"]> =>
  ({ attributes: { geometry: g } }) => {
    const { input, filters, output, c, f } = sizesOf(g);
    const [h, w] = [g.height, g.width];
    return summed(gpu, {
      name: "conv2dFilterGradient",
      inputs: { gradients: output, xs: input },
      length: filters,
      terms: g.batch * h.output,
      before: `${places("o", { ky: h.window, kx: w.window, c, f: g.outChannels })}
const channel = quotient(f, ${f}) * ${c} + c;`,
      term: `${places("m", { n: g.batch, oy: h.output })}
const y = ${underTap("oy", "ky", h)};
let part = 0;
for (let ox = 0; ox < ${w.output}; ox++) {
  const x = ${underTap("ox", "kx", w)};
  const gradient = gradients[(m * ${w.output} + ox) * ${g.outChannels} + f];
  let pixel = 0;
  if (y >= 0) {
    if (y < ${h.input}) {
      if (x >= 0) {
        if (x < ${w.input}) {
          pixel = xs[((n * ${h.input} + y) * ${w.input} + x) * ${g.inChannels} + channel];
        }
      }
    }
  }
  part = part + pixel * gradient;
}
total = total + part;`,
    });
  };

/** Kernels of convolutions and of their gradients. */
export const conv2dKernels = (
  gpu: Launcher,
): KernelsOf<Buffer, Exclude<keyof Products, "matmul"> | "conv2dBias" | "conv2dBiasRelu"> => ({
  conv2d: ({ attributes: { geometry } }) => convolution(gpu, "conv2d", geometry, { result: "return total;" }),
  conv2dInputGradient: inputGradient(gpu),
  conv2dFilterGradient: filterGradient(gpu),
  conv2dBias: ({ attributes: { geometry } }) =>
    convolution(gpu, "conv2dBias", geometry, { begin: "bias[f]", result: "return total;", bias: true }),
  conv2dBiasRelu: ({ attributes: { geometry } }) =>
    convolution(gpu, "conv2dBiasRelu", geometry, {
      begin: "bias[f]",
      result: "if (total < 0) { return 0; }\nreturn total;",
      bias: true,
    }),
});
