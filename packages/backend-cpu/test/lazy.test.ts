import {
  conv2dGeometry,
  fuseChains,
  type Instruction,
  type OperationName,
  type Program,
  type Shape,
} from "@convlens/backend";
import { expect, it } from "vitest";
import { cpu as eager } from "../src/index.ts";
import { lazyKernels } from "../src/lazyKernels.ts";
import { needsLazyKernel } from "../src/lazyOperations.ts";
import { cpu as lazy } from "../src/lazy.ts";
import { Runtime } from "../src/runtime.ts";

const later = Object.keys(lazyKernels(new Runtime())) as OperationName[];

const programOf = (feeds: readonly Shape[], instructions: readonly Instruction[]): Program => ({
  feeds,
  variables: [],
  constants: [],
  instructions,
  outputs: [feeds.length + instructions.length - 1],
  updates: [],
});

const square: Shape = [4, 4];
const negate: Instruction = { operation: "negate", inputs: [0], attributes: {}, shape: square };
const tanh: Instruction = { operation: "tanh", inputs: [1], attributes: {}, shape: square };
const [image, filters]: [Shape, Shape] = [
  [1, 4, 4, 2],
  [3, 3, 1, 2],
];
/** Programs that need kernels which are loaded lazily: for an operation, for a step of a chain, and for a geometry. */
const programs: Readonly<Record<string, Program>> = {
  operation: programOf([square, [2]], [{ operation: "gather", inputs: [0, 1], attributes: {}, shape: [2, 4] }]),
  "elementwise operation": programOf([square], [{ ...tanh, inputs: [0] }]),
  chain: programOf([square], [negate, tanh]),
  "sum of a chain": programOf(
    [square],
    [negate, tanh, { operation: "sum", inputs: [2], attributes: { axes: [0, 1] }, shape: [1, 1] }],
  ),
  "depthwise convolution": programOf(
    [image, filters],
    [
      {
        operation: "conv2d",
        inputs: [0, 1],
        attributes: { geometry: conv2dGeometry(image, filters, { groups: 2, padding: 1 }) },
        shape: image,
      },
    ],
  ),
};

it.each(Object.entries(programs))("the lazy backend loads what a program needs: %s", async (_, program) => {
  expect(fuseChains(program, { canSum: true }).instructions.some(needsLazyKernel)).toBe(true);
  const results = [];
  for (const backend of [await eager({ threads: 1 }), await lazy({ threads: 1 })]) {
    expect(later.filter((operation) => !backend.supports(operation))).toEqual([]);
    const feeds = program.feeds.map((shape) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return Float32Array.from({ length: size }, (_value, i) => (size === 2 ? 3 - i : (i % 7) / 4 - 0.5));
    });
    results.push(await backend.compile(program).run(feeds, []));
    backend.dispose?.();
  }
  expect(results[1]).toEqual(results[0]);
});

it("the lazy backend loads nothing for common operations", () => {
  const sum: Instruction = { operation: "sum", inputs: [2], attributes: { axes: [0, 1] }, shape: [1, 1] };
  const { instructions } = programOf([square], [negate, { ...negate, operation: "exp", inputs: [1] }, sum]);
  const conv2d = { attributes: { geometry: conv2dGeometry([1, 4, 4, 2], [3, 3, 2, 2]) }, shape: [1, 2, 2, 2] };
  expect(
    [...instructions, { operation: "conv2d", inputs: [0, 1], ...conv2d } as Instruction].some(needsLazyKernel),
  ).toBe(false);
});
