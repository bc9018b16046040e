import { beforeEach, expect, it } from "vitest";
import { testMistakes } from "../../../tools/testMistakes.ts";
import * as c from "./everything.ts";
import type { Layer, Tensor } from "./everything.ts";

// Common mistakes. The error of each states what was expected, what was received and how to fix it.

beforeEach(() => c.useBackend(c.reference()));

const image = (): Tensor => c.zeros([2, 28, 28, 1]);
const data = c.shapes({ size: 40, height: 12, width: 12 });
const net = (classes = 4): Layer => c.sequential([new c.Flatten(), new c.Dense({ units: classes })]);

const mistakes: Readonly<Record<string, () => unknown>> = {
  // Shapes
  "an image without its batch axis": () => c.conv2d(c.zeros([28, 28, 1]), c.zeros([3, 3, 1, 8])),
  "a signal without its batch axis": () => c.conv1d(c.zeros([28, 1]), c.zeros([3, 1, 8])),
  "an image with its channels first": () => c.conv2d(c.zeros([32, 3, 28, 28]), c.zeros([3, 3, 3, 8])),
  "filters that lack an axis": () => c.conv2d(image(), c.zeros([3, 3, 8])),
  "filters for other channels": () => c.conv2d(c.zeros([32, 28, 28, 3]), c.zeros([3, 3, 1, 8])),
  "a kernel larger than the image": () => c.conv2d(c.zeros([1, 4, 4, 1]), c.zeros([5, 5, 1, 2])),
  "a stride that does not fit": () =>
    c.conv2d(c.zeros([1, 10, 10, 1]), c.zeros([3, 3, 1, 1]), { stride: 2, geometry: "strict" }),
  "a stride that does not fit a signal": () =>
    c.conv1d(c.zeros([1, 7, 1]), c.zeros([3, 1, 1]), { stride: 3, geometry: "strict" }),
  "filters for other channels of a signal": () => c.conv1d(c.zeros([1, 7, 2]), c.zeros([3, 1, 1])),
  "a stride of 0": () => c.conv2d(image(), c.zeros([3, 3, 1, 1]), { stride: 0 }),
  "groups that do not divide the channels": () => c.conv2d(c.zeros([1, 8, 8, 4]), c.zeros([3, 3, 2, 3]), { groups: 2 }),
  "pooling a vector": () => c.maxPool2d(c.zeros([8]), { kernelSize: 2 }),
  "a matrix product that does not fit": () => c.matmul(c.zeros([2, 3]), c.zeros([4, 5])),
  "a vector where a matrix belongs": () => c.matmul(c.zeros([3]), c.zeros([3, 2])),
  "adding shapes that do not broadcast": () => c.add(c.zeros([2, 3]), c.zeros([2])),
  "values that do not fill a shape": () => c.tensor([1, 2, 3], [2, 2]),
  "ragged rows": () => c.tensor([[1, 2], [3]]),
  "a shape of halves": () => c.zeros([2.5]),
  "a reshape of another size": () => c.reshape(c.zeros([2, 3]), [4]),
  "an axis that does not exist": () => c.sum(c.zeros([2, 3]), 2),
  "a slice beyond the end": () => c.slice(c.range(5), [3], [4]),
  "concatenating shapes that differ": () => c.concat([c.zeros([2, 3]), c.zeros([2, 4])], 0),
  "the largest of nothing": () => c.argmax(c.zeros([2, 0]), 1),
  // Values and options
  "an array where a tensor belongs": () => c.relu([1, 2] as never),
  "a promise where a tensor belongs": () => c.relu(Promise.resolve(c.zeros([1])) as never),
  "a tensor used as a number": () => Number(c.add(c.zeros([]), 1)) + 1,
  "one number of many": () => c.zeros([3]).item(),
  "values before they are computed": () => c.add(c.zeros([1]), 1).knownValues,
  "everything dropped": () => c.dropout(c.zeros([2]), 1),
  // Programs
  "a gradient of a tensor that is not involved": () => c.gradients(c.zeros([]), [c.zeros([2])]),
  "reading inside of a compiled function": () => c.compile((x: Tensor) => void x.knownValues)(c.zeros([1])),
  "a compiled function that waits": () => c.compile((async (x: Tensor) => x) as never)(),
  "a tensor over a variable from outside": () => {
    const outside = c.multiply(new c.Variable([1], [], { name: "w" }), 2);
    return c.compile((x: Tensor) => c.add(x, outside))(c.zeros([1]));
  },
  "a total that is never read": () => {
    let total: Tensor = c.zeros([]);
    for (let i = 0; i < 30_000; i++) total = c.add(total, 1);
  },
  "an old value of a variable": async () => {
    const w = new c.Variable([1], [], { name: "w" });
    const old = c.multiply(w, 2);
    w.assign(c.add(w, 1));
    await w.data();
    return old.data();
  },
  "a variable that was disposed of": () => {
    const w = new c.Variable([1], [], { name: "w" });
    w.dispose();
    return c.add(w, 1);
  },
  "a variable of another backend": async () => {
    const w = new c.Variable([1], [], { name: "w" });
    w.assign(c.add(w, 1));
    await c.evaluate();
    const x = new c.Variable([1], [], { name: "x" });
    c.useBackend(c.reference({ precision: "float64" }));
    x.assign(c.add(x, 1));
    await c.evaluate();
    return c.add(w, x).data();
  },
  "a variable that changes its shape": () => new c.Variable([1], [1], { name: "w" }).assign(c.zeros([2])),
  // Layers and models
  "a Dense without a Flatten before it": () =>
    c.build(c.sequential([new c.Conv2d({ filters: 2, kernelSize: 3 }), new c.Dense({ units: 4 })]), [8, 8, 1]),
  "a pooling that does not fit": () =>
    c.build(
      c.sequential([
        new c.Conv2d({ filters: 2, kernelSize: 3 }),
        new c.ReLU(),
        new c.MaxPool2d({ kernelSize: 3, geometry: "strict" }),
      ]),
      [9, 9, 1],
    ),
  "other channels than at first": () => {
    const model = c.build(c.sequential([new c.Conv2d({ filters: 2, kernelSize: 3 })]), [8, 8, 1]);
    return model.call(c.zeros([1, 8, 8, 3]));
  },
  "a value that is not a layer": () => c.sequential([new c.ReLU(), c.relu]),
  "a shortcut of another shape": () =>
    c.build(new c.Residual({ body: new c.Conv2d({ filters: 4, kernelSize: 3, padding: 1 }) }), [8, 8, 2]),
  "a misspelt pattern": () => c.fromPattern("INPUT -> [CONV -> RELU]*2 -> FOO -> FC"),
  "weights of another model": async () =>
    c.loadWeights(c.build(net(), [2]), await c.saveWeights(c.build(c.lenet5(), [28, 28, 1]))),
  "a file without weights": () =>
    c.loadWeights(c.build(net(), [2]), new TextEncoder().encode("<!doctype html><html></html>")),
  // Data and training
  "a label out of range": () =>
    c.classification({ inputs: { values: new Uint8Array(2), shape: [2, 1] }, labels: [0, 12], classes: ["a", "b"] }),
  "a hole in the data": () =>
    c.classification({ inputs: { values: Float32Array.of(0, NaN), shape: [2, 1] }, labels: [0, 1] }),
  "no data": () => c.classification({ inputs: { values: new Uint8Array(0), shape: [0, 1] }, labels: [] }),
  "fewer outputs than classes": () => c.fit(net(3), data),
  "a learning rate that is too high": async () => {
    for await (const _ of c.fit(net(), data, { batchSize: 8, epochs: 9, optimizer: c.sgd({ learningRate: 1e38 }) }));
  },
  "a group of parameters that do not exist": async () =>
    c.fit(net(), data, { groups: [{ match: "conv1", frozen: true }] }).next(),
  "targets of another shape": () => c.meanSquaredError(c.zeros([4, 1]), c.zeros([4])),
};

it("the table has at least 40 mistakes", () => expect(Object.keys(mistakes).length).toBeGreaterThanOrEqual(40));

testMistakes(mistakes);
