import type { Conv2dGeometry, Convolution, HostKernels, Kernel, Values } from "@convlens/backend";
import { eachWindow } from "./windows.ts";

// out[o, f] = Σ in[i, c] · filter[tap, c, f] over all meetings of an output pixel o, a tap and the input pixel i under it;
// with groups, each share of the filters f sees only its own share of the channels c. The sum is linear in both factors, and
// solved for any of its three corners it is a convolution: forward, gradient of the input, gradient of the filters.

/** Sizes of one image and one group, for the three loops below. */
function sizesOf(g: Conv2dGeometry): { image: number; result: number; c: number; f: number } {
  return {
    image: g.height.input * g.width.input * g.inChannels,
    result: g.height.output * g.width.output * g.outChannels,
    c: g.inChannels / g.groups,
    f: g.outChannels / g.groups,
  };
}

const conv2d: Kernel<Values, Convolution> = ({ attributes: { geometry: g } }) => {
  const { image, result, c, f } = sizesOf(g);
  const totals = new Float64Array(g.outChannels);
  return ([x, filters], y) => {
    for (let n = 0; n < g.batch; n++)
      eachWindow(g, (output, inputs, taps, count) => {
        totals.fill(0);
        for (let group = 0; group < g.groups; group++)
          for (let m = 0; m < count; m++)
            for (let a = 0; a < c; a++) {
              const value = x![n * image + inputs[m]! * g.inChannels + group * c + a]!;
              const row = (taps[m]! * c + a) * g.outChannels;
              for (let b = group * f; b < (group + 1) * f; b++) totals[b]! += value * filters![row + b]!;
            }
        y.set(totals, n * result + output * g.outChannels);
      });
  };
};

const conv2dInputGradient: Kernel<Values, Convolution> = ({ attributes: { geometry: g } }) => {
  const { image, result, c, f } = sizesOf(g);
  return ([dy, filters], dx) => {
    const totals = new Float64Array(image);
    for (let n = 0; n < g.batch; n++) {
      totals.fill(0);
      eachWindow(g, (output, inputs, taps, count) => {
        const from = n * result + output * g.outChannels;
        for (let group = 0; group < g.groups; group++)
          for (let m = 0; m < count; m++)
            for (let a = 0; a < c; a++) {
              const row = (taps[m]! * c + a) * g.outChannels;
              let total = 0;
              for (let b = group * f; b < (group + 1) * f; b++) total += dy![from + b]! * filters![row + b]!;
              totals[inputs[m]! * g.inChannels + group * c + a]! += total;
            }
      });
      dx.set(totals, n * image);
    }
  };
};

const conv2dFilterGradient: Kernel<Values, Convolution> = ({ attributes: { geometry: g } }) => {
  const { image, result, c, f } = sizesOf(g);
  return ([dy, x], dfilters) => {
    const totals = new Float64Array(dfilters.length);
    for (let n = 0; n < g.batch; n++)
      eachWindow(g, (output, inputs, taps, count) => {
        const from = n * result + output * g.outChannels;
        for (let group = 0; group < g.groups; group++)
          for (let m = 0; m < count; m++)
            for (let a = 0; a < c; a++) {
              const value = x![n * image + inputs[m]! * g.inChannels + group * c + a]!;
              const row = (taps[m]! * c + a) * g.outChannels;
              for (let b = group * f; b < (group + 1) * f; b++) totals[row + b]! += value * dy![from + b]!;
            }
      });
    dfilters.set(totals);
  };
};

/** Filters slide over the image; each result is the sum of the products under them. */
export const conv2dKernels: HostKernels = { conv2d, conv2dInputGradient, conv2dFilterGradient };
