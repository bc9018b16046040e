import { ShapeError, UsageError, ValueError } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { explain, explanationMethods, receptiveFields } from "@convlens/analysis";
import { arrays } from "@convlens/datasets";
import {
  apply,
  BatchNorm,
  Conv2d,
  Dense,
  layersOf,
  loadWeights,
  MaxPool2d,
  parameters,
  predict,
  ReLU,
  saveWeights,
  summary,
} from "@convlens/layers";
import { normal, setSeed, slice, tensor, transpose, useBackend, type Tensor } from "@convlens/tensor";
import { adam, fit, meanSquaredError } from "@convlens/training";
import { beforeAll, describe, expect, it } from "vitest";
import { importOnnx, type ImportedModel } from "../src/index.ts";
import { onnxBytes, whole, type TestGraph, type TestTensor } from "./onnxBytes.ts";

beforeAll(async () => {
  useBackend(await cpu());
  setSeed(7);
});

/** Weights by a formula. */
function weights(...shape: number[]): TestTensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return { shape, values: Array.from({ length: count }, (_, i) => Math.sin(1 + i * 1.7) / 2) };
}

/** A small net as PyTorch exports it. */
const small = (batch: number | string = "n"): TestGraph => ({
  inputs: { image: [batch, 2, 8, 8] },
  weights: {
    "features.0.weight": weights(4, 2, 3, 3),
    "features.0.bias": weights(4),
    "features.1.weight": weights(4),
    "features.1.bias": weights(4),
    "features.1.running_mean": weights(4),
    "features.1.running_var": { shape: [4], values: [1, 2, 0.5, 1.5] },
    "head.weight": weights(3, 64),
    "head.bias": weights(3),
  },
  nodes: [
    ["Conv", ["image", "features.0.weight", "features.0.bias"], ["a"], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }],
    [
      "BatchNormalization",
      ["a", "features.1.weight", "features.1.bias", "features.1.running_mean", "features.1.running_var"],
      ["b"],
    ],
    ["Relu", ["b"], ["c"]],
    ["MaxPool", ["c"], ["d"], { kernel_shape: [2, 2], strides: [2, 2] }],
    ["Flatten", ["d"], ["e"]],
    ["Gemm", ["e", "head.weight", "head.bias"], ["scores"], { transB: 1 }],
  ],
  outputs: ["scores"],
});

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data());

describe("a net as PyTorch exports it", () => {
  it("becomes layers of the library, named after their weights", async () => {
    const net = await importOnnx(onnxBytes(small()));
    const layers = layersOf(net);
    expect(layers.get("features.0")).toBeInstanceOf(Conv2d);
    expect(layers.get("features.1")).toBeInstanceOf(BatchNorm);
    expect(layers.get("Relu_3")).toBeInstanceOf(ReLU);
    expect(layers.get("MaxPool_4")).toBeInstanceOf(MaxPool2d);
    expect(layers.get("head")).toBeInstanceOf(Dense);
    expect([...parameters(net).keys()]).toEqual([
      "features.0.filters",
      "features.0.bias",
      "features.1.scale",
      "features.1.shift",
      "head.weights",
      "head.bias",
    ]);
    expect(String(net)).toContain("features.0 Conv2d: filters [3, 3, 2, 4], bias [4] (76 parameters)");
    expect(summary(net, [8, 8, 2]).rows.some(({ path }) => path === "head")).toBe(true);
  });

  it("takes images with the channels last, or as the file has them", async () => {
    const [ours, theirs] = [
      await importOnnx(onnxBytes(small())),
      await importOnnx(onnxBytes(small()), { layout: "file" }),
    ];
    expect(ours.inputShapes).toEqual({ image: [8, 8, 2] });
    expect(theirs.inputShapes).toEqual({ image: [2, 8, 8] });
    const x = normal([3, 8, 8, 2]);
    const a = await values(await predict(ours, x));
    expect(await values(await predict(theirs, transpose(x, [0, 3, 1, 2])))).toEqual(a);
    expect(a.length).toBe(9);
    expect(new Set(a).size).toBe(9);
    await expect(predict(ours, normal([3, 2, 8, 8]))).rejects.toThrow(
      /the input "image" must be of shape \[batch, 8, 8, 2\].*layout: "file"/,
    );
  });

  it("learns, is explained, and is saved and loaded", async () => {
    const net = await importOnnx(onnxBytes(small()));
    const x = normal([16, 8, 8, 2]);
    const data = arrays({
      inputs: { values: Float32Array.from(await x.data()), shape: [16, 8, 8, 2] },
      targets: { values: Float32Array.from(await normal([16, 3]).data()), shape: [16, 3] },
    });
    const options = {
      epochs: 30,
      batchSize: 8,
      loss: meanSquaredError,
      optimizer: adam({ learningRate: 0.02 }),
      seed: 1,
    };
    const history = await fit(net, data, options);
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss / 4);
    const other = await importOnnx(onnxBytes(small()));
    loadWeights(other, await saveWeights(net));
    expect(await values(await predict(other, x))).toEqual(await values(await predict(net, x)));
    for (const method of Object.keys(explanationMethods)) {
      const why = await explain(net, slice(x, [0, 0, 0, 0], [1, 8, 8, 2]), { method: method as "gradient" });
      expect(why.method).toBe(method);
    }
    expect(receptiveFields(net, [8, 8, 2]).find(({ name }) => name === "MaxPool_4")!.axes[0]!.size).toBe(4);
  });

  it("is reported", async () => {
    const { report } = await importOnnx(onnxBytes(small()));
    expect(report).toMatchObject({ format: "onnx", producer: "test writer 1.0", opset: 17, batch: "free", notes: [] });
    expect(report.inputs).toEqual([{ name: "image", type: "float32", shape: ["n", 2, 8, 8] }]);
    expect(report.operators).toContainEqual({ name: "Conv", count: 1, as: ["Conv2d"] });
  });
});

