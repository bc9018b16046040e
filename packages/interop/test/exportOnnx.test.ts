import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Shape } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import * as layers from "@convlens/layers";
import { build, predict, sequential, variables, type Layer } from "@convlens/layers";
import * as models from "@convlens/layers/models";
import { evaluate, normal, setSeed, transpose, useBackend, type Tensor } from "@convlens/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportOnnx, importOnnx, type ExportOnnxOptions } from "../src/index.ts";
import { channelsFirst, channelsLast } from "../src/onnx/axes.ts";

const folder = mkdtempSync(join(tmpdir(), "convlens-export-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  useBackend(await cpu());
  setSeed(11);
});

/** Whether Debian's python3-onnx is there, whose checker reads each file. */
const hasChecker = ((): boolean => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import onnx"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** Checks files with ONNX's own checker, types and shapes too. */
function checkFiles(files: Readonly<Record<string, Uint8Array>>): void {
  const paths = Object.entries(files).map(([name, file]) => {
    const path = join(folder, `${name.replace(/\W/g, "_")}.onnx`);
    writeFileSync(path, file);
    return path;
  });
  const script = "import onnx,sys\nfor p in sys.argv[1:]: onnx.checker.check_model(p, full_check=True)";
  execFileSync("/usr/bin/python3", ["-c", script, ...paths], { stdio: "pipe" });
}

/** Gives running statistics and biases other values than the first ones. */
function shake(model: object): void {
  for (const [path, variable] of variables(model)) {
    const field = path.split(".").at(-1)!;
    if (field === "filters" || field === "weights") continue;
    const isPositive = field === "variance" || field === "scale";
    variable.write(
      Float32Array.from({ length: variable.size }, (_, i) => Math.sin(i * 1.3 + 1) / 3 + (isPositive ? 1 : 0)),
    );
  }
}

/** The same numbers with the channels last. */
async function toOurs(x: Tensor): Promise<Tensor> {
  const y = transpose(x, channelsLast(x.rank));
  await evaluate(y);
  return y;
}

/** Exports a model, reads the file, and compares the outputs of three examples. */
async function check(model: Layer, shape: Shape, options: ExportOnnxOptions = {}, error = 1e-5): Promise<Uint8Array> {
  const file = await exportOnnx(model, shape, options);
  const net = await importOnnx(file, { layout: "file" });
  expect(net.report.batch).toBe("free");
  const x = normal([3, ...shape]);
  const isFirst = options.layout !== "nhwc";
  const want = await predict(model, x);
  const found = await predict(net, isFirst ? transpose(x, channelsFirst(x.rank)) : x);
  const got = isFirst ? await toOurs(found) : found;
  expect(got.shape).toEqual(want.shape);
  const largest = Array.from(want.knownValues).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  want.knownValues.forEach((value, i) => expect(Math.abs(got.knownValues[i]! - value) / largest).toBeLessThan(error));
  return file;
}

const image: Shape = [6, 6, 4];
const signal: Shape = [7, 4];
const conv = (options: object = {}): Layer =>
  new layers.Conv2d({ filters: 4, kernelSize: 3, padding: "same", ...options });
/** Layers with the shape of an example. */
const cases: Readonly<Record<string, readonly [make: () => Layer, shape: Shape]>> = {
  "Conv2d, strided, dilated, in groups": [() => conv({ stride: [1, 2], dilation: 2, groups: 2, padding: 2 }), image],
  "Conv2d without bias": [() => conv({ bias: false }), image],
  Conv1d: [() => new layers.Conv1d({ filters: 3, kernelSize: 3, stride: 2 }), signal],
  Conv3d: [() => new layers.Conv3d({ filters: 3, kernelSize: 2 }), [3, 4, 4, 2]],
  ConvTranspose2d: [
    () => new layers.ConvTranspose2d({ filters: 3, kernelSize: 3, stride: 2, outputPadding: 1 }),
    image,
  ],
  ConvTranspose1d: [() => new layers.ConvTranspose1d({ filters: 3, kernelSize: 3, stride: 2, padding: 1 }), signal],
  DepthwiseConv2d: [() => new layers.DepthwiseConv2d({ kernelSize: 3, multiplier: 2 }), image],
  SeparableConv2d: [() => new layers.SeparableConv2d({ filters: 5, kernelSize: 3 }), image],
  Dense: [() => new layers.Dense({ units: 3 }), [5]],
  "Dense after Flatten": [() => sequential([conv(), new layers.Flatten(), new layers.Dense({ units: 3 })]), image],
  "Dense after Flatten and ReLU": [
    () => sequential([conv(), new layers.Flatten(), new layers.ReLU(), new layers.Dense({ units: 3 })]),
    image,
  ],
  BatchNorm: [() => sequential([conv(), new layers.BatchNorm()]), image],
  "BatchNorm of rows": [() => new layers.BatchNorm(), [5]],
  LayerNorm: [() => new layers.LayerNorm(), image],
  GroupNorm: [() => new layers.GroupNorm({ groups: 2 }), image],
  LocalResponseNorm: [() => new layers.LocalResponseNorm(), image],
  "MaxPool2d with padding": [() => new layers.MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }), image],
  "MaxPool2d, ceil": [() => new layers.MaxPool2d({ kernelSize: 3, stride: 2, geometry: "ceil" }), image],
  MaxPool1d: [() => new layers.MaxPool1d({ kernelSize: 2 }), signal],
  AveragePool2d: [() => new layers.AveragePool2d({ kernelSize: 2 }), image],
  "AveragePool2d without padding": [
    () => new layers.AveragePool2d({ kernelSize: 3, padding: 1, countPadding: false }),
    image,
  ],
  "AveragePool2d, ceil": [() => new layers.AveragePool2d({ kernelSize: 3, stride: 2, geometry: "ceil" }), image],
  LpPool2d: [() => new layers.LpPool2d({ kernelSize: 2, p: 2 }), image],
  GlobalAveragePool: [() => new layers.GlobalAveragePool(), image],
  GlobalMaxPool: [() => new layers.GlobalMaxPool({ keepAxes: true }), image],
  "GlobalAveragePool of signals": [() => new layers.GlobalAveragePool(), signal],
  Resize: [() => new layers.Resize({ height: 9, width: 4 }), image],
  "Upsample, nearest": [() => new layers.Upsample({ factor: 2 }), image],
  "Upsample, cubic": [() => new layers.Upsample({ factor: 2, mode: "bicubic", alignCorners: true }), image],
  ZeroPad: [
    () =>
      new layers.ZeroPad({
        padding: [
          [1, 0],
          [2, 3],
        ],
      }),
    image,
  ],
  Crop: [() => new layers.Crop({ cropping: 1 }), image],
  Reshape: [() => new layers.Reshape({ shape: [12, 12] }), image],
  Permute: [() => new layers.Permute({ order: [0, 3, 1, 2] }), image],
  PReLU: [() => sequential([conv(), new layers.PReLU()]), image],
  Dropout: [() => sequential([new layers.Dropout(), new layers.SpatialDropout(), new layers.ReLU()]), image],
  Residual: [() => new layers.Residual({ body: conv() }), image],
  Parallel: [() => new layers.Parallel([new layers.ReLU(), conv({ kernelSize: 1 })]), image],
  SkipConnection: [
    () =>
      new layers.SkipConnection({
        body: sequential([new layers.MaxPool2d({ kernelSize: 2 }), conv(), new layers.Upsample()]),
      }),
    image,
  ],
  LocallyConnected2d: [() => new layers.LocallyConnected2d({ filters: 2, kernelSize: 3 }), image],
  Softmax: [() => sequential([conv(), new layers.Softmax()]), image],
  ...Object.fromEntries(
    [
      ...["ELU", "GELU", "HardSigmoid", "HardSwish", "LeakyReLU", "LogSoftmax", "ReLU", "ReLU6", "SELU"],
      ...["Sigmoid", "Softplus", "Swish", "Tanh"],
    ].map((name) => [
      name,
      [() => new (layers as unknown as Readonly<Record<string, new () => Layer>>)[name]!(), image] as const,
    ]),
  ),
};

