import { BackendError, ValueError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as t from "../src/index.ts";

const [x, image, signal] = [t.ones([2, 4]), t.ones([1, 4, 4, 2]), t.ones([1, 6, 2])];
const volume = t.ones([1, 4, 4, 4, 4]);
const [filters, line] = [t.ones([2, 2, 2, 2]), t.ones([2, 2, 2])];

/** Every function with an object of options: a call with options, valid options, and wrong values of each option. */
const calls: Record<string, readonly [call: (options: never) => unknown, right: object, wrong: object]> = {
  sum: [(o) => t.sum(x, 0, o), {}, { keepAxes: 1 }],
  mean: [(o) => t.mean(x, 0, o), {}, { keepAxes: "yes" }],
  max: [(o) => t.max(x, 0, o), {}, { keepAxes: null }],
  min: [(o) => t.min(x, 0, o), {}, { keepAxes: 0 }],
  argmax: [(o) => t.argmax(x, 0, o), {}, { keepAxes: "true" }],
  logSumExp: [(o) => t.logSumExp(x, 0, o), {}, { keepAxes: 1 }],
  moments: [(o) => t.moments(x, 0, o), {}, { keepAxes: 1 }],
  variance: [(o) => t.variance(x, 0, o), { correction: 1 }, { keepAxes: 1, correction: -1 }],
  matmul: [(o) => t.matmul(x, x, o), { transposeB: true }, { transposeA: 1, transposeB: "no" }],
  conv1d: [
    (o) => t.conv1d(signal, line, o),
    { stride: 2, padding: "same" },
    { stride: [1, 1], padding: "all", dilation: NaN, groups: 0, geometry: "loose" },
  ],
  conv2d: [
    (o) => t.conv2d(image, filters, o),
    { stride: [1, 2], padding: [1, 0] },
    { stride: 0, padding: "sames", dilation: 1.5, groups: "2", geometry: "loose" },
  ],
  convTranspose1d: [
    (o) => t.convTranspose1d(signal, line, o),
    { stride: 2 },
    { stride: 0, padding: -1, dilation: "1", groups: NaN, outputPadding: [1] },
  ],
  convTranspose2d: [
    (o) => t.convTranspose2d(image, filters, o),
    { stride: 2 },
    { stride: [1], padding: null, dilation: 0, groups: 1.5, outputPadding: "1" },
  ],
  maxPool1d: [
    (o) => t.maxPool1d(signal, o),
    { kernelSize: 2 },
    { kernelSize: "2", stride: NaN, padding: {}, dilation: -1 },
  ],
  averagePool1d: [(o) => t.averagePool1d(signal, o), { kernelSize: 2 }, { kernelSize: 0, countPadding: 1 }],
  lpPool1d: [(o) => t.lpPool1d(signal, o), { kernelSize: 2 }, { p: 0.5, kernelSize: [2, 2] }],
  maxPool2d: [(o) => t.maxPool2d(image, o), { kernelSize: 2 }, { kernelSize: null, stride: [], geometry: true }],
  maxPool2dIndices: [(o) => t.maxPool2dIndices(image, o), { kernelSize: 2 }, { kernelSize: 2.5 }],
  averagePool2d: [(o) => t.averagePool2d(image, o), { kernelSize: 2 }, { kernelSize: [2], countPadding: "no" }],
  lpPool2d: [(o) => t.lpPool2d(image, o), { kernelSize: 2, p: 3 }, { p: Infinity, kernelSize: -1 }],
  conv3d: [
    (o) => t.conv3d(volume, t.ones([2, 2, 2, 4, 3]), o),
    { stride: [1, 2, 1], padding: [1, 0, 1] },
    { stride: [1, 1], padding: [[1, 1], 0, 0], dilation: 0, groups: "2", geometry: "loose" },
  ],
  maxPool3d: [(o) => t.maxPool3d(volume, o), { kernelSize: 2 }, { kernelSize: [2, 2], padding: [0, 1], dilation: -1 }],
  averagePool3d: [(o) => t.averagePool3d(volume, o), { kernelSize: [1, 2, 2] }, { kernelSize: 0, countPadding: 1 }],
  maxUnpool2d: [(o) => t.maxUnpool2d(image, image, o), { height: 8, width: 8 }, { height: 0, width: 1.5 }],
  patches: [(o) => t.patches(image, o), { kernelSize: 2 }, { kernelSize: "2", stride: 0 }],
  locallyConnected2d: [
    (o) => t.locallyConnected2d(image, t.ones([2, 2, 18, 3]), o),
    { kernelSize: 3 },
    { kernelSize: 0, padding: "full" },
  ],
  resize: [
    (o) => t.resize(image, o),
    { height: 2, width: 3 },
    { height: 0, width: NaN, mode: "cubic", alignCorners: 1 },
  ],
  pad: [(o) => t.pad(t.ones([2]), [[1, 1]], o), { mode: "constant", value: 2 }, { mode: "mirror", value: "2" }],
  normalize: [(o) => t.normalize(x, 0, o), { epsilon: 0 }, { epsilon: -1e-5 }],
  batchNorm: [(o) => t.batchNorm(x, o), { epsilon: 1e-3 }, { epsilon: NaN }],
  layerNorm: [(o) => t.layerNorm(x, o), { axes: -1 }, { epsilon: Infinity }],
  groupNorm: [(o) => t.groupNorm(x, o), { groups: 2 }, { groups: 0, epsilon: -1 }],
  localResponseNorm: [(o) => t.localResponseNorm(x, o), { k: 1 }, { size: 0, alpha: NaN, beta: "1", k: Infinity }],
  uniform: [(o) => t.uniform([2], o), { from: -1 }, { from: NaN, to: "1" }],
  normal: [(o) => t.normal([2], o), { deviation: 2 }, { mean: Infinity, deviation: -1 }],
  gradients: [(o) => t.gradients(t.square(x), [x], o), { unused: "zeros" }, { unused: "zero", rule: true }],
  compile: [(o) => t.compile((a: t.Tensor) => a, o), { seed: 1 }, { seed: 0.5 }],
  programOf: [(o) => t.programOf((a: t.Tensor) => a, [x], o), { backend: reference() }, {}],
  Variable: [(o) => new t.Variable([1], [], o), { name: "w" }, { name: 1, trainable: "no" }],
  reference: [(o) => reference(o), { precision: "float64" }, { precision: "float16" }],
};

describe("options", () => {
  it.each(Object.entries(calls))(
    "of %s are accepted if they are right, and refused otherwise with the nearest name",
    (owner, entry) => {
      const [call, right, wrong] = entry;
      expect(() => call(right as never)).not.toThrow();
      for (const [name, value] of Object.entries(wrong))
        expect(() => call({ ...right, [name]: value } as never), `${name}: ${value}`).toThrow(ValueError);
      const [first] = Object.keys({ ...right, ...wrong }) as [string];
      const misspelt = `${first}s`;
      expect(() => call({ ...right, [misspelt]: 1 } as never)).toThrow(
        `${owner}: unknown option "${misspelt}"; did you mean "${first}"?`,
      );
      for (const none of [null, 7, "size", [1]]) expect(() => call(none as never)).toThrow(ValueError);
    },
  );

  it("are reported if they are required and missing", () => {
    const needed = {
      maxPool1d: "kernelSize",
      averagePool2d: "kernelSize",
      resize: "height",
      groupNorm: "groups",
      maxUnpool2d: "height",
    };
    for (const [owner, name] of Object.entries(needed)) {
      const call = calls[owner]![0];
      expect(() => call({} as never)).toThrow(`${owner}: ${name} must be`);
    }
  });

  it("are refused with any other name", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...Object.keys(calls)), (name, owner) => {
        const [call, right, wrong] = calls[owner]!;
        fc.pre(!(name in { ...right, ...wrong }) && name !== "__proto__");
        expect(() => call({ ...right, [name]: undefined } as never)).toThrow(ValueError);
      }),
    );
  });
});

describe("a shape with more numbers than an array can hold", () => {
  const huge = [1e9, 1e9];

  it.each([
    ["zeros", () => t.zeros(huge)],
    ["ones", () => t.ones(huge)],
    ["full", () => t.full(huge, 2)],
  ])("is refused by %s", (name, make) => {
    expect(make).toThrow(BackendError);
    expect(make).toThrow(`${name}: the 1000000000000000000 numbers of shape [1000000000, 1000000000] do not fit`);
  });

  it("is refused for a variable when its initial values are computed", async () => {
    t.useBackend(reference());
    const weights = new t.Variable(() => new Float32Array(1e18), huge, { name: "weights" });
    await expect(t.evaluate(weights)).rejects.toThrow("weights: the 1000000000000000000 numbers of shape");
  });
});