describe("a batch", () => {
  const reshaped = (shape: readonly number[], batch = 1): TestGraph => ({
    ...small(batch),
    weights: { ...small().weights, shape: whole(...shape) },
    nodes: small().nodes.map((node) => (node[0] === "Flatten" ? ["Reshape", ["d", "shape"], ["e"]] : node)),
  });

  it.each([[[1, 64]], [[1, -1]], [[-1, 64]], [[0, 64]]])(
    "goes through a file for one example that reshapes to %j",
    async (shape) => {
      const net = await importOnnx(onnxBytes(reshaped(shape)));
      expect(net.report.batch).toBe("opened");
      await expectSameAsOneByOne(net);
    },
  );

  it("is computed one by one where the file mixes examples", async () => {
    const net = await importOnnx(
      onnxBytes({
        inputs: { x: [1, 4] },
        // The sum of all numbers, of all examples together.
        nodes: [
          ["ReduceSum", ["x"], ["s"], { keepdims: 1 }],
          ["Mul", ["x", "s"], ["y"]],
        ],
        outputs: ["y"],
      }),
    );
    expect(net.report.batch).toBe("each");
    expect(net.report.notes.join()).toContain("one by one");
    const y = await predict(net, tensor([1, 2, 3, 4, 10, 20, 30, 40], [2, 4]));
    expect(await values(y)).toEqual([10, 20, 30, 40, 1000, 2000, 3000, 4000]);
    const open = await importOnnx(
      onnxBytes({ inputs: { x: [1, 4] }, nodes: [["ReduceSum", ["x"], ["y"]]], outputs: ["y"] }),
      {
        batch: "open",
      },
    );
    expect(await values(await predict(open, tensor([1, 2, 3, 4, 10, 20, 30, 40], [2, 4])))).toEqual([110]);
  });

  it("repeats constants of one example", async () => {
    const net = await importOnnx(
      onnxBytes({
        inputs: { x: [1, 2] },
        weights: { first: { shape: [1, 1], values: [7] } },
        nodes: [["Concat", ["first", "x"], ["y"], { axis: 1 }]],
        outputs: ["y"],
      }),
    );
    expect(await values(await predict(net, tensor([1, 2, 3, 4], [2, 2])))).toEqual([7, 1, 2, 7, 3, 4]);
  });

  it("must be a multiple of the batch that the file mixes", async () => {
    const net = await importOnnx(
      onnxBytes({
        inputs: { x: [2, 2] },
        nodes: [
          ["ReduceSum", ["x"], ["s"], { keepdims: 1 }],
          ["Mul", ["x", "s"], ["y"]],
        ],
        outputs: ["y"],
      }),
    );
    expect(await values(await predict(net, tensor([1, 2, 3, 4, 1, 1, 1, 1], [4, 2])))).toEqual([
      10, 20, 30, 40, 4, 4, 4, 4,
    ]);
    await expect(predict(net, tensor([1, 2, 3, 4, 5, 6], [3, 2]))).rejects.toThrow(ShapeError);
  });
});