describe("exportOnnx", () => {
  const files: Record<string, Uint8Array> = {};
  it.each(Object.entries(cases))("%s: what is read back computes the same", async (name, [make, shape]) => {
    const model = build(make(), shape);
    shake(model);
    files[name] = await check(model, shape);
    await check(model, shape, { layout: "nhwc", opset: 18 });
    await check(model, shape, { opset: 20 });
  });

  // Debian has the checker as python3-onnx. A skipped test would count as a failure.
  if (hasChecker)
    it("passes ONNX's checker", () => {
      expect(Object.keys(files).length).toBe(Object.keys(cases).length);
      checkFiles(files);
    });
});

const nets: Readonly<Record<string, readonly [make: () => Layer, shape: Shape]>> = {
  lenet5: [() => models.lenet5(), [28, 28, 1]],
  resnet50: [() => models.resnet50({ classes: 5, width: 0.125 }), [32, 32, 3]],
  mobileNetV2: [() => models.mobileNetV2({ classes: 5, width: 0.25 }), [32, 32, 3]],
  squeezeNet: [() => models.squeezeNet({ classes: 5 }), [48, 48, 3]],
  unet: [() => models.unet({ classes: 3, filters: 4, depth: 2 }), [18, 22, 3]],
  autoencoder: [() => models.autoencoder({ shape: [16, 16, 1] }), [16, 16, 1]],
  resnet1d: [() => models.resnet1d({ classes: 3, filters: 4 }), [64, 2]],
};

