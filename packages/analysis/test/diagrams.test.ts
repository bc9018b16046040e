import { describe, expect, it } from "vitest";
import {
  BatchNorm,
  Conv1d,
  Conv2d,
  Dense,
  Flatten,
  GlobalAveragePool,
  LocallyConnected2d,
  MaxPool1d,
  MaxPool2d,
  ReLU,
  sequential,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { lenet5, resnet18 } from "@convlens/layers/models";
import { multiply, type Tensor } from "@convlens/tensor";
import { countModules, modularGraph, operationGraph, type ModularGraph } from "../src/index.ts";
import { TwoWays } from "./helpers.ts";

const rows = ({ stages }: ModularGraph): string[] => stages.map(({ label, grid }) => `${grid.join("×")} ${label}`);
const edges = ({ stages }: ModularGraph): number[] => stages.map((stage) => stage.edges.length);
const A = (kernelSize: number): Layer => new Conv1d({ filters: 2, kernelSize });
const A2 = (): Layer => new Conv2d({ filters: 2, kernelSize: 2 });
const F = (): Layer[] => [new Flatten(), new Dense({ units: 1 })];

describe("modularGraph", () => {
  it("draws nine inputs as published: 7 A of three, 8 B of two, with max between them", () => {
    const three = modularGraph(sequential([A(3), new ReLU(), ...F()]), [9, 1]);
    expect(rows(three)).toEqual(["1×9 x", "1×7 A", "1×1 F"]);
    expect(edges(three)).toEqual([0, 21, 7]);
    expect(rows(modularGraph(sequential([A(2), ...F()]), [9, 1]))).toEqual(["1×9 x", "1×8 A", "1×1 F"]);
    expect(rows(modularGraph(sequential([A(2), A(2), ...F()]), [9, 1]))).toEqual(["1×9 x", "1×8 A", "1×7 B", "1×1 F"]);
    const pooled = modularGraph(sequential([A(2), new MaxPool1d({ kernelSize: 2 }), A(2), ...F()]), [9, 1]);
    expect(rows(pooled)).toEqual(["1×9 x", "1×8 A", "1×4 max", "1×3 B", "1×1 F"]);
    expect(edges(pooled)).toEqual([0, 16, 8, 6, 3]);
    expect(countModules(pooled)).toEqual({ elements: 25, edges: 33 });
  });

  it("draws 9 · 5 inputs: 8 · 4 A, 7 · 3 B; with max 4 · 2, and 3 · 1 B", () => {
    const plain = modularGraph(sequential([A2(), A2(), ...F()]), [9, 5, 1]);
    expect(plain.isPlane).toBe(true);
    expect(rows(plain)).toEqual(["9×5 x", "8×4 A", "7×3 B", "1×1 F"]);
    expect(edges(plain)).toEqual([0, 128, 84, 21]);
    const pooled = modularGraph(sequential([A2(), new MaxPool2d({ kernelSize: 2 }), A2(), ...F()]), [9, 5, 1]);
    expect(rows(pooled)).toEqual(["9×5 x", "8×4 A", "4×2 max", "3×1 B", "1×1 F"]);
  });

  it("draws the units of dense layers side by side, each reading all inputs", () => {
    // Conv-A, and with two more after it (network in network).
    const a = modularGraph(sequential([new Dense({ units: 3 }), new ReLU(), new Dense({ units: 1 })]), [2]);
    expect(rows(a)).toEqual(["1×2 x", "1×3 n", "1×1 n"]);
    expect(edges(a)).toEqual([0, 6, 3]);
    const nin = modularGraph(sequential([3, 2, 1].map((units) => new Dense({ units }))), [2]);
    expect(rows(nin)).toEqual(["1×2 x", "1×3 n", "1×2 n", "1×1 n"]);
  });

  it("lists which element reads which", () => {
    const { stages } = modularGraph(
      sequential([new Conv1d({ filters: 1, kernelSize: 2, dilation: 2, stride: 2, padding: 1, geometry: "floor" })]),
      [5, 1],
    );
    // Windows begin at −1, 1 and 3, and skip one.
    expect(stages[1]?.edges).toEqual([
      { stage: 0, from: 1, to: 0 },
      { stage: 0, from: 1, to: 1 },
      { stage: 0, from: 3, to: 1 },
      { stage: 0, from: 3, to: 2 },
    ]);
  });

  it("centres each element over its receptive field, for any padding", () => {
    const conv = new Conv2d({ filters: 1, kernelSize: 3, padding: 1, stride: 2 });
    const { stages } = modularGraph(sequential([conv, new Flatten(), new Dense({ units: 1 })]), [5, 5, 1]);
    expect(stages.map(({ stands }) => stands)).toEqual([
      { first: [0, 0], jump: [1, 1] },
      { first: [0, 0], jump: [2, 2] },
      undefined,
    ]);
  });

  it("shows branches, gates and layers without shared weights, and custom layers", () => {
    expect(rows(modularGraph(new TwoWays(), [4, 4, 1]))).toEqual(["4×4 x", "4×4 A", "4×4 B", "4×4 ∪"]);
    class Gate implements Layer {
      readonly pool: Layer = new GlobalAveragePool();
      call(x: Tensor, mode?: Mode): Tensor {
        return multiply(x, multiply(this.pool.call(x, mode), 2));
      }
    }
    const gated = modularGraph(sequential([A2(), new BatchNorm(), new Gate()]), [3, 3, 1]);
    expect(rows(gated)).toEqual(["3×3 x", "2×2 A", "1×1 mean", "2×2 ×"]);
    // Each element of the product reads its own input and the mean.
    expect(edges(gated)).toEqual([0, 16, 4, 8]);
    const local = modularGraph(new LocallyConnected2d({ filters: 2, kernelSize: 2 }), [3, 4, 1]);
    expect(rows(local)).toEqual(["3×4 x", "2×3 A"]);
    expect(edges(local)).toEqual([0, 24]);
  });

  it("refuses a whole photograph", () => {
    expect(() => modularGraph(lenet5(), [228, 228, 1])).toThrow("give a smaller input");
  });
});

describe("operationGraph", () => {
  it("has a node for each operation, with its inputs and parameters", () => {
    const { nodes } = operationGraph(
      sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU(), new MaxPool2d({ kernelSize: 2 })]),
      [6, 6, 1],
    );
    expect(nodes).toEqual([
      { label: "input", layer: "", shape: [6, 6, 1], inputs: [], parameters: [] },
      { label: "conv2d", layer: "layers.0", shape: [4, 4, 2], inputs: [0], parameters: ["layers.0.filters"] },
      { label: "add", layer: "layers.0", shape: [4, 4, 2], inputs: [1], parameters: ["layers.0.bias"] },
      { label: "relu", layer: "layers.1", shape: [4, 4, 2], inputs: [2], parameters: [] },
      { label: "maxPool2d", layer: "layers.2", shape: [2, 2, 2], inputs: [3], parameters: [] },
    ]);
  });

  it("has a node for each layer if asked, and the joins of containers", () => {
    class Own implements Layer {
      readonly ways: Layer = new TwoWays();
      call(x: Tensor, mode?: Mode): Tensor {
        return this.ways.call(multiply(x, 2), mode);
      }
    }
    const { nodes } = operationGraph(new Own(), [5, 5, 1], "layers");
    expect(nodes.map(({ label, inputs }) => [label, inputs])).toEqual([
      ["input", []],
      ["multiply", [0]],
      ["Conv2d", [1]],
      ["multiply", [2]],
      ["Conv2d", [1]],
      ["add", [4]],
      ["concat", [3, 5]],
    ]);
    const resnet = operationGraph(resnet18(), [224, 224, 3], "layers");
    expect(resnet.nodes.filter(({ inputs }) => inputs.length > 1).map(({ label }) => label)).toEqual(
      Array(8).fill("add"),
    );
    // Every node follows its inputs.
    for (const { nodes: all } of [resnet, operationGraph(resnet18(), [64, 64, 3])])
      all.forEach(({ inputs }, i) => inputs.forEach((from) => expect(from).toBeLessThan(i)));
  });
});