/** A batch of three gives what its examples give alone. */
async function expectSameAsOneByOne(net: ImportedModel): Promise<void> {
  const x = normal([3, 8, 8, 2]);
  const whole = await values(await predict(net, x));
  for (const i of [0, 1, 2]) {
    const one = await values(await predict(net, slice(x, [i, 0, 0, 0], [1, 8, 8, 2])));
    expect(one).toEqual(whole.slice(3 * i, 3 * i + 3));
  }
}

describe("several inputs and outputs", () => {
  const graph: TestGraph = {
    inputs: { left: ["n", 2], right: ["n", 2] },
    nodes: [
      ["Add", ["left", "right"], ["sum"]],
      ["Sub", ["left", "right"], ["difference"]],
    ],
    outputs: ["difference", "sum"],
  };

  it("are records by name, in the order of the file", async () => {
    const net = await importOnnx<Record<string, Tensor>, Record<string, Tensor>>(onnxBytes(graph));
    const y = await predict(net, { left: tensor([5, 6], [1, 2]), right: tensor([1, 2], [1, 2]) });
    expect(Object.keys(y)).toEqual(["difference", "sum"]);
    expect(await values(y["sum"]!)).toEqual([6, 8]);
    expect(() => net.call(tensor([1, 2], [1, 2]) as never)).toThrow(UsageError);
    expect(() => net.call({ left: tensor([1, 2], [1, 2]) })).toThrow(/the input "right" must be a tensor/);
  });

  it("are cut by the option outputs", async () => {
    const net = await importOnnx(onnxBytes(small()), { outputs: ["c"] });
    expect((await predict(net, normal([2, 8, 8, 2]))).shape).toEqual([2, 8, 8, 4]);
    await expect(importOnnx(onnxBytes(small()), { outputs: ["missing"] })).rejects.toThrow(
      /"missing", which no node computes/,
    );
  });
});

describe("graphs", () => {
  it("take the branch of a condition that is known, with its weights as parameters", async () => {
    const branch = (name: string, factor: number): TestGraph => ({
      weights: { [`${name}.weight`]: { shape: [2, 2], values: [factor, 0, 0, factor] } },
      nodes: [["MatMul", ["x", `${name}.weight`], [`${name}_y`]]],
      outputs: [`${name}_y`],
    });
    const net = await importOnnx(
      onnxBytes({
        inputs: { x: ["n", 2] },
        weights: { condition: { shape: [], values: [0] } },
        nodes: [["If", ["condition"], ["y"], { then_branch: branch("a", 2), else_branch: branch("b", 3) }]],
        outputs: ["y"],
      }),
    );
    expect([...parameters(net).keys()]).toEqual(["b.weights"]);
    expect(await values(await predict(net, tensor([1, 2], [1, 2])))).toEqual([3, 6]);
  });

  it("may have their nodes in any order, but no cycles", async () => {
    const nodes = small().nodes.toReversed();
    const net = await importOnnx(onnxBytes({ ...small(), nodes }));
    const x = normal([2, 8, 8, 2]);
    expect(await values(apply(net, x))).toEqual(await values(apply(await importOnnx(onnxBytes(small())), x)));
    const cycle: TestGraph = {
      inputs: { x: ["n"] },
      nodes: [
        ["Add", ["x", "b"], ["a"]],
        ["Relu", ["a"], ["b"]],
      ],
      outputs: ["b"],
    };
    await expect(importOnnx(onnxBytes(cycle))).rejects.toThrow(/a cycle goes through/);
  });

  it("share one variable where they share a weight", async () => {
    const net = await importOnnx(
      onnxBytes({
        inputs: { x: ["n", 2] },
        weights: { w: weights(2, 2) },
        nodes: [
          ["MatMul", ["x", "w"], ["a"]],
          ["MatMul", ["a", "w"], ["y"]],
        ],
        outputs: ["y"],
      }),
    );
    expect(parameters(net).size).toBe(1);
  });
});

