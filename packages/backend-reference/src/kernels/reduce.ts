import {
  broadcastSteps,
  sizeOf,
  type Kernel,
  type KernelsOf,
  type Operations,
  type Reductions,
  type Values,
} from "@convlens/backend";
import { lastStep, walkRows } from "./walk.ts";

/** Folds x over some axes, in float64 and in memory order, from `start`. */
const fold =
  (start: number, f: (total: number, x: number) => number): Kernel<Values, Operations["sum"]> =>
  ({ inputs: [input], output }) => {
    const steps = broadcastSteps(output, input);
    const step = lastStep(steps);
    return ([x], y) => {
      const totals = new Float64Array(sizeOf(output)).fill(start);
      walkRows(input, [steps], (from, length, to) => {
        for (let i = 0; i < length; i++) totals[to + i * step] = f(totals[to + i * step]!, x[from + i]!);
      });
      y.set(totals);
    };
  };

const argmax: Kernel<Values, Operations["argmax"]> = ({ inputs: [input], output, attributes: { axis } }) => {
  const length = sizeOf(input) / sizeOf(output);
  const inner = sizeOf(input.slice(axis + 1));
  return ([x], y) => {
    for (let o = 0; o < y.length; o++) {
      const first = Math.floor(o / inner) * length * inner + (o % inner);
      let best = 0;
      for (let i = 1; i < length; i++) {
        const champion = x[first + best * inner]!;
        if (Number.isNaN(champion)) break;
        const rival = x[first + i * inner]!;
        if (rival > champion || Number.isNaN(rival)) best = i;
      }
      y[o] = best;
    }
  };
};

/** Operations that reduce axes. The sum of no elements is 0, their maximum −∞. */
export const reduceKernels: KernelsOf<Values, keyof Reductions> = {
  sum: fold(0, (total, x) => total + x),
  max: fold(-Infinity, Math.max),
  argmax,
};
