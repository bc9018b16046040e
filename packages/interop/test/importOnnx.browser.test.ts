import { cpu } from "@convlens/backend-cpu";
import { arrays } from "@convlens/datasets";
import { predict } from "@convlens/layers";
import { normal, setSeed, useBackend } from "@convlens/tensor";
import { adam, fit, meanSquaredError } from "@convlens/training";
import { expect, it } from "vitest";
import { importOnnx } from "../src/index.ts";
import { onnxBytes, type TestTensor } from "./onnxBytes.ts";

/** Weights by a formula. */
function weights(...shape: number[]): TestTensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return { shape, values: Array.from({ length: count }, (_, i) => Math.sin(1 + i * 1.7) / 2) };
}

it("a page imports a net, and fine-tunes its last layer", async () => {
  useBackend(await cpu());
  setSeed(3);
  const net = await importOnnx(
    onnxBytes({
      inputs: { image: [1, 1, 6, 6] },
      weights: { "body.weight": weights(4, 1, 3, 3), "head.weight": weights(2, 64), "head.bias": weights(2) },
      nodes: [
        ["Conv", ["image", "body.weight"], ["a"]],
        ["Relu", ["a"], ["b"]],
        ["Flatten", ["b"], ["c"]],
        ["Gemm", ["c", "head.weight", "head.bias"], ["y"], { transB: 1 }],
      ],
      outputs: ["y"],
    }),
  );
  expect(net.report.batch).toBe("opened");
  const x = normal([12, 6, 6, 1]);
  const [before, filters] = [
    await predict(net, x),
    await (net as never as { body: { filters: typeof x } }).body.filters.data(),
  ];
  const history = await fit(
    net,
    arrays({
      inputs: { values: Float32Array.from(await x.data()), shape: [12, 6, 6, 1] },
      targets: { values: new Float32Array(24), shape: [12, 2] },
    }),
    {
      ...{ epochs: 20, batchSize: 4, loss: meanSquaredError, optimizer: adam({ learningRate: 0.02 }), seed: 1 },
      groups: [{ match: "body", frozen: true }],
    },
  );
  expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss / 4);
  expect((await predict(net, x)).knownValues).not.toEqual(before.knownValues);
  expect(await (net as never as { body: { filters: typeof x } }).body.filters.data()).toEqual(filters);
});
