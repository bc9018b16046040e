import {
  broadcastSteps,
  offsetOf,
  sizeOf,
  stepsOf,
  type KernelsOf,
  type Movements,
  type Kernel,
  type Operations,
  type Section,
  type Shape,
  type Values,
} from "@convlens/backend";
import { lastStep, walkRows } from "./walk.ts";

/** Reads x along the given steps, one for each axis of the output. */
function read(output: Shape, steps: readonly number[], begin = 0): (inputs: readonly [Values], y: Values) => void {
  const step = lastStep(steps);
  return ([x], y) =>
    walkRows(output, [steps], (start, length, from) => {
      for (let i = 0; i < length; i++) y[start + i] = x[begin + from + i * step]!;
    });
}

/** Offset in memory of a section of a tensor, and its step along each axis. */
function sectionOf(whole: Shape, { begin, step }: Section): [begin: number, steps: number[]] {
  const steps = stepsOf(whole);
  return [offsetOf(begin, steps), steps.map((size, axis) => size * step[axis]!)];
}

const place: Kernel<Values, Operations["place"]> = ({ inputs: [input], output, attributes }) => {
  const [begin, steps] = sectionOf(output, attributes);
  const step = lastStep(steps);
  return ([x], y) => {
    y.fill(0);
    walkRows(input, [steps], (start, length, to) => {
      for (let i = 0; i < length; i++) y[begin + to + i * step] = x[start + i]!;
    });
  };
};

const concat: Kernel<Values, Operations["concat"]> = ({ output, attributes: { axis } }) => {
  const outer = sizeOf(output.slice(0, axis));
  return (parts, y) => {
    let at = 0;
    for (let o = 0; o < outer; o++)
      parts.forEach((part) => {
        const length = part.length / outer;
        y.set(part.subarray(o * length, (o + 1) * length), at);
        at += length;
      });
  };
};

const isIndex = (index: number, size: number): boolean => Number.isInteger(index) && index >= 0 && index < size;

const gather: Kernel<Values, Operations["gather"]> = ({ inputs: [table] }) => {
  const rows = table[0]!;
  const length = sizeOf(table.slice(1));
  return ([x, indices], y) =>
    indices.forEach((index, i) => {
      if (isIndex(index, rows)) y.set(x.subarray(index * length, (index + 1) * length), i * length);
      else y.fill(NaN, i * length, (i + 1) * length);
    });
};

const scatter: Kernel<Values, Operations["scatter"]> = ({ output, attributes: { size } }) => {
  const length = sizeOf(output.slice(1));
  return ([rows, indices], y) => {
    const totals = new Float64Array(y.length);
    indices.forEach((index, i) => {
      if (isIndex(index, size)) for (let k = 0; k < length; k++) totals[index * length + k]! += rows[i * length + k]!;
    });
    y.set(totals);
  };
};

/** Operations that move elements. */
export const movementKernels: KernelsOf<Values, keyof Movements> = {
  reshape:
    () =>
    ([x], y) =>
      y.set(x),
  broadcast: ({ inputs: [input], output }) => read(output, broadcastSteps(input, output)),
  transpose: ({ inputs: [input], output, attributes: { order } }) => {
    const steps = stepsOf(input);
    return read(
      output,
      order.map((axis) => steps[axis]!),
    );
  },
  slice: ({ inputs: [input], output, attributes }) => {
    const [begin, steps] = sectionOf(input, attributes);
    return read(output, steps, begin);
  },
  place,
  concat,
  gather,
  scatter,
};