describe("models", () => {
  const files: Record<string, Uint8Array> = {};
  it.each(Object.entries(nets))("%s: is read back with the same outputs", async (name, [make, shape]) => {
    const model = build(make(), shape);
    shake(model);
    files[name] = await check(model, shape);
  });

  // Debian has the checker as python3-onnx. A skipped test would count as a failure.
  if (hasChecker)
    it("pass ONNX's checker", () => {
      expect(Object.keys(files).length).toBe(Object.keys(nets).length);
      checkFiles(files);
    });

  it("LeNet has the nodes that PyTorch writes, and its weights by name", async () => {
    const model = build(models.lenet5(), [28, 28, 1]);
    const net = await importOnnx(await exportOnnx(model, [28, 28, 1]));
    expect(net.report.operators.map(({ name, count }) => [name, count])).toMatchSnapshot();
    expect(net.report.inputs).toEqual([{ name: "input", type: "float32", shape: ["batch", 1, 28, 28] }]);
    expect(String(net)).toMatchSnapshot();
  });

  it("weights may be stored in 16 bits", async () => {
    const model = build(models.lenet5(), [28, 28, 1]);
    const [full, half] = [
      await exportOnnx(model, [28, 28, 1]),
      await check(model, [28, 28, 1], { weights: "float16" }, 2e-3),
    ];
    expect(half.length / full.length).toBeLessThan(0.52);
  });
});

it("refuses what ONNX does not have, and names the layer", async () => {
  class Noise implements Layer {
    readonly call = (x: Tensor): Tensor => layers.run(this, x, undefined, () => normal(x.shape));
  }
  const model = sequential([new layers.ReLU(), new Noise() as Layer]);
  await expect(exportOnnx(model, [4])).rejects.toThrow(/layers\.1 \(Noise\).*exportOnnx: .*has no counterpart in ONNX/);
  await expect(exportOnnx(sequential([new layers.ReLU()]), [4], { opset: 9 })).rejects.toThrow(
    /opset must be a whole number from 13/,
  );
});
