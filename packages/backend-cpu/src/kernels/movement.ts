import { broadcastSteps, offsetOf, stepsOf, type Movements, type Section, type Shape } from "@convlens/backend";
import { after, type Address } from "../heap.ts";
import type { Runtime, CpuKernel, CpuKernels } from "../runtime.ts";
import { copied } from "./chain.ts";
import { defineChain, loopsOf, runLoops, type Elementwise } from "./loops.ts";

/** Copies numbers. */
export const move: Elementwise<object> = /* @__PURE__ */ defineChain("move", () => copied);

/** The first element of a section of a tensor, and its step along each axis. */
function sectionOf(whole: Shape, { begin, step }: Section): { readonly begin: number; readonly steps: number[] } {
  const steps = stepsOf(whole);
  return {
    begin: offsetOf(begin, steps),
    steps: steps.map((size, axis) => size * step[axis]!),
  };
}

/** Prepares a copy between places with these steps along each axis of a shape, which may be empty. */
function mover(
  runtime: Runtime,
  shape: Shape,
  from: readonly number[],
  to: readonly number[],
): (from: Address, to: Address) => void {
  return shape.includes(0) ? () => undefined : runLoops(runtime, move, {}, loopsOf(shape, [from, to]));
}

const concat =
  (runtime: Runtime): CpuKernel<"concat"> =>
  ({ inputs, output, attributes: { axis } }) => {
    const steps = stepsOf(output);
    let begin = 0;
    const parts = inputs.map((shape) => {
      const part = { move: mover(runtime, shape, stepsOf(shape), steps), begin: begin * steps[axis]! };
      begin += shape[axis]!;
      return part;
    });
    return (from, y) => parts.forEach(({ move, begin }, i) => move(from[i]!.start, after(y.start, begin)));
  };

/** Operations that only move numbers. */
export const movementKernels = (
  runtime: Runtime,
): CpuKernels<Exclude<keyof Movements, "reshape" | "gather" | "scatter">> => ({
  broadcast: ({ inputs: [input], output }) => {
    const move = mover(runtime, output, broadcastSteps(input, output), stepsOf(output));
    return ([x], y) => move(x.start, y.start);
  },
  transpose: ({ inputs: [input], output, attributes: { order } }) => {
    const steps = stepsOf(input);
    const from = order.map((axis) => steps[axis]!);
    const move = mover(runtime, output, from, stepsOf(output));
    return ([x], y) => move(x.start, y.start);
  },
  slice: ({ inputs: [input], output, attributes }) => {
    const { begin, steps } = sectionOf(input, attributes);
    const move = mover(runtime, output, steps, stepsOf(output));
    return ([x], y) => move(after(x.start, begin), y.start);
  },
  place: ({ inputs: [input], output, attributes }) => {
    const { begin, steps } = sectionOf(output, attributes);
    const move = mover(runtime, input, stepsOf(input), steps);
    return ([x], y) => {
      runtime.clear(y.start, y.length);
      move(x.start, after(y.start, begin));
    };
  },
  concat: concat(runtime),
});
