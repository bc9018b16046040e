import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { Conv1d, Conv2d, build, Dense, Flatten, ReLU, Residual, sequential, type Sequential } from "@convlens/layers";
import { evaluate, gradients, multiply, sum, tensor, useBackend, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { invert, statisticsOf, visualize, type Objective, type Painting } from "../src/index.ts";
import { inverseFourier } from "../src/visualize/imageParameters.ts";
import { resampled, samplingOf } from "../src/visualize/transformation.ts";

beforeEach(() => useBackend(reference({ precision: "float64" })));

/** All yielded images. */
async function looksOf(painting: AsyncIterable<Painting>): Promise<Painting[]> {
  const looks: Painting[] = [];
  for await (const look of painting) looks.push(look);
  return looks;
}

describe("an image in the Fourier parametrisation", () => {
  it("is the inverse discrete Fourier transform, with each wave divided by its frequency", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 2, max: 8 }),
        fc.nat(1e6),
        async (h, w, seed) => {
          const random = new Random(seed);
          const waves = Math.floor(w / 2) + 1;
          const [re, im] = [random.normal(h * waves), random.normal(h * waves)];
          const found = await inverseFourier(h, w)(tensor(re, [1, h, waves]), tensor(im, [1, h, waves])).data();
          // Σ over all waves, where the other half are the conjugates, as in numpy's irfft2.
          for (let y = 0; y < h; y++)
            for (let x = 0; x < w; x++) {
              let sum = 0;
              for (let u = 0; u < h; u++)
                for (let v = 0; v < waves; v++) {
                  const frequency = Math.hypot(Math.min(u, h - u) / h, v / w);
                  const scale = Math.sqrt(h * w) / Math.max(frequency, 1 / Math.max(h, w));
                  const angle = 2 * Math.PI * ((u * y) / h + (v * x) / w);
                  const times = v === 0 || 2 * v === w ? 1 : 2;
                  sum +=
                    (times * scale * (re[u * waves + v]! * Math.cos(angle) - im[u * waves + v]! * Math.sin(angle))) /
                    (h * w);
                }
              expect(found[y * w + x]).toBeCloseTo(sum, 8);
            }
        },
      ),
    ));
});

describe("the initial image", () => {
  const net = build(sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU()]), [8, 8, 1]);
  const start = async (options: object): Promise<number> => {
    const [first] = await looksOf(visualize(net, [8, 8, 1], { layer: "layers.1" }, { steps: 0, ...options }));
    return statisticsOf(first!.values).mean;
  };

  it.each(["fourier", "pixels"] as const)("has the requested mean in the parametrisation %s", async (parameters) => {
    expect(await start({ parameters })).toBeCloseTo(0.5, 1);
    expect(await start({ parameters, brightness: 0.1 })).toBeCloseTo(0.1, 1);
    expect(await start({ parameters, range: [-2, 2], brightness: 1.5 })).toBeCloseTo(1.5, 1);
  });

  it("lies between the darkest and the brightest value", () =>
    expect(() => start({ brightness: 0 })).rejects.toThrow(
      /brightness of the start must be between 0 and 1, .* got 0/,
    ));
});

describe("a random transformation of an image", () => {
  const image = (h: number, w: number, seed = 1): Tensor =>
    tensor(new Random(seed).normal(2 * h * w * 3), [2, h, w, 3]);
  const moved = (x: Tensor, movement: Partial<Parameters<typeof samplingOf>[2]>): Tensor => {
    const [, h, w] = x.shape as [number, number, number, number];
    const { indices, weights } = samplingOf(h, w, { shiftY: 0, shiftX: 0, scale: 1, degrees: 0, ...movement });
    return resampled(x, tensor(indices, [4, h * w]), tensor(weights, [4, h * w]));
  };
  const close = (a: ArrayLike<number>, b: ArrayLike<number>): void =>
    Array.from(a).forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 9));

  it("can be none, a shift by whole pixels, or a quarter turn", async () => {
    const x = image(4, 4);
    const values = await x.data();
    close(await moved(x, {}).data(), values);
    const at = (n: number, row: number, column: number): number[] =>
      Array.from(values.subarray(((n * 4 + row) * 4 + column) * 3).subarray(0, 3));
    const [shifted, turned] = await evaluate(moved(x, { shiftY: 1, shiftX: -2 }), moved(x, { degrees: 90 }));
    for (let n = 0; n < 2; n++)
      for (let row = 0; row < 4; row++)
        for (let column = 0; column < 4; column++) {
          const here = ((n * 4 + row) * 4 + column) * 3;
          close(shifted.subarray(here, here + 3), at(n, Math.min(3, row + 1), Math.max(0, column - 2)));
          close(turned.subarray(here, here + 3), at(n, 3 - column, row));
        }
  });

  it("keeps flat images flat, and passes on all of a gradient", () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          shiftY: fc.double({ min: -3, max: 3, noNaN: true }),
          shiftX: fc.double({ min: -3, max: 3, noNaN: true }),
          scale: fc.double({ min: 0.7, max: 1.4, noNaN: true }),
          degrees: fc.double({ min: -40, max: 40, noNaN: true }),
        }),
        async (movement) => {
          const flat = tensor(new Float64Array(2 * 5 * 6 * 3).fill(0.7), [2, 5, 6, 3]);
          const y = moved(flat, movement);
          const [values, slopes] = await evaluate(y, gradients(sum(multiply(y, 2)), [flat])[0]);
          close(values, new Float64Array(180).fill(0.7));
          // Each output is a weighted mean of pixels, so the gradient of its double has twice the number of pixels as its sum.
          expect(Array.from(slopes).reduce((a, b) => a + b, 0)).toBeCloseTo(360, 6);
        },
      ),
      { numRuns: 30 },
    ));
});

