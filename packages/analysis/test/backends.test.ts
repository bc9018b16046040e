import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { BatchNorm, Conv2d, Dense, Flatten, MaxPool2d, ReLU, Residual, sequential, type Layer } from "@convlens/layers";
import { matmul, reshape, useBackend } from "@convlens/tensor";
import {
  classicalKernels,
  convolveBy,
  denseMatrix,
  effectiveReceptiveField,
  filterImage,
  gaussianKernel,
  slidingError,
  retain,
  tap,
  toColumns,
  toConvolutional,
  toMatrix,
  toRows,
  trace,
  traceGradient,
  unitActivity,
} from "../src/index.ts";
import { filled, some, TwoWays } from "./helpers.ts";

// Geometry, cost, sharing and diagrams need no backend. Everything else is computed on both backends.

const shape = [12, 12, 2];
const x = some([1, ...shape], 5);
const makeNet = (): Layer =>
  filled(
    sequential([
      ...[new Conv2d({ filters: 4, kernelSize: 3 }), new BatchNorm(), new ReLU(), new TwoWays()],
      new Residual({ body: sequential([new Conv2d({ filters: 4, kernelSize: 3, padding: 1 }), new ReLU()]) }),
      ...[new MaxPool2d({ kernelSize: 2 }), new Flatten(), new Dense({ units: 3 })],
    ]),
    shape,
    4,
  );

/** Every analysis that computes numbers. */
const looks: Readonly<Record<string, (net: Layer) => Promise<ArrayLike<number>>>> = {
  "the effective receptive field": async (net) =>
    (await effectiveReceptiveField(net, some([2, ...shape], 6), "layers.4")).values,
  "retained outputs": async (net) => {
    const { names, read } = await retain(net)(x);
    return (await Promise.all(names.map(read))).flatMap(({ values }) => [...values]);
  },
  "tapped outputs": async (net) => [...(await tap(net)(x)).layers.values()].flatMap(({ values }) => [...values]),
  "the activity of units": async (net) =>
    (await unitActivity(net, [x, some([3, ...shape], 7)])).flatMap((unit) => [
      ...unit.mean,
      ...unit.smallest,
      ...unit.largest,
      ...unit.active,
    ]),
  traces: async (net) => {
    const found = [];
    for (const [layer, unit] of [
      ["layers.0", [3, 4, 1]],
      ["layers.3.far", [1, 9, 0]],
      ["layers.4", [2, 2, 2]],
      ["layers.5", [1, 2, 3]],
      ["layers.7", [2]],
    ] as const) {
      const { value, output } = await trace(net, x, layer, unit);
      expect(Math.abs(value - output)).toBeLessThan(1e-4 * Math.max(1, Math.abs(output)));
      found.push(value);
    }
    return found;
  },
  "traces of gradients": async (net) => {
    const found = [];
    for (const [layer, place] of [
      ["layers.0", [5, 4, 1]],
      ["layers.4.body.layers.0", [2, 2, 2]],
      ["layers.5", [2, 3, 0]],
      ["layers.7", [17]],
    ] as const) {
      const { value, gradient } = await traceGradient(net, x, layer, place, { target: [1] });
      expect(Math.abs(value - gradient)).toBeLessThan(1e-4 * Math.max(1, Math.abs(gradient)));
      found.push(value);
    }
    return found;
  },
  "a layer's matrix": async () => {
    const layer = filled(new Conv2d({ filters: 2, kernelSize: 3, stride: 2, padding: 1, geometry: "floor" }), shape);
    return matmul(denseMatrix(toMatrix(layer, shape)), reshape(x, [288, 1])).data();
  },
  "windows as columns": async () =>
    matmul(toRows(some([3, 3, 2, 4], 8)), toColumns(x, { kernelSize: 3, stride: 2, padding: 1 })).data(),
  "a sliding net": async () => {
    const net = filled(
      sequential([new Conv2d({ filters: 3, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 2 })]),
      [6, 6, 2],
    );
    const { largest } = await slidingError(net, [6, 6, 2], x);
    expect(largest).toBeLessThan(1e-5);
    return toConvolutional(net, [6, 6, 2]).call(x).data();
  },
  "filtered images": async () => {
    const soft = filterImage(x, gaussianKernel(1), { border: "reflect" });
    return filterImage(soft, classicalKernels.emboss, { border: "wrap", flip: true }).data();
  },
  "a convolution by four algorithms": async () => {
    const found = [];
    for (const algorithm of ["sliding", "columns", "matrix", "fourier"] as const)
      found.push(
        ...(await convolveBy(algorithm, x, some([3, 3, 2, 3], 9), { padding: 1, stride: 2 })).output.knownValues,
      );
    return found;
  },
};

describe("the cpu backend and the reference return the same", () => {
  const backends: Backend[] = [];
  beforeAll(
    async () =>
      void backends.push(
        reference({ precision: "float64" }),
        reference(),
        await cpu({ threads: 1 }),
        await cpu({ threads: 2 }),
      ),
  );
  afterAll(() => backends.forEach((backend) => backend.dispose()));

  it.each(Object.entries(looks))("%s", async (_, look) => {
    const all: ArrayLike<number>[] = [];
    for (const backend of backends) {
      useBackend(backend);
      all.push(await look(makeNet()));
    }
    const [exact, ...others] = all as [ArrayLike<number>, ...ArrayLike<number>[]];
    expect(exact.length).toBeGreaterThan(3);
    for (const values of others) {
      expect(values.length).toBe(exact.length);
      for (let i = 0; i < exact.length; i++)
        expect(Math.abs(values[i]! - exact[i]!)).toBeLessThan(1e-4 * Math.max(1, Math.abs(exact[i]!)));
    }
  });
});
