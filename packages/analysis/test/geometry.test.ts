import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ShapeError, ValueError, type Shape } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import {
  build,
  onesInitializer,
  Conv1d,
  Conv2d,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePool,
  GroupNorm,
  MaxPool1d,
  MaxPool2d,
  ReLU,
  sequential,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { resnet18, vgg16 } from "@convlens/layers/models";
import { gradients, multiply, sigmoid, tensor, useBackend, type Tensor } from "@convlens/tensor";
import {
  effectiveReceptiveField,
  inputsSeen,
  receptiveFields,
  recordModel,
  type ReceptiveField,
} from "../src/index.ts";
import { layerNamed } from "../src/recordModel.ts";
import { Enlarge, filled, randomNet, randomNetThatGrows, some, ToDepth, TwoWays } from "./helpers.ts";

beforeAll(() => useBackend(reference({ precision: "float64" })));

const fieldOf = (fields: readonly ReceptiveField[], name: string): ReceptiveField =>
  fields.find((f) => f.name === name)!;

/** Mask of the inputs for which the gradient of one unit is not zero. */
async function withSlope(model: Layer, x: Tensor, name: string, unit: readonly number[]): Promise<number[]> {
  const { output } = layerNamed(recordModel(model, x), name);
  const seed = new Float64Array(output.size);
  seed[unit.reduce((place, i, axis) => place * output.shape[axis + 1]! + i, 0)] = 1;
  const [dx] = gradients(output, [x], { seed: tensor(seed, output.shape) });
  return Array.from(await dx.data(), (slope) => (slope === 0 ? 0 : 1));
}

/** Smallest box around the marked places, without the channels. */
function boxAround(mask: ArrayLike<number>, [height, width, channels]: Shape): number[][] {
  const [rows, columns] = [new Set<number>(), new Set<number>()];
  for (let i = 0; i < height! * width! * channels!; i++)
    if (mask[i]) {
      rows.add(Math.floor(i / (width! * channels!)));
      columns.add(Math.floor(i / channels!) % width!);
    }
  return [rows, columns].map((set) => [Math.min(...set), Math.max(...set)]);
}

const last = (fields: readonly ReceptiveField[]): ReceptiveField => fields.at(-1)!;
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const middle = fc.double({ min: 0.4, max: 0.6, noNaN: true });
const pick = (shape: Shape, chances: readonly number[]): number[] =>
  shape.map((size, axis) => Math.floor(size * chances[axis]!));
/** The net, if it fits the input; otherwise fast-check tries another case. */
function fitting(make: () => Layer, shape: Shape): Layer {
  try {
    // Positive weights and inputs: nothing cancels.
    return filled(make(), shape, 5, 0.1, 1);
  } catch (error) {
    fc.pre(!(error instanceof ShapeError));
    throw error;
  }
}

describe("the inputs of a unit", () => {
  it("are exactly those with a non-zero gradient, in random nets with branches", async () => {
    const property = fc.asyncProperty(
      fc.oneof(randomNet, randomNetThatGrows),
      fc.tuple(chance, chance, chance),
      async (make, chances) => {
        const shape = [11, 9, 2];
        const net = fitting(make, shape);
        const top = last(receptiveFields(net, shape));
        const unit = pick(top.outputShape, chances);
        const seen = inputsSeen(net, shape, top.name, unit);
        expect([...seen.mask]).toEqual(await withSlope(net, some([1, ...shape], 2, 0.1, 1), top.name, unit));
        const box = top.box(unit);
        seen.box?.slice(0, 2).forEach(([first, end], axis) => {
          expect(box[axis]?.[0]).toBeLessThanOrEqual(first);
          expect(box[axis]?.[1]).toBeGreaterThanOrEqual(end);
        });
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });

  it("are the box of the closed form, away from the borders", () => {
    const property = fc.property(randomNet, fc.tuple(middle, middle, chance), (make, chances) => {
      const shape = [43, 39, 1];
      const net = fitting(make, shape);
      const top = last(receptiveFields(net, shape));
      const unit = pick(top.outputShape, chances);
      const box = top.box(unit);
      const margin = Math.max(...top.axes.map(({ size, jump }) => size + 2 * jump));
      fc.pre(box.every(([first, end], axis) => first >= margin && end <= shape[axis]! - 1 - margin));
      // Inputs of the units of all channels at this place, which may come from different branches.
      const seen = new Uint8Array(43 * 39);
      for (let channel = 0; channel < top.outputShape[2]!; channel++)
        inputsSeen(net, shape, top.name, [unit[0]!, unit[1]!, channel]).mask.forEach((x, i) => (seen[i]! |= x));
      expect(boxAround(seen, shape)).toEqual(box);
      box.forEach(([first, end], axis) => {
        const { size, start, jump } = top.axes[axis]!;
        expect(end - first + 1).toBe(size);
        expect(first).toBe(start + jump * unit[axis]!);
      });
    });
    fc.assert(property, { numRuns: 60 });
  });

  it("are all of that box if windows have no holes, at the borders, too", async () => {
    const window = fc.record({
      kernelSize: fc.tuple(fc.integer({ min: 2, max: 3 }), fc.integer({ min: 2, max: 4 })),
      stride: fc.integer({ min: 1, max: 2 }),
      filters: fc.constant(2),
    });
    const property = fc.asyncProperty(
      fc.array(window, { minLength: 1, maxLength: 3 }),
      fc.tuple(chance, chance, chance),
      async (windows, chances) => {
        const shape = [13, 16, 2];
        const net = fitting(
          () => sequential(windows.map((options) => new Conv2d({ ...options, geometry: "floor" }))),
          shape,
        );
        const top = last(receptiveFields(net, shape));
        const unit = pick(top.outputShape, chances);
        const [[top_, bottom], [left, right]] = top.box(unit) as [[number, number], [number, number]];
        const expected = Array.from({ length: 13 * 16 * 2 }, (_, i) => {
          const [row, column] = [Math.floor(i / 32), Math.floor(i / 2) % 16];
          return row >= top_ && row <= bottom && column >= left && column <= right ? 1 : 0;
        });
        expect(await withSlope(net, some([1, ...shape], 2, 0.1, 1), top.name, unit)).toEqual(expected);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it("include all that max pooling may select, whatever the magnitudes", async () => {
    const shape = [12, 12, 1];
    const net = filled(
      sequential([
        new Conv2d({ filters: 2, kernelSize: 3, stride: 1 }),
        new ReLU(),
        new MaxPool2d({ kernelSize: 2 }),
        new Conv2d({ filters: 1, kernelSize: 2 }),
      ]),
      shape,
      5,
      0.1,
      1,
    );
    const unit = [1, 2, 0];
    const { mask } = inputsSeen(net, shape, "layers.3", unit);
    const values = some([1, ...shape], 2, 0.1, 1).knownValues.slice();
    const answer = async (x: ArrayLike<number>): Promise<number> =>
      (await net.call(tensor(x, [1, ...shape])).data())[1 * 4 + 2]!;
    const before = await answer(values);
    for (let i = 0; i < values.length; i++) {
      const after = await answer(values.with(i, 1000));
      expect(after === before ? 0 : 1).toBe(mask[i]);
    }
  });

  it("exclude other groups of channels and the holes of dilation", () => {
    const grouped = sequential([new Conv2d({ filters: 4, kernelSize: 1, groups: 2 })]);
    expect([...inputsSeen(grouped, [1, 1, 4], "layers.0", [0, 0, 3]).mask]).toEqual([0, 0, 1, 1]);
    const dilated = sequential([new Conv2d({ filters: 1, kernelSize: 2, dilation: 3 })]);
    expect(inputsSeen(dilated, [8, 8, 1], "layers.0", [1, 2, 0])).toMatchObject({
      count: 4,
      box: [
        [1, 4],
        [2, 5],
        [0, 0],
      ],
    });
  });

  it("are empty if the unit does not depend on the input", () => {
    class Constant implements Layer {
      call(x: Tensor): Tensor {
        return multiply(tensor([1, 2], [1, 2]), x.shape[1]!);
      }
    }
    expect(inputsSeen(new Constant(), [3, 1], "", [1])).toMatchObject({ count: 0, box: undefined });
    expect(receptiveFields(new Constant(), [3, 1])).toEqual([]);
  });
});

describe("receptive fields", () => {
  it("of VGG-16 grow from 3 to 212, with a jump of 32 at the end", () => {
    const fields = receptiveFields(vgg16(), [224, 224, 3]).filter(({ type }) => /^(Conv2d|MaxPool2d)$/.test(type));
    const sizes = [3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212];
    const jumps = [1, 1, 2, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 16, 16, 16, 16, 32];
    for (const axis of [0, 1]) {
      expect(fields.map(({ axes }) => axes[axis]!.size)).toEqual(sizes);
      expect(fields.map(({ axes }) => axes[axis]!.jump)).toEqual(jumps);
    }
    // The first unit of the last pooling is centred between pixels 15 and 16, since its jump is 32.
    expect(last(fields).axes[0]).toEqual({ axis: "height", size: 212, jump: 32, start: -90, center: 15.5 });
    expect(last(fields).box([3, 3])).toEqual([
      [6, 217],
      [6, 217],
    ]);
  });

  it("of three 3×3 windows equal that of one 7×7; dilated by 1, 2, 4 they reach 15", () => {
    const sizes = (dilations: readonly number[]): number[] =>
      receptiveFields(
        sequential(dilations.map((dilation) => new Conv2d({ filters: 1, kernelSize: 3, dilation, padding: "same" }))),
        [32, 32, 1],
      )
        .slice(0, -1)
        .map(({ axes }) => axes[0]!.size);
    expect(sizes([1, 1, 1])).toEqual([3, 5, 7]);
    expect(sizes([1, 2, 4])).toEqual([3, 7, 15]);
  });

  it("of a net of signals have only a length", () => {
    const net = sequential([
      new Conv1d({ filters: 2, kernelSize: 2 }),
      new MaxPool1d({ kernelSize: 2 }),
      new Conv1d({ filters: 2, kernelSize: 2 }),
    ]);
    expect(
      receptiveFields(net, [9, 1]).map(({ axes }) => axes.map(({ axis, size, jump }) => [axis, size, jump])),
    ).toEqual([[["length", 2, 1]], [["length", 3, 2]], [["length", 5, 2]], [["length", 5, 2]]]);
  });

  it("of units that depend on everything are the whole image", () => {
    const net = sequential([
      new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }),
      new GlobalAveragePool(),
      new Dense({ units: 3 }),
    ]);
    const top = last(receptiveFields(net, [8, 6, 1]));
    expect(top.axes.map(({ jump }) => jump)).toEqual([0, 0]);
    expect(top.box([2])).toEqual([
      [0, 7],
      [0, 5],
    ]);
  });

  it("are found behind Flatten, which joins rows, columns and channels in one axis", () => {
    const net = sequential([new MaxPool2d({ kernelSize: 2 }), new Flatten(), new Dropout()]);
    // Row 1, column 2, channel 1 of [3, 4, 3].
    expect(fieldOf(receptiveFields(net, [6, 8, 3]), "layers.1").box([1 * 12 + 2 * 3 + 1])).toEqual([
      [2, 3],
      [4, 5],
    ]);
  });

  it("join those of all branches, in custom layers, too", () => {
    const [own] = receptiveFields(new TwoWays(), [9, 9, 1]).slice(-1);
    expect(own?.axes[0]).toMatchObject({ size: 5, jump: 1, start: -2 });
    const resnet = receptiveFields(resnet18(), [224, 224, 3]).filter(({ type }) => type === "Residual");
    // 435 is the published value for ResNet-18.
    expect(resnet.map(({ axes }) => axes[0]!.size)).toEqual([27, 43, 67, 99, 147, 211, 307, 435]);
  });

  it("follow rows and columns through reshapes, into the channels and out again", () => {
    const net = filled(sequential([new ToDepth(), new Conv2d({ filters: 1, kernelSize: 2 })]), [8, 12, 1]);
    const [depth, conv] = receptiveFields(net, [8, 12, 1]);
    expect(depth!.axes.map(({ size, jump }) => [size, jump])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    // Channel 2 is the lower left pixel of each square.
    expect(depth!.box([1, 2, 2])).toEqual([
      [3, 3],
      [4, 4],
    ]);
    expect(conv!.axes.map(({ size, jump }) => [size, jump])).toEqual([
      [4, 2],
      [4, 2],
    ]);
    expect(conv!.box([1, 3, 0])).toEqual(inputsSeen(net, [8, 12, 1], "layers.1", [1, 3, 0]).box!.slice(0, 2));
  });

  it("are the whole image after a mean over it, for gates and for normalisation", () => {
    class Gate implements Layer {
      readonly pool: Layer = new GlobalAveragePool();
      readonly weigh: Layer = new Dense({ units: 2 });
      call(x: Tensor, mode?: Mode): Tensor {
        const gate = sigmoid(this.weigh.call(this.pool.call(x, mode), mode));
        return multiply(x, multiply(tensor(new Float64Array(1).fill(1), [1, 1, 1, 1]), gate));
      }
    }
    const conv = new Conv2d({ filters: 2, kernelSize: 3 });
    for (const layer of [new Gate(), new GroupNorm({ groups: 1 })]) {
      const top = last(receptiveFields(sequential([conv, layer]), [9, 9, 1]));
      expect(top.box([0, 3, 0])).toEqual([
        [0, 8],
        [0, 8],
      ]);
      // Its receptive field still moves.
      expect(top.axes[0]?.jump).toBe(1);
    }
  });

  it("of upsampled maps have fractional jumps", () => {
    const net = sequential([new MaxPool2d({ kernelSize: 4 }), new Enlarge("nearest")]);
    const field = fieldOf(receptiveFields(net, [8, 8, 1]), "layers.1");
    expect(field.axes[0]?.jump).toBe(2);
  });

  it("refuse units that do not exist", () => {
    const [field] = receptiveFields(sequential([new MaxPool2d({ kernelSize: 4 })]), [8, 8, 1]);
    expect(() => field!.box([2, 0])).toThrow(
      'the unit of layer "layers.0" must be a position in [2, 2, 1], got [2, 0]',
    );
    expect(() => inputsSeen(sequential([new ReLU()]), [8, 8, 1], "layers.7", [0, 0, 0])).toThrow(ValueError);
    expect(() => inputsSeen(sequential([new ReLU()]), [8, 8, 1], "layers.0", [8, 0, 0])).toThrow("[8, 0, 0]");
  });
});

describe("recordModel", () => {
  it("names each call, and lists the operations that each layer records itself", () => {
    class Twice implements Layer {
      readonly inner: Layer = new ReLU();
      call(x: Tensor, mode?: Mode): Tensor {
        return multiply(this.inner.call(this.inner.call(x, mode), mode), 2);
      }
    }
    const { layers } = recordModel(sequential([new Twice(), new Dense({ units: 2 })]), [3]);
    expect(
      layers.map(({ name, type, isContainer, operations }) => [
        name,
        type,
        isContainer,
        operations.map((t) => t.operation),
      ]),
    ).toEqual([
      ["layers.0.inner", "ReLU", false, ["relu"]],
      ["layers.0.inner#2", "ReLU", false, ["relu"]],
      ["layers.0", "Twice", true, ["multiply"]],
      ["layers.1", "Dense", false, ["matmul", "add"]],
      ["", "Sequential", true, []],
    ]);
  });
});

describe("the effective receptive field", () => {
  it("of windows of equal weights is the number of paths from each pixel to the unit", async () => {
    const conv = (): Layer =>
      new Conv2d({ filters: 1, kernelSize: 3, padding: 1, bias: false, initializer: onesInitializer });
    const net = build(sequential([conv(), conv()]), [9, 9, 1]);
    const { values, center, deviation, area } = await effectiveReceptiveField(net, some([3, 9, 9, 1]), "layers.1");
    // [1, 1, 1] ∗ [1, 1, 1] = [1, 2, 3, 2, 1] in each direction
    const ways = [0, 0, 1, 2, 3, 2, 1, 0, 0];
    expect([...values].map((x) => Math.round(9 * x))).toEqual(ways.flatMap((a) => ways.map((b) => a * b)));
    expect(center.map((x) => +x.toFixed(9))).toEqual([4, 4]);
    // Variances add up: 2/3 for each window of three.
    expect(deviation[0]).toBeCloseTo(Math.sqrt(4 / 3), 9);
    expect(area).toBe(25);
  });

  it("lies within the receptive field, and is smaller at its border", async () => {
    const net = filled(sequential([1, 2, 3].map(() => new Conv2d({ filters: 3, kernelSize: 3 }))), [15, 15, 2], 7);
    const { values, area } = await effectiveReceptiveField(net, some([4, 15, 15, 2]), "layers.2", [2, 3, 1]);
    const box = fieldOf(receptiveFields(net, [15, 15, 2]), "layers.2").box([2, 3]);
    values.forEach((x, i) => {
      const inside = [Math.floor(i / 15), i % 15].every((at, axis) => at >= box[axis]![0] && at <= box[axis]![1]);
      if (!inside) expect(x).toBe(0);
    });
    expect(area).toBeGreaterThan(9);
    expect(area).toBeLessThanOrEqual(49);
    expect(values[2 * 15 + 3]).toBeLessThan(values[5 * 15 + 6]!);
  });

  it("of a signal has a length, and of a unit without inputs no pixel", async () => {
    const net = filled(sequential([new Conv1d({ filters: 2, kernelSize: 3 })]), [8, 2]);
    expect(
      (await effectiveReceptiveField(net, some([2, 8, 2]), "layers.0", [1])).values.map((x) => (x > 0 ? 1 : 0)),
    ).toEqual(Float64Array.of(0, 1, 1, 1, 0, 0, 0, 0));
    await expect(effectiveReceptiveField(net, some([2, 8, 2]), "layers.0", [6])).rejects.toThrow(
      'the unit of layer "layers.0" must be a position in [6, 2], got [6]',
    );
  });
});
