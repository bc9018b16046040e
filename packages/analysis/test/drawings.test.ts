import { reference } from "@convlens/backend-reference";
import { Conv1d, Conv2d, Dense, Flatten, MaxPool1d, MaxPool2d, ReLU, sequential } from "@convlens/layers";
import { lenet5, vgg16 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { histogram, modularGraph, operationGraph, trace, volumeTable } from "../src/index.ts";
import * as render from "../src/render/index.ts";
import { filled, some, TwoWays } from "./helpers.ts";

// Each drawing is a file, to be viewed and compared. `vitest -u` updates them.

beforeAll(() => useBackend(reference({ precision: "float64" })));

const light = { theme: "light" } as const;
const wave = (height: number): (readonly [number, number])[] =>
  Array.from({ length: 12 }, (_, i) => [i, height * Math.exp(-i / 4)] as const);
const picture = render.paintImage({ shape: [6, 8, 1], values: Float32Array.from({ length: 48 }, (_, i) => i / 48) });
const net = filled(
  sequential([
    new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }),
    new MaxPool2d({ kernelSize: 2 }),
    new ReLU(),
    new Flatten(),
  ]),
  [4, 4, 2],
);
const traced = (layer: string, unit: readonly number[]) => trace(net, some([1, 4, 4, 2]), layer, unit);
const signal = sequential([
  new Conv1d({ filters: 2, kernelSize: 2 }),
  new MaxPool1d({ kernelSize: 2 }),
  new Conv1d({ filters: 2, kernelSize: 2 }),
  new Flatten(),
  new Dense({ units: 1 }),
]);
const image = sequential([new Conv2d({ filters: 2, kernelSize: 2 }), new Flatten(), new Dense({ units: 1 })]);

const drawings: Readonly<Record<string, () => render.Scene | Promise<render.Scene>>> = {
  bars: () =>
    render.drawBars(
      [
        { name: "conv1", value: 117_600 },
        { name: "pool1", value: 0 },
        { name: "conv2", value: -235_000, text: "less" },
      ],
      light,
    ),
  boxes: () => {
    const name = "receptive field";
    const box = [
      [1, 3],
      [2, 6],
    ] as const;
    return render.drawBoxes(picture, [{ box, name }], { ...light, size: 20 });
  },
  histogram: () => render.drawHistogram(histogram([-2, -1, -1, 0, 0, 0, 1, 4, NaN], { bins: 8, high: 3 }), light),
  legend: () => render.drawLegend(render.scaleOf([[-2, 3]]), { title: "weights" }),
  lineChart: () =>
    render.drawLineChart(
      [
        { name: "batches", points: wave(2) },
        { name: "tests", points: wave(1), marks: true },
      ],
      { ...light, xLabel: "steps", low: 0, at: 4, changes: [6] },
    ),
  logarithmicChart: () =>
    render.drawLineChart([{ name: "parameters", points: [4, 32, 256].map((side) => [side, side ** 4]) }], {
      ...{ ...light, xScale: "log", yScale: "log", low: 1, width: 328, height: 200 },
    }),
  modulesOfSignal: () => render.drawModules(modularGraph(signal, [9, 1]), light),
  modulesOfImage: () => render.drawModules(modularGraph(image, [4, 5, 1]), light),
  modulesOnPhone: () => render.drawModules(modularGraph(signal, [9, 1]), { ...light, width: 328 }),
  operations: () => render.drawOperations(operationGraph(new TwoWays(), [5, 5, 1]), light),
  points: () =>
    render.drawPoints(
      [
        { x: 0, y: 0, kind: 0 },
        { x: 2, y: 1, kind: 1, selected: true, about: "a square" },
      ],
      ["circle", "square"],
      { ...light, width: 240 },
    ),
  traceOfProducts: async () => render.drawTrace(await traced("layers.0", [0, 0, 1])),
  traceOfLargest: async () => render.drawTrace(await traced("layers.1", [0, 0, 1]), { theme: "dark", width: 328 }),
  volumes: () => render.drawVolumes(volumeTable(lenet5(), [28, 28, 1]), light),
  volumesAsRoots: () => render.drawVolumes(volumeTable(vgg16(), [224, 224, 3]), { ...light, width: 600 }),
};

describe("drawings", () => {
  it.each(Object.entries(drawings))("%s matches its snapshot", async (name, draw) => {
    // A line for each shape, so that differences can be read.
    const text = render.toSvg(await draw()).replaceAll("><", ">\n<");
    await expect(`${text}\n`).toMatchFileSnapshot(`drawings/${name}.svg`);
  });

  it("include every drawing function", () => {
    const functions = Object.keys(render).filter((name) => name.startsWith("draw"));
    const drawn = Object.values(drawings).map(String).join();
    for (const name of functions) expect(drawn).toContain(`${name}(`);
  });
});