describe("errors", () => {
  it("name operators that are not supported, and where to cut", async () => {
    const graph: TestGraph = {
      ...small(),
      nodes: [
        ...small().nodes,
        ["TopK", ["scores", "k"], ["top", "places"]],
        ["Magic", ["top"], ["z"], {}, "com.example"],
      ],
      weights: { ...small().weights, k: whole(2) },
      outputs: ["z"],
    };
    await expect(importOnnx(onnxBytes(graph))).rejects.toThrow(
      'importOnnx: TopK (makes "top"): the operator is not supported (in all, the file has 2 such operators: TopK, Magic); ' +
        'cut the graph before it: importOnnx(bytes, { outputs: ["scores"] })',
    );
  });

  it("name the node that refuses", async () => {
    const graph: TestGraph = {
      inputs: { x: ["n", 4] },
      weights: { s: whole(-1, 3) },
      nodes: [["Reshape", ["x", "s"], ["y"]]],
      outputs: ["y"],
    };
    const net = await importOnnx(onnxBytes(graph));
    await expect(predict(net, normal([2, 4]))).rejects.toThrow(/Reshape.*\[2, 4\] does not divide into \[-1, 3\]/);
  });

  it.each([
    ["an empty file", new Uint8Array(), /the file is empty/],
    ["a pointer of Git LFS", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"), /Git LFS/],
    ["a web page", new TextEncoder().encode("<!DOCTYPE html><title>404</title>"), /a web page/],
    ["a file that is cut off", onnxBytes(small()).subarray(0, 300), /the file is damaged/],
    ["other bytes", Uint8Array.from({ length: 64 }, (_, i) => 255 - i), /the file is damaged/],
  ])("say what %s is", async (_, bytes, message) => {
    const failing = importOnnx(bytes);
    await expect(failing).rejects.toThrow(ValueError);
    await expect(failing).rejects.toThrow(message);
  });

  it("refuse unknown options and what is no file", async () => {
    await expect(importOnnx(onnxBytes(small()), { outpts: ["a"] } as never)).rejects.toThrow(/outputs/);
    await expect(importOnnx("model.onnx" as never)).rejects.toThrow(/bytes must be a Uint8Array or an ArrayBuffer/);
  });
});

describe("weights in another file", () => {
  const graph = (place: Readonly<Record<string, string>>): TestGraph => ({
    inputs: { x: ["n", 2] },
    weights: { w: { shape: [2, 2], values: [], external: place } },
    nodes: [["MatMul", ["x", "w"], ["y"]]],
    outputs: ["y"],
  });
  const bytes = new Uint8Array(Float32Array.of(9, 1, 2, 3, 4).buffer);

  it("are read by name", async () => {
    const net = await importOnnx(onnxBytes(graph({ location: "w.bin", offset: "4", length: "16" })), {
      external: async (name) => (name === "w.bin" ? bytes : new Uint8Array()),
    });
    expect(await values(await predict(net, tensor([1, 1], [1, 2])))).toEqual([4, 6]);
  });

  it.each([
    [{ location: "w.bin" }, undefined, /"w" lie in another file, "w.bin"; give it with the option external/],
    [{ location: "w.bin", offset: "8", length: "16" }, () => bytes, /bytes 8 to 24 of "w.bin", which has 20/],
    [{ location: "w.bin", offset: "-4" }, () => bytes, /the file is damaged/],
    [{ location: "../w.bin" }, () => bytes, /outside of the folder/],
    [{ location: "/etc/passwd" }, () => bytes, /outside of the folder/],
    [{ location: "a\\..\\..\\w.bin" }, () => bytes, /outside of the folder/],
    [{ location: "https://example.org/w.bin" }, () => bytes, /outside of the folder/],
    [{ location: "w.bin" }, () => "text" as never, /must be a Uint8Array/],
  ])("are refused at %j", async (place, external, message) => {
    await expect(importOnnx(onnxBytes(graph(place)), external && { external })).rejects.toThrow(message);
  });
});

it("refuses constants that would not fit into memory", async () => {
  const graph: TestGraph = {
    inputs: { x: ["n"] },
    weights: { shape: whole(2 ** 20, 2 ** 20) },
    nodes: [
      ["ConstantOfShape", ["shape"], ["huge"]],
      ["Add", ["x", "huge"], ["y"]],
    ],
    outputs: ["y"],
  };
  await expect(importOnnx(onnxBytes(graph))).rejects.toThrow(/at most 2\^28 numbers/);
});
