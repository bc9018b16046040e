import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cpu } from "@convlens/backend-cpu";
import { readNpy } from "@convlens/datasets";
import { predict } from "@convlens/layers";
import { concat, tensor, Tensor, useBackend, type Tensors } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { importOnnx } from "../src/index.ts";

/** A folder of nets that others have trained, each with `model.onnx`, `input.npy` and `output_0.npy`, … */
const folder = process.env["CONVLENS_NETS"];
const nets =
  folder === undefined ? [] : readdirSync(folder).filter((name) => existsSync(join(folder, name, "model.onnx")));

beforeAll(async () => {
  useBackend(await cpu());
});

describe.skipIf(nets.length === 0)("nets of others (skipped without a folder of them in CONVLENS_NETS)", () => {
  it.each(nets)("%s: the right outputs, and a batch of two as two of one", async (name) => {
    const file = (part: string): Buffer => readFileSync(join(folder!, name, part));
    const net = await importOnnx<Tensor, Tensors>(file("model.onnx"), { layout: "file" });
    const { values, shape } = await readNpy(file("input.npy"));
    const x = tensor(Array.from(values, Number), shape);
    const one = tensorsIn(await predict(net, x));
    const two = tensorsIn(await predict(net, concat([x, x], 0)));
    for (const [i, output] of one.entries()) {
      const want = await readNpy(file(`output_${i}.npy`));
      expect(output.shape).toEqual(want.shape);
      const largest = errorOf(want.values, new Float32Array(want.values.length));
      const got = await output.data();
      expect(errorOf(got, want.values) / largest).toBeLessThan(1e-5);
      const both = await two[i]!.data();
      expect(both.length).toBe(2 * got.length);
      expect(errorOf(both.subarray(0, got.length), got) / largest).toBeLessThan(1e-5);
      expect(errorOf(both.subarray(got.length), got) / largest).toBeLessThan(1e-5);
    }
  });
});

const tensorsIn = (y: Tensors): Tensor[] => (y instanceof Tensor ? [y] : (Object.values(y) as Tensor[]));

/** The greatest difference. */
const errorOf = (got: ArrayLike<number | bigint>, want: ArrayLike<number | bigint>): number =>
  Array.from(got, Number).reduce((most, value, i) => Math.max(most, Math.abs(value - Number(want[i]))), 0);
