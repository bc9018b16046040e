import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { ValueError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import {
  Conv1d,
  Conv2d,
  Dense,
  Flatten,
  MaxPool2d,
  predict,
  ReLU,
  sequential,
  Sigmoid,
  Tanh,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { lenet5 } from "@convlens/layers/models";
import { add, concat, conv2d, slice, tensor, useBackend, type Tensor } from "@convlens/tensor";
import { activationMap, depthColumn, histogram, retain, statisticsOf, tap, unitActivity } from "../src/index.ts";
import { filled, some, TwoWays } from "./helpers.ts";

beforeEach(() => useBackend(reference({ precision: "float64" })));

describe("tap", () => {
  it("returns the output of the model and the outputs of the layers", async () => {
    const net = filled(lenet5(), [28, 28, 1]);
    const x = some([2, 28, 28, 1]);
    const { output, layers } = await tap(net)(x);
    expect(output.knownValues).toEqual((await predict(net, x)).knownValues);
    expect([...layers.keys()]).toEqual([...net.layers.map((_, i) => `layers.${i}`), ""]);
    // Each layer computes its output from that of the previous one.
    for (const i of net.layers.keys()) {
      if (i === 0) continue;
      const { shape, values } = layers.get(`layers.${i - 1}`)!;
      const { values: after, type } = layers.get(`layers.${i}`)!;
      expect(type).toBe(net.layers[i]!.constructor.name);
      expect(after).toEqual(await net.layers[i]!.call(tensor(values, shape)).data());
    }
  });

  it("reads the model as it is now, as retain does", async () => {
    const net = filled(sequential([new Flatten(), new Dense({ units: 3 })]), [2, 2, 1]);
    const x = some([2, 2, 2, 1]);
    const [look, kept] = [tap(net), retain(net)];
    await look(x);
    await kept(x);
    (net.layers as Layer[])[1] = filled(new Dense({ units: 5 }), [4]);
    expect((await look(x)).output.knownValues).toEqual((await predict(net, x)).knownValues);
    expect((await look(x)).layers.get("layers.1")?.shape).toEqual([2, 5]);
    const { output, read } = await kept(x);
    expect(output.shape).toEqual([2, 5]);
    expect((await read("layers.1")).values).toEqual(output.knownValues);
    look.dispose();
    kept.dispose();
  });

  it("records branches, custom layers and every call of a layer, for batches of any size", async () => {
    class Twice implements Layer {
      readonly inner: Layer = new TwoWays();
      readonly back: Layer = new Conv2d({ filters: 1, kernelSize: 1 });
      call(x: Tensor, mode?: Mode): Tensor {
        const once = this.back.call(this.inner.call(x, mode), mode);
        return this.back.call(this.inner.call(once, mode), mode);
      }
    }
    const net = filled(new Twice(), [6, 6, 1]);
    const look = tap(net, ["inner.far", "inner.far#2", "back#2"]);
    for (const n of [1, 3]) {
      const { output, layers } = await look(some([n, 6, 6, 1]));
      expect([...layers.keys()]).toEqual(["inner.far", "inner.far#2", "back#2"]);
      expect(layers.get("inner.far#2")?.shape).toEqual([n, 6, 6, 2]);
      expect(layers.get("inner.far#2")!.values).not.toEqual(layers.get("inner.far")!.values);
      expect(layers.get("back#2")?.values).toEqual(output.knownValues);
    }
    look.dispose();
    await expect(tap(net, ["outer"])(some([1, 6, 6, 1]))).rejects.toThrow('no layer is called "outer"');
  });

  it("adds no computation: the program with taps has no more instructions than the one without", async () => {
    // Without fusion, so that both can be compared.
    const net = filled(lenet5(), [28, 28, 1]);
    const backend = reference();
    const lengths: number[] = [];
    useBackend({
      ...backend,
      supports: () => false,
      compile: (program) => {
        lengths.push(program.instructions.length);
        return backend.compile(program);
      },
    });
    const fresh = filled(lenet5(), [28, 28, 1]);
    await predict(fresh, some([1, 28, 28, 1]));
    await tap(fresh)(some([1, 28, 28, 1]));
    expect(lengths).toHaveLength(2);
    expect(lengths[1]).toBe(lengths[0]);
    expect(net.layers).toHaveLength(12);
  });
});

describe("retain", () => {
  it("returns what tap returns for the layers that are read, until the next call", async () => {
    for (const net of [filled(lenet5(), [28, 28, 1]), filled(new TwoWays(), [28, 28, 1])]) {
      const [look, kept] = [tap(net), retain(net)];
      for (const n of [2, 1, 2]) {
        const x = some([n, 28, 28, 1], n);
        const [{ output, layers }, { output: same, names, read }] = [await look(x), await kept(x)];
        expect(same.knownValues).toEqual(output.knownValues);
        expect(names).toEqual([...layers.keys()]);
        for (const [name, layer] of layers) expect(await read(name)).toEqual(layer);
      }
      look.dispose();
      kept.dispose();
    }
  });

  it("returns copies: later calls do not change them, and writing to them changes nothing else", async () => {
    const kept = retain(filled(lenet5(), [28, 28, 1]));
    const { read } = await kept(some([1, 28, 28, 1], 1));
    const [first, before] = [await read("layers.3"), (await read("layers.3")).values.slice()];
    await kept(some([1, 28, 28, 1], 2));
    expect(first.values).toEqual(before);
    const { values } = await read("layers.3");
    expect(values).not.toEqual(before);
    values.fill(0);
    expect((await read("layers.3")).values).not.toEqual(values);
    kept.dispose();
  });

  it("keeps only the requested layers, and lists them", async () => {
    const kept = retain(filled(lenet5(), [28, 28, 1]), ["layers.3", "layers.6"]);
    const { names, read } = await kept(some([1, 28, 28, 1]));
    expect(names).toEqual(["layers.3", "layers.6"]);
    await expect(read("layers.0")).rejects.toThrow(
      'no layer is called "layers.0"; layers are "layers.3" (Conv2d), "layers.6" (Flatten)',
    );
    kept.dispose();
    await expect(read("layers.3")).rejects.toThrow(/disposed/);
  });

  it("copies only the output", async () => {
    const backend = reference();
    const results: number[] = [];
    useBackend({
      ...backend,
      compile: (program) => {
        results.push(program.outputs.length);
        return backend.compile(program);
      },
    });
    await retain(filled(lenet5(), [28, 28, 1]))(some([1, 28, 28, 1]));
    expect(results.at(-1)).toBe(1);
    await tap(filled(lenet5(), [28, 28, 1]))(some([1, 28, 28, 1]));
    // Twelve layers; the Flatten shares the numbers of the previous layer.
    expect(results.at(-1)).toBe(11);
  });
});

describe("activationMap and depthColumn", () => {
  it("activationMap returns what filter d alone computes for channel d", async () => {
    const conv = filled(new Conv2d({ filters: 3, kernelSize: 2 }), [5, 4, 2]);
    const x = some([2, 5, 4, 2]);
    const { layers } = await tap(conv)(x);
    const made = layers.get("")!;
    const d = 1;
    const one = add(conv2d(x, slice(conv.filters!, [0, 0, 0, d], [2, 2, 2, 1])), slice(conv.bias!, [d], [1]));
    const expected = await slice(one, [1, 0, 0, 0], [1, 4, 3, 1]).data();
    expect(activationMap(made, { channel: d, example: 1 })).toEqual({ shape: [4, 3], values: expected });
  });

  it("have the same number where map c and the column of a place meet", async () => {
    const shape = [2, 3, 4, 5];
    const values = some(shape).knownValues;
    const whole = { name: "here", shape, values };
    fc.assert(
      fc.property(fc.nat(1), fc.nat(2), fc.nat(3), fc.nat(4), (example, row, column, channel) => {
        const number = values[((example * 3 + row) * 4 + column) * 5 + channel]!;
        expect(activationMap(whole, { channel, example }).values[row * 4 + column]).toBe(number);
        expect(depthColumn(whole, { place: [row, column], example }).values[channel]).toBe(number);
      }),
    );
  });

  it("accept signals and vectors, and refuse places that do not exist", () => {
    const signal = { name: "s", shape: [1, 3, 2], values: Float64Array.of(1, 2, 3, 4, 5, 6) };
    expect(activationMap(signal, { channel: 1 })).toEqual({ shape: [3], values: Float64Array.of(2, 4, 6) });
    expect(depthColumn(signal, { place: [1] }).values).toEqual(Float64Array.of(3, 4));
    const units = { name: "u", shape: [2, 2], values: Float64Array.of(1, 2, 3, 4) };
    expect(depthColumn(units, { example: 1 }).values).toEqual(Float64Array.of(3, 4));
    expect(() => activationMap(units, { channel: 0 })).toThrow(
      "u: expected a layer that makes maps [n, …, channels], got [2, 2]; use depthColumn, which returns all its numbers",
    );
    expect(() => activationMap(signal, { channel: 2 })).toThrow(
      "s: the channel must be a whole number from 0 to 1, got 2",
    );
    expect(() => activationMap(signal, { channel: 0, example: 1 })).toThrow(
      "s: the example must be a whole number from 0 to 0, got 1",
    );
    expect(() => depthColumn(signal, { place: [3] })).toThrow(
      "s: the place along axis 1 must be a whole number from 0 to 2, got 3",
    );
    expect(() => depthColumn(signal)).toThrow("s: expected a place of 1 numbers in [1, 3, 2]");
  });
});

describe("statistics", () => {
  it("equal their definitions for finite numbers", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }), (list) => {
        const got = statisticsOf(list);
        const mean = list.reduce((a, b) => a + b, 0) / list.length;
        const variance = list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length;
        expect(Math.abs(got.mean - mean)).toBeLessThan(1e-8);
        expect(Math.abs(got.deviation - Math.sqrt(variance))).toBeLessThan(1e-4);
        expect([got.smallest, got.largest]).toEqual([Math.min(...list), Math.max(...list)]);
        expect(got.zeros).toBeCloseTo(list.filter((x) => x === 0).length / list.length, 12);
      }),
    );
  });

  it("count non-finite numbers, and are NaN for no numbers", () => {
    expect(statisticsOf([1, NaN, 3, Infinity])).toEqual({
      count: 4,
      mean: 2,
      deviation: 1,
      smallest: 1,
      largest: 3,
      zeros: 0,
      notFinite: 2,
    });
    expect(statisticsOf([NaN])).toMatchObject({ count: 1, mean: NaN, smallest: NaN, deviation: NaN, notFinite: 1 });
    // Small differences of large numbers.
    expect(statisticsOf([1e9 + 1, 1e9 + 2, 1e9 + 3]).deviation).toBeCloseTo(Math.sqrt(2 / 3), 9);
  });

  it("of a histogram count every number once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true })),
        fc.integer({ min: 1, max: 12 }),
        (list, bins) => {
          const { counts, outside, notNumbers } = histogram(list, { bins, low: -2, high: 3 });
          expect(counts.reduce((a, b) => a + b, 0)).toBe(list.filter((x) => x >= -2 && x <= 3).length);
          expect(outside).toEqual({
            below: list.filter((x) => x < -2).length,
            above: list.filter((x) => x > 3).length,
          });
          expect(notNumbers).toBe(0);
        },
      ),
    );
    expect(histogram([0, 1, 1, 2, 9], { bins: 2, high: 2 })).toMatchObject({
      low: 0,
      counts: Int32Array.of(1, 3),
      outside: { below: 0, above: 1 },
    });
    expect(histogram([4, 4, NaN, Infinity], { bins: 3 })).toMatchObject({
      low: 4,
      high: 4,
      counts: Int32Array.of(2, 0, 0),
      notNumbers: 1,
      outside: { above: 1 },
    });
  });
});