describe("visualize", () => {
  const net = (): Sequential =>
    build(
      sequential([
        new Conv2d({ filters: 3, kernelSize: 3, padding: 1 }),
        new ReLU(),
        new Residual({ body: new Conv2d({ filters: 3, kernelSize: 3, padding: 1 }) }),
        new ReLU(),
        new Flatten(),
        new Dense({ units: 4 }),
      ]),
      [8, 8, 2],
      { seed: 5 },
    );
  const objectives: readonly Objective[] = [
    { class: 2 },
    { layer: "layers.1", channel: 1 },
    { layer: "layers.3", unit: [4, 4, 0] },
    { layer: "layers.2", direction: [1, -1, 0.5] },
    { layer: "layers.2" },
  ];

  it.each(
    objectives.flatMap((objective) =>
      (["fourier", "pixels"] as const).map((parameters) => ({ objective, parameters })),
    ),
  )("raises the objective $objective in the parametrisation $parameters", async ({ objective, parameters }) => {
    const looks = await looksOf(visualize(net(), [8, 8, 2], objective, { steps: 40, every: 15, parameters, seed: 3 }));
    expect(looks.map(({ step }) => step)).toEqual([0, 15, 30, 40]);
    expect(looks[3]?.shape).toEqual([1, 8, 8, 2]);
    expect(looks[3]?.measures[0]).toBeGreaterThan(looks[0]!.measures[0]! + 0.05);
    expect([...looks[3]!.values].filter((value) => value < 0 || value > 1)).toEqual([]);
  });

  it("measures the activation on the displayed image, as the model itself computes it", async () => {
    const model = net();
    const [, last] = await looksOf(visualize(model, [8, 8, 2], { class: 1 }, { steps: 5, every: 9, range: [-2, 2] }));
    const logits = await model.call(tensor(last!.values, last!.shape)).data();
    expect(last?.measures[0]).toBeCloseTo(logits[1]!, 9);
    expect(Math.max(...last!.values.map(Math.abs))).toBeLessThan(2);
  });

  it("activates a unit that is 0 at the start", async () => {
    const model = build(sequential([new Conv2d({ filters: 1, kernelSize: 3 }), new ReLU()]), [5, 5, 1]);
    model.layers.forEach((layer) => layer instanceof Conv2d && layer.filters!.write([0, 1, 0, 0, 2, 0, 0, -1, 0]));
    model.layers.forEach((layer) => layer instanceof Conv2d && layer.bias!.write([-1.5]));
    const looks = await looksOf(visualize(model, [5, 5, 1], { layer: "layers.1", unit: [1, 1, 0] }, { steps: 60 }));
    expect(looks[0]?.measures[0]).toBe(0);
    expect(looks.at(-1)?.measures[0]).toBeGreaterThan(0.5);
  });

  it("returns the same for the same seed, and others for others; more diversity makes several images differ more", async () => {
    const paint = async (options: object): Promise<Painting> =>
      (await looksOf(visualize(net(), [8, 8, 2], { layer: "layers.3", channel: 1 }, { steps: 40, ...options }))).at(
        -1,
      )!;
    expect((await paint({ seed: 1 })).values).toEqual((await paint({ seed: 1 })).values);
    expect((await paint({ seed: 2 })).values).not.toEqual((await paint({ seed: 1 })).values);
    const distance = async (diversity: number): Promise<number> => {
      const { values } = await paint({ count: 2, diversity });
      return Math.hypot(...values.subarray(0, 128).map((value, i) => value - values[128 + i]!));
    };
    expect(await distance(3)).toBeGreaterThan(1.5 * (await distance(0)));
  });

  it("makes smoother images with more total variation", async () => {
    const rough = async (totalVariation: number): Promise<number> => {
      const looks = await looksOf(
        visualize(net(), [8, 8, 2], { class: 0 }, { steps: 40, parameters: "pixels", totalVariation }),
      );
      const values = Array.from(looks.at(-1)!.values);
      return values.reduce((total, value, i) => total + (i % 16 < 2 ? 0 : Math.abs(value - values[i - 2]!)), 0);
    };
    expect(await rough(5)).toBeLessThan((await rough(0)) / 2);
  });

  it("makes signals for models of signals; on the cpu backend, too", async () => {
    useBackend(await cpu({ threads: 1 }));
    const model = build(sequential([new Conv1d({ filters: 2, kernelSize: 5 }), new ReLU()]), [20, 1], { seed: 1 });
    const looks = await looksOf(visualize(model, [20, 1], { layer: "layers.1", channel: 0 }, { steps: 30 }));
    expect(looks.at(-1)?.shape).toEqual([1, 20, 1]);
    expect(looks.at(-1)?.measures[0]).toBeGreaterThan(looks[0]!.measures[0]!);
  });

  it("can be stopped by its reader, and by a signal", async () => {
    for await (const { step } of visualize(net(), [8, 8, 2], { class: 0 }, { steps: 1e9, every: 1 }))
      if (step === 3) break;
    const controller = new AbortController();
    const watch = async (): Promise<void> => {
      for await (const { step } of visualize(
        net(),
        [8, 8, 2],
        { class: 0 },
        { steps: 50, every: 1, signal: controller.signal },
      ))
        if (step === 2) controller.abort(new Error("enough"));
    };
    await expect(watch()).rejects.toThrow("enough");
  });

  it.each<readonly [Objective, RegExp]>([
    [{ class: 4 }, /the class of the output must be a whole number from 0 to 3, got 4/],
    [{ layer: "layers.1", channel: 3 }, /the channel of layer "layers\.1" must be a whole number from 0 to 2, got 3/],
    [
      { layer: "layers.1", unit: [8, 0, 0] },
      /the unit of layer "layers\.1" must be a position in \[8, 8, 3\], got \[8, 0, 0\]/,
    ],
    [{ layer: "layers.1", unit: [1, 2] }, /must be a position in \[8, 8, 3\], got \[1, 2\]/],
    [{ layer: "layers.1", direction: [1] }, /3 numbers, one for each channel of layer "layers\.1", got 1/],
    [{ layer: "nowhere" }, /no layer is called "nowhere"/],
  ])("refuses an objective that does not exist: %o", (objective, message) => {
    expect(() => visualize(net(), [8, 8, 2], objective)).toThrow(message);
  });
});

