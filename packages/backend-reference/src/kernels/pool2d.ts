import {
  eachWindow,
  type TupleOf,
  type Kernel,
  type KernelsOf,
  type Op,
  type Pool2dGeometry,
  type Pooling,
  type Poolings,
  type Values,
} from "@convlens/backend";

/** Visits every window of every image and channel with the index of its output and those of the inputs under it. */
function eachPool(g: Pool2dGeometry, visit: (output: number, inputs: readonly number[]) => void): void {
  const c = g.channels;
  const [pixels, windows] = [g.height.input * g.width.input, g.height.output * g.width.output];
  eachWindow(g, (window, taps) => {
    for (let image = 0; image < g.batch; image++)
      for (let channel = 0; channel < c; channel++)
        visit(
          (image * windows + window) * c + channel,
          taps.map(({ input }) => (image * pixels + input) * c + channel),
        );
  });
}

/** Visits every window with the index of its output and that of the first of its largest inputs; NaN is the largest. */
function eachWinner(g: Pool2dGeometry, x: Values, visit: (output: number, winner: number) => void): void {
  const isLarger = (a: number, b: number): boolean => a > b || (Number.isNaN(a) && !Number.isNaN(b));
  eachPool(g, (output, inputs) =>
    visit(
      output,
      inputs.reduce((winner, input) => (isLarger(x[input]!, x[winner]!) ? input : winner)),
    ),
  );
}

/** y = the element of v at the winner in x, under each window. */
const select = (g: Pool2dGeometry, v: Values, x: Values, y: Values): void =>
  eachWinner(g, x, (output, winner) => (y[output] = v[winner]!));

/** Makes a kernel that sums in float64. */
const summed =
  <In extends readonly unknown[]>(
    add: (g: Pool2dGeometry, inputs: TupleOf<In, Values>, totals: Float64Array) => void,
  ): Kernel<Values, Op<In, Pooling>> =>
  ({ attributes: { geometry } }) =>
  (inputs, y) => {
    const totals = new Float64Array(y.length);
    add(geometry, inputs, totals);
    y.set(totals);
  };

/** Pooling of the elements under each window, by channel. */
export const pool2dKernels: KernelsOf<Values, keyof Poolings> = {
  maxPool2d:
    ({ attributes: { geometry } }) =>
    ([x], y) =>
      select(geometry, x, x, y),
  maxPool2dSelect:
    ({ attributes: { geometry } }) =>
    ([v, x], y) =>
      select(geometry, v, x, y),
  maxPool2dGradient: summed((g, [dy, x], totals) =>
    eachWinner(g, x, (output, winner) => (totals[winner]! += dy[output]!)),
  ),
  sumPool2d:
    ({ attributes: { geometry } }) =>
    ([x], y) =>
      eachPool(geometry, (output, inputs) => (y[output] = inputs.reduce((sum, input) => sum + x[input]!, 0))),
  sumPool2dGradient: summed((g, [dy], totals) =>
    eachPool(g, (output, inputs) => inputs.forEach((input) => (totals[input]! += dy[output]!))),
  ),
};
