import { readFileSync } from "node:fs";
import { UsageError, ValueError } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import {
  BatchNorm,
  build,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  DepthwiseConv2d,
  Dropout,
  Flatten,
  GlobalAveragePool,
  MaxPool2d,
  predict,
  PReLU,
  readSafetensors,
  ReLU,
  Residual,
  sequential,
  variables,
  weightsOf,
  writeSafetensors,
  type Layer,
  type StoredTensor,
} from "@convlens/layers";
import { tensor, useBackend } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { loadStateDict, saveStateDict } from "../src/index.ts";

beforeAll(async () => {
  useBackend(await cpu());
});

interface Stored {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
/** A case of tools/golden/stateDicts.py. */
interface Case {
  readonly name: string;
  readonly input: Stored;
  readonly output: Stored;
  readonly tensors: Readonly<Record<string, Stored>>;
}
const golden = JSON.parse(readFileSync(new URL("../../../tools/golden/stateDicts.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};
const caseOf = (name: string): Case => golden.cases.find((each) => each.name === name)!;
const tensorsOf = (name: string): Map<string, StoredTensor> =>
  new Map(
    Object.entries(caseOf(name).tensors).map(([key, { shape, values }]) => [
      key,
      { shape, values: Float32Array.from(values) },
    ]),
  );

const conv = (filters: number, options: object = {}): Conv2d =>
  new Conv2d({ filters, kernelSize: 3, padding: 1, ...options });
const norm = (): BatchNorm => new BatchNorm();

/** A residual block as torchvision's. */
function block(filters: number, stride: number, isWider: boolean): Layer {
  const body = sequential([
    ...[conv(filters, { stride, bias: false }), norm(), new ReLU()],
    ...[conv(filters, { bias: false }), norm()],
  ]);
  const shortcut = sequential([conv(filters, { kernelSize: 1, padding: 0, stride, bias: false }), norm()]);
  return sequential([new Residual({ body, ...(isWider && { shortcut }) }), new ReLU()]);
}

const models: Readonly<Record<string, () => Layer>> = {
  lenet: () =>
    sequential([
      ...[conv(3, { kernelSize: 5, padding: 2 }), new ReLU(), new MaxPool2d({ kernelSize: 2 })],
      ...[conv(4, { padding: 0 }), new ReLU(), new MaxPool2d({ kernelSize: 2 }), new Flatten()],
      ...[new Dense({ units: 6 }), new ReLU(), new Dropout(), new Dense({ units: 5 })],
    ]),
  signal: () =>
    sequential([
      ...[new Conv1d({ filters: 4, kernelSize: 5, stride: 2 }), norm(), new PReLU()],
      ...[new Conv1d({ filters: 4, kernelSize: 3, groups: 2 }), new ReLU(), new Flatten(), new Dense({ units: 3 })],
    ]),
  enlarging: () =>
    sequential([
      ...[conv(4, { groups: 2 }), new ReLU(), new ConvTranspose2d({ filters: 3, kernelSize: 2, stride: 2 })],
      ...[new Flatten(), new Dense({ units: 2 })],
    ]),
  residual: () =>
    sequential([
      ...[conv(4, { bias: false }), norm(), new ReLU(), block(4, 1, false), block(4, 1, false)],
      ...[block(6, 2, true), block(6, 1, false), new GlobalAveragePool(), new Dense({ units: 3 })],
    ]),
};

/** A built model, and the shape of its examples. */
function built(name: string): { readonly model: Layer; readonly input: readonly number[] } {
  const input = caseOf(name).input.shape.slice(1);
  return { model: build(models[name]!(), input), input };
}

async function expectOutputs(model: Layer, name: string): Promise<void> {
  const { input, output } = caseOf(name);
  const y = await predict(model, tensor(input.values, input.shape));
  expect(y.shape).toEqual(output.shape);
  y.knownValues.forEach((value, i) => expect(value).toBeCloseTo(output.values[i]!, 4));
}

describe.each(Object.keys(models))("%s of PyTorch", (name) => {
  it("is loaded by order and shape, and gives PyTorch's outputs", async () => {
    const { model } = built(name);
    const { matched, missing, unused } = loadStateDict(model, tensorsOf(name), { from: "pytorch" });
    expect([missing, unused]).toEqual([[], []]);
    expect(matched.map(({ path }) => path).toSorted()).toEqual([...variables(model).keys()].toSorted());
    await expectOutputs(model, name);
  });

  it("is loaded from a file that is sorted by name", async () => {
    const { model, input } = built(name);
    const sorted = new Map([...tensorsOf(name)].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    loadStateDict(model, sorted, { from: "pytorch", input });
    await expectOutputs(model, name);
  });

  it.each(["pytorch", "keras", "flax"] as const)("is written for %s and read back bit for bit", async (library) => {
    const { model, input } = built(name);
    const before = await weightsOf(model);
    const file = writeSafetensors(await saveStateDict(model, { to: library, input }));
    const other = build(models[name]!(), input, { seed: 5 });
    loadStateDict(other, readSafetensors(file).tensors, { from: library, input });
    expect(await weightsOf(other)).toEqual(before);
  });
});

describe("loadStateDict", () => {
  it("says what was done with each tensor", () => {
    const { model, input } = built("lenet");
    expect(
      loadStateDict(model, tensorsOf("lenet"), { from: "pytorch", input }).matched.map(({ name, how }) => [name, how]),
    ).toEqual([
      ["0.weight", "transposed"],
      ["0.bias", "as it is"],
      ["3.weight", "transposed"],
      ["3.bias", "as it is"],
      ["7.weight", "transposed, and its inputs from channels first to channels last"],
      ["7.bias", "as it is"],
      ["10.weight", "transposed"],
      ["10.bias", "as it is"],
    ]);
  });

  it("matches by name where rules lead to one, against the order", async () => {
    const model = build(sequential([new Dense({ units: 2, bias: false }), new Dense({ units: 2, bias: false })]), [2]);
    const a = { shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) };
    const b = { shape: [2, 2], values: Float32Array.of(5, 6, 7, 8) };
    const tensors = { "last.weight": a, "first.weight": b };
    const rules = [
      [/^first/, "layers.0"],
      ["last", "layers.1"],
    ] as const;
    loadStateDict(model, tensors, { from: "pytorch", rules });
    expect([...(await variables(model).get("layers.0.weights")!.data())]).toEqual([5, 7, 6, 8]);
    loadStateDict(model, tensors, { from: "pytorch" });
    expect([...(await variables(model).get("layers.0.weights")!.data())]).toEqual([1, 3, 2, 4]);
  });

  it("reads depthwise filters and names of Keras", async () => {
    const model = build(
      sequential([new DepthwiseConv2d({ kernelSize: 2, multiplier: 2 }), new BatchNorm()]),
      [4, 4, 3],
    );
    const numbers = (...shape: number[]): StoredTensor => ({
      shape,
      values: Float32Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => i + 1),
    });
    const { matched } = loadStateDict(
      model,
      {
        "net/depthwise/depthwise_kernel:0": numbers(2, 2, 3, 2),
        "net/depthwise/bias:0": numbers(6),
        "net/bn/gamma:0": numbers(6),
        "net/bn/beta:0": numbers(6),
        "net/bn/moving_mean:0": numbers(6),
        "net/bn/moving_variance:0": numbers(6),
      },
      { from: "keras" },
    );
    expect(matched.length).toBe(6);
    expect([...(await variables(model).get("layers.0.filters")!.data())]).toEqual(
      Array.from({ length: 24 }, (_, i) => i + 1),
    );
  });

  it("loads nothing where something does not fit, unless it is told to", async () => {
    const { model, input } = built("lenet");
    const before = await weightsOf(model);
    const tensors = tensorsOf("lenet");
    tensors.set("10.weight", { shape: [9, 6], values: new Float32Array(54) });
    const options = { from: "pytorch", input } as const;
    expect(() => loadStateDict(model, tensors, options)).toThrow(ValueError);
    expect(() => loadStateDict(model, tensors, options)).toThrow(
      /the model has "layers\.10\.weights" \[6, 5\], "layers\.10\.bias" \[5\], which no tensor fits; the weights have "10\.weight" \[9, 6\]/,
    );
    expect(await weightsOf(model)).toEqual(before);
    const { missing, unused } = loadStateDict(model, tensors, { ...options, dryRun: true });
    expect([missing, unused]).toEqual([
      ["layers.10.weights", "layers.10.bias"],
      ["10.weight", "10.bias"],
    ]);
    expect(await weightsOf(model)).toEqual(before);
    loadStateDict(model, tensors, { ...options, partial: true });
    expect(await weightsOf(model)).not.toEqual(before);
  });

  it("asks for the shape of an example where the order of flattened maps matters, and for a model that is built", () => {
    const model = new Dense({ units: 2, inputs: 3 });
    const tensors = {
      weight: { shape: [2, 3], values: new Float32Array(6) },
      bias: { shape: [2], values: new Float32Array(2) },
    };
    expect(() => loadStateDict(model, tensors, { from: "pytorch" })).toThrow(/give the shape of one example/);
    expect(loadStateDict(model, tensors, { from: "pytorch", input: [3] }).matched.length).toBe(2);
    expect(() => loadStateDict(models["lenet"]!(), tensorsOf("lenet"), { from: "pytorch" })).toThrow(UsageError);
    expect(() => loadStateDict(model, new Map(), {} as never)).toThrow(/from must be/);
  });
});
