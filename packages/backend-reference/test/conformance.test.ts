import { checked, elementwise, kernelBackend, type Kernels, type OperationName, type Values } from "@convlens/backend";
import { conformance } from "@convlens/backend/conformance";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { reference, referenceKernels } from "../src/index.ts";

const options = { describe, it, reference: () => reference({ precision: "float64" }) };

describe("the reference, in float32", () => conformance(() => reference(), options));
describe("the reference, in float64", () =>
  conformance(() => reference({ precision: "float64" }), { ...options, tolerance: 1e-12 }));

/** A backend of whole buffers, each an object around an array, as one of a graphics card would be. */
const boxed = (operations: readonly OperationName[]) => {
  interface Box {
    values: Values;
  }
  const kernels = Object.fromEntries(
    operations.map((operation) => {
      const kernel = referenceKernels[operation] as (call: never) => (inputs: Values[], output: Values) => void;
      return [
        operation,
        (call: never) => {
          const launch = kernel(call);
          return async (inputs: Box[], output: Box) =>
            launch(
              inputs.map((box) => box.values),
              output.values,
            );
        },
      ];
    }),
  ) as unknown as Kernels<Box>;
  return kernelBackend<Box>(
    {
      name: "boxes",
      allocate: (length) => ({ values: new Float32Array(length) }),
      free: (box) => {
        box.values = new Float32Array(0);
      },
      upload: (box, values) => box.values.set(values),
      download: async (box) => box.values.slice(),
      copy: (from, to) => to.values.set(from.values),
      kernels,
    },
    referenceKernels,
  );
};

describe("a backend without an arena, whose kernels and reads take their time", () =>
  conformance(() => boxed(Object.keys(referenceKernels) as OperationName[]), options));

describe("a backend with a few kernels", () => {
  const warn = vi.spyOn(console, "warn");
  beforeEach(() => {
    warn.mockImplementation(() => undefined);
  });
  afterEach(() => {
    warn.mockReset();
  });
  conformance(() => boxed(["add", "relu"]), options);

  it("says once for each operation that it runs on the host", async () => {
    const backend = boxed([]);
    for (let i = 0; i < 2; i++)
      backend.compile({
        feeds: [[1]],
        variables: [],
        constants: [],
        instructions: [
          { operation: "exp", inputs: [0], attributes: {}, shape: [1] },
          { operation: "exp", inputs: [1], attributes: {}, shape: [1] },
        ],
        outputs: [2],
        updates: [],
      });
    expect(warn.mock.calls).toEqual([["boxes: no kernel for exp; it will run on the host"]]);
  });
});

describe("a checked backend", () => {
  conformance(() => checked(reference()), {
    ...options,
    skip: ["not a number and infinity go through as they do in the reference", "empty tensors"].map((test) => ({
      test,
      reason: "it refuses numbers that are not finite",
    })),
  });
});

it("every primitive has a kernel, and nothing else has", () => {
  const composites = [
    "softmax",
    "logSoftmax",
    "softmaxCrossEntropy",
    "normalize",
    "normalizeGradient",
    "lpPool2d",
    "resize",
    "movingAverage",
  ];
  const fusions = ["momentumStep", "sgdStep", "adamStep", "conv2dBias", "conv2dBiasRelu", "pointwise", "pointwiseSum"];
  for (const name of [...composites, ...fusions]) expect(referenceKernels).not.toHaveProperty(name);
  for (const name of elementwise)
    if (!fusions.includes(name) && !composites.includes(name)) expect(referenceKernels).toHaveProperty(name);
});
