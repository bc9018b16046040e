import type { Each, Kernel, KernelsOf, Op, Pool2dGeometry, Pooling, Poolings, Values } from "@convlens/backend";
import { eachWindow } from "./windows.ts";

/** Visits every window of every image and channel with the place of its output and of its winner in x. */
function eachWinner(g: Pool2dGeometry, x: Values, visit: (output: number, winner: number) => void): void {
  const c = g.channels;
  const image = g.height.input * g.width.input * c;
  const result = g.height.output * g.width.output * c;
  for (let n = 0; n < g.batch; n++)
    eachWindow(g, (output, inputs, _, count) => {
      for (let channel = 0; channel < c; channel++) {
        let winner = n * image + inputs[0]! * c + channel;
        for (let m = 1; m < count && !Number.isNaN(x[winner]!); m++) {
          const rival = n * image + inputs[m]! * c + channel;
          if (x[rival]! > x[winner]! || Number.isNaN(x[rival]!)) winner = rival;
        }
        visit(n * result + output * c + channel, winner);
      }
    });
}

/** Visits every meeting of an output with an input under its window, for every image and channel. */
function eachMeeting(g: Pool2dGeometry, visit: (input: number, output: number) => void): void {
  const c = g.channels;
  const image = g.height.input * g.width.input * c;
  const result = g.height.output * g.width.output * c;
  for (let n = 0; n < g.batch; n++)
    eachWindow(g, (output, inputs, _, count) => {
      for (let m = 0; m < count; m++)
        for (let channel = 0; channel < c; channel++)
          visit(n * image + inputs[m]! * c + channel, n * result + output * c + channel);
    });
}

/** An output that many may add to is summed in float64. */
const summed =
  <In extends readonly unknown[]>(
    add: (g: Pool2dGeometry, inputs: Each<In, Values>, totals: Float64Array) => void,
  ): Kernel<Values, Op<In, Pooling>> =>
  ({ attributes: { geometry } }) =>
  (inputs, y) => {
    const totals = new Float64Array(y.length);
    add(geometry, inputs, totals);
    y.set(totals);
  };

/** Many neighbouring numbers of a channel in, one out. */
export const pool2dKernels: KernelsOf<Values, keyof Poolings> = {
  maxPool2d:
    ({ attributes: { geometry } }) =>
    ([x], y) =>
      eachWinner(geometry, x, (output, winner) => (y[output] = x[winner]!)),
  maxPool2dSelect:
    ({ attributes: { geometry } }) =>
    ([v, x], y) =>
      eachWinner(geometry, x, (output, winner) => (y[output] = v[winner]!)),
  maxPool2dGradient: summed((g, [dy, x], totals) =>
    eachWinner(g, x, (output, winner) => (totals[winner]! += dy[output]!)),
  ),
  sumPool2d: summed((g, [x], totals) => eachMeeting(g, (input, output) => (totals[output]! += x[input]!))),
  sumPool2dGradient: summed((g, [dy], totals) => eachMeeting(g, (input, output) => (totals[input]! += dy[output]!))),
};