describe("unitActivity", () => {
  it("finds dead, active and saturated units over all batches", async () => {
    const net = filled(sequential([new Dense({ units: 3 }), new ReLU()]), [2]);
    const [dense] = net.layers as [Dense];
    // x0, −x0 − x1 (never above 0), and 0.
    dense.weights!.write([1, -1, 0, 0, -1, 0]);
    dense.bias!.write([0, 0, 0]);
    const batches = [
      tensor([
        [1, 0],
        [2, 5],
      ]),
      tensor([[0, 3]]),
    ];
    const [before, after] = await unitActivity(net, batches);
    expect(before).toMatchObject({ name: "layers.0", examples: 3, outputShape: [3], dead: [2] });
    expect(after?.dead).toEqual([1, 2]);
    expect([...after!.mean]).toEqual([1, 0, 0]);
    expect([...after!.active]).toEqual([2 / 3, 0, 0]);
    expect([...before!.smallest]).toEqual([0, -7, 0]);
    expect([...before!.largest]).toEqual([2, -1, 0]);
    expect([...after!.saturated]).toEqual([0, 0, 0]);
  });

  it("counts numbers near the limits of sigmoid and tanh, over all places of a map", async () => {
    for (const [layer, high] of [
      [new Sigmoid(), 4.6],
      [new Tanh(), 2.31],
    ] as const) {
      const x = tensor([-20, 0, high, high - 0.2, 20, 1], [1, 3, 2, 1]);
      const [own] = await unitActivity(layer, [concat([x, tensor(new Float64Array(6), [1, 3, 2, 1])], 3)]);
      expect([...own!.saturated]).toEqual([3 / 6, 0]);
      expect(own?.dead).toEqual(layer instanceof Tanh ? [1] : []);
    }
  });

  it("reads asynchronous batches of the selected layers, and refuses none", async () => {
    const net = filled(
      sequential([new Conv1d({ filters: 2, kernelSize: 2 }), new ReLU(), new Flatten(), new Dense({ units: 2 })]),
      [4, 1],
    );
    async function* batches(): AsyncGenerator<Tensor> {
      yield some([2, 4, 1]);
      yield some([2, 4, 1], 2);
    }
    const [relu] = await unitActivity(net, batches(), ["layers.1"]);
    const all = [some([2, 4, 1]), some([2, 4, 1], 2)].map((x) => net.layers[1]!.call(net.layers[0]!.call(x)));
    const values = [...(await concat(all).data())];
    expect(relu?.active[0]).toBeCloseTo(values.filter((x, i) => i % 2 === 0 && x > 0).length / 12, 12);
    await expect(unitActivity(net, [])).rejects.toThrow(ValueError);
    expect((await unitActivity(new MaxPool2d({ kernelSize: 2 }), [some([1, 2, 2, 3])]))[0]?.mean).toHaveLength(3);
  });
});