describe("invertCode", () => {
  it("approaches the code; from a layer that keeps everything the image is restored", async () => {
    const model = build(sequential([new Conv2d({ filters: 4, kernelSize: 1 }), new ReLU()]), [6, 6, 1], { seed: 2 });
    const image = tensor(new Random(7).uniform(36, 0.1, 0.9), [1, 6, 6, 1]);
    const looks = await looksOf(
      invert(model, image, { layer: "layers.0", steps: 200, totalVariation: 0, parameters: "pixels" }),
    );
    const distances = looks.map(({ measures }) => measures[0]!);
    expect(distances.at(-1)).toBeLessThan(1e-3);
    expect(distances.at(-1)).toBeLessThan(distances[0]! / 100);
    looks.at(-1)!.values.forEach((value, i) => expect(Math.abs(value - image.knownValues[i]!)).toBeLessThan(0.05));
  });

  it("restores each image of a batch", async () => {
    const model = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new ReLU()]), [6, 6, 1], { seed: 2 });
    const images = tensor(new Random(9).uniform(72), [2, 6, 6, 1]);
    const looks = await looksOf(invert(model, images, { layer: "layers.1", steps: 120, totalVariation: 0 }));
    for (const n of [0, 1]) expect(looks.at(-1)?.measures[n]).toBeLessThan(looks[0]!.measures[n]! / 20);
    // |code − original|² / |original|²
    const codes = await evaluate(...[images, tensor(looks[0]!.values, [2, 6, 6, 1])].map((x) => model.call(x)));
    const [original, begun] = codes.map((code) => Array.from(code.subarray(code.length / 2)));
    const square = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value * value, 0);
    const expected = square(original!.map((value, i) => value - begun![i]!)) / square(original!);
    expect(looks[0]?.measures[1]).toBeCloseTo(expected, 9);
  });
});
