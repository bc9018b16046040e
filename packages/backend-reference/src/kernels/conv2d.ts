import {
  inputUnder,
  type Conv2dGeometry,
  type Convolution,
  type TupleOf,
  type Kernel,
  type KernelsOf,
  type Op,
  type Products,
  type Sliding,
  type Values,
} from "@convlens/backend";

// y[output] = Σ x[input] · filters[weight] over the taps of the window at a position and the channels under each tap. The
// gradients add up the same products with another factor: dx[input] = Σ dy[output] · filters[weight] and
// dfilters[weight] = Σ dy[output] · x[input].

/** Index of an input in the padding. */
const PADDING = -1;

/** Index of the input under a tap of the window at position `output`. */
function inputOrPadding(s: Sliding, output: number, tap: number): number {
  const input = inputUnder(s, output, tap);
  return input < s.input ? Math.max(PADDING, input) : PADDING;
}

/**
 * Visits every product of a convolution with the indices of its input, weight and output. With groups, the filters of a group read
 * the channels of that group only.
 */
function eachProduct(
  { height: h, width: w, ...g }: Conv2dGeometry,
  visit: (input: number, weight: number, output: number) => void,
): void {
  const [channels, filters] = [g.inChannels / g.groups, g.outChannels / g.groups];
  for (let image = 0; image < g.batch; image++)
    for (let oy = 0; oy < h.output; oy++)
      for (let ox = 0; ox < w.output; ox++)
        for (let filter = 0; filter < g.outChannels; filter++)
          for (let ky = 0; ky < h.window; ky++)
            for (let kx = 0; kx < w.window; kx++)
              for (let c = 0; c < channels; c++) {
                const y = inputOrPadding(h, oy, ky);
                const x = inputOrPadding(w, ox, kx);
                const channel = Math.floor(filter / filters) * channels + c;
                visit(
                  y < 0 || x < 0 ? PADDING : ((image * h.input + y) * w.input + x) * g.inChannels + channel,
                  ((ky * w.window + kx) * channels + c) * g.outChannels + filter,
                  ((image * h.output + oy) * w.output + ox) * g.outChannels + filter,
                );
              }
}

/** Makes a kernel that sums in float64. */
const summed =
  <In extends readonly unknown[]>(
    add: (g: Conv2dGeometry, inputs: TupleOf<In, Values>, totals: Float64Array) => void,
  ): Kernel<Values, Op<In, Convolution>> =>
  ({ attributes: { geometry } }) =>
  (inputs, result) => {
    const totals = new Float64Array(result.length);
    add(geometry, inputs, totals);
    result.set(totals);
  };

/** Padding counts as zeros, so an infinite weight over padding gives NaN. */
const at = (x: Values, input: number): number => (input === PADDING ? 0 : x[input]!);

/** Convolution and its gradients. */
export const conv2dKernels: KernelsOf<Values, Exclude<keyof Products, "matmul">> = {
  conv2d: summed((g, [x, filters], y) =>
    eachProduct(g, (input, weight, output) => (y[output]! += at(x, input) * filters[weight]!)),
  ),
  conv2dFilterGradient: summed((g, [dy, x], dfilters) =>
    eachProduct(g, (input, weight, output) => (dfilters[weight]! += at(x, input) * dy[output]!)),
  ),
  conv2dInputGradient: summed((g, [dy, filters], dx) =>
    eachProduct(g, (input, weight, output) => {
      if (input !== PADDING) dx[input]! += dy[output]! * filters[weight]!;
    }),
  ),
};
