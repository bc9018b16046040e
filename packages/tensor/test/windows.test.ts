import { GeometryError, type Padding } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import * as t from "../src/index.ts";

// Sliding windows by their definition, with any kernel size, stride, dilation and padding, on all backends that run in Node.

const backends = { reference: reference(), cpu: await cpu({ threads: 1 }) };
afterAll(() => backends.cpu.dispose());

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const [most, spread] = [4, 5];
interface Window {
  readonly input: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: "same" | readonly [before: number, after: number];
}
const window: fc.Arbitrary<Window> = fc.record({
  input: fc.integer({ min: 1, max: 6 }),
  kernelSize: fc.integer({ min: 1, max: most }),
  stride: fc.integer({ min: 1, max: most }),
  dilation: fc.integer({ min: 1, max: most }),
  padding: fc.oneof(fc.constant("same" as const), fc.tuple(fc.nat(spread), fc.nat(spread))),
});
const spanOf = ({ kernelSize, dilation }: Window): number => (kernelSize - 1) * dilation + 1;

/** Padding on both sides; "same" as in Keras, for an output of ⌈input / stride⌉. */
function sidesOf(w: Window, input = w.input): readonly [number, number] {
  if (w.padding !== "same") return w.padding;
  const total = Math.max(0, (Math.ceil(input / w.stride) - 1) * w.stride + spanOf(w) - input);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Inputs of each window without padding; undefined if no window fits. */
function sights(w: Window): number[][] | undefined {
  const [before, after] = sidesOf(w);
  const room = before + w.input + after - spanOf(w);
  if (room < 0) return undefined;
  return range(Math.floor(room / w.stride) + 1).map((o) =>
    range(w.kernelSize)
      .map((tap) => o * w.stride - before + tap * w.dilation)
      .filter((i) => i >= 0 && i < w.input),
  );
}

const bothOf = (height: Window["padding"], width: Window["padding"]): Padding =>
  height === "same" || width === "same" ? "same" : [height, width];

const values = (length: number, seed: number): number[] => range(length).map((i) => ((i * 37 + seed * 11) % 23) - 11);

describe("pooling", () => {
  const mean = (seen: readonly number[]): number => seen.reduce((sum, v) => sum + v, 0) / seen.length;
  const kinds: Record<
    string,
    readonly [
      two: (x: t.Tensor, options: t.Pool2dOptions) => t.Tensor,
      one: ((x: t.Tensor, options: t.Pool1dOptions) => t.Tensor) | undefined,
      fold: (seen: number[], places: number[]) => number,
    ]
  > = {
    max: [t.maxPool2d, t.maxPool1d, (seen) => Math.max(...seen)],
    indices: [t.maxPool2dIndices, undefined, (seen, places) => places[seen.indexOf(Math.max(...seen))]!],
    average: [
      (x, options) => t.averagePool2d(x, { ...options, countPadding: false }),
      (x, options) => t.averagePool1d(x, { ...options, countPadding: false }),
      mean,
    ],
    lp: [t.lpPool2d, t.lpPool1d, (seen) => Math.hypot(...seen)],
  };

  for (const [name, backend] of Object.entries(backends))
    for (const [kind, [two, one, fold]] of Object.entries(kinds))
      it(`${kind} equals the definition, or is refused if a window contains only padding, on ${name}`, async () => {
        t.useBackend(backend);
        await fc.assert(
          fc.asyncProperty(window, window, fc.boolean(), fc.nat(), async (h, w, isSignal, seed) => {
            const isLine = isSignal && one !== undefined;
            const height: Window = isLine ? { ...h, input: 1, kernelSize: 1, stride: 1, padding: [0, 0] } : h;
            // "same" applies to both axes or to none.
            const width: Window = !isLine && height.padding === "same" ? { ...w, padding: "same" } : w;
            fc.pre(isLine || height.padding === "same" || width.padding !== "same");
            const [rows, columns] = [sights(height), sights(width)];
            const x = values(height.input * width.input, seed);
            const { input: _, ...line } = width;
            const compute = (): t.Tensor =>
              isLine
                ? one(t.tensor(x, [1, x.length, 1]), line)
                : two(t.tensor(x, [1, height.input, width.input, 1]), {
                    kernelSize: [height.kernelSize, width.kernelSize],
                    stride: [height.stride, width.stride],
                    dilation: [height.dilation, width.dilation],
                    padding: bothOf(height.padding, width.padding),
                  });
            if ([rows, columns].some((all) => all === undefined || all.some((seen) => seen.length === 0)))
              return void expect(compute).toThrow(GeometryError);
            const places = rows!.flatMap((ys) =>
              columns!.map((xs) => ys.flatMap((y) => xs.map((x) => y * width.input + x))),
            );
            const want = places.map((at) =>
              fold(
                at.map((place) => x[place]!),
                at,
              ),
            );
            const got = await compute().data();
            expect(got.length).toBe(want.length);
            want.forEach((v, i) => expect(got[i]).toBeCloseTo(v, 4));
          }),
          { numRuns: 150 },
        );
      });

  it("names the window that contains only padding", () => {
    expect(() => t.maxPool1d(t.tensor([5], [1, 1, 1]), { kernelSize: 2, stride: 1, dilation: 2, padding: 1 })).toThrow(
      "maxPool1d: window 0 (length) of 2 taps with dilation 2 covers only padding (1 before and 1 after an input length of 1); use less padding or dilation",
    );
  });
});

describe("transposed convolution", () => {
  for (const [name, backend] of Object.entries(backends))
    it(`adds every pixel times the filter at the place of its window, on ${name}`, async () => {
      t.useBackend(backend);
      await fc.assert(
        fc.asyncProperty(
          window,
          fc.nat(most - 1),
          fc.record({ groups: fc.integer({ min: 1, max: 3 }), channels: fc.nat(1), filters: fc.nat(1) }),
          fc.nat(),
          async (w, extra, { groups, ...sizes }, seed) => {
            const [c, f] = [(1 + sizes.channels) * groups, 1 + sizes.filters];
            const outputPadding = Math.min(extra, Math.max(w.stride, w.dilation) - 1);
            // "same": the output has input · stride numbers.
            const [before, after] = sidesOf(w, w.input * w.stride);
            const whole = (w.input - 1) * w.stride + spanOf(w) - before - after + outputPadding;
            const length = w.padding === "same" ? w.input * w.stride + outputPadding : whole;
            const [x, filters] = [values(w.input * c, seed), values(w.kernelSize * f * c, seed + 1)];
            const compute = (): t.Tensor =>
              t.convTranspose1d(t.tensor(x, [1, w.input, c]), t.tensor(filters, [w.kernelSize, f, c]), {
                stride: w.stride,
                dilation: w.dilation,
                padding: w.padding,
                groups,
                outputPadding,
              });
            if (length < 1) return void expect(compute).toThrow(GeometryError);
            const want = new Float64Array(length * f * groups);
            for (const i of range(w.input))
              for (const tap of range(w.kernelSize)) {
                const at = i * w.stride + tap * w.dilation - before;
                if (at < 0 || at >= length) continue;
                for (const channel of range(c))
                  for (const filter of range(f)) {
                    const group = Math.floor(channel / (c / groups));
                    want[at * f * groups + group * f + filter]! +=
                      x[i * c + channel]! * filters[(tap * f + filter) * c + channel]!;
                  }
              }
            const y = compute();
            expect(y.shape).toEqual([1, length, f * groups]);
            expect([...(await y.data())]).toEqual([...want]);
          },
        ),
        { numRuns: 400 },
      );
    });

  it('has input · stride outputs with "same" padding, as in Keras, if windows are smaller than the stride', async () => {
    t.useBackend(backends.reference);
    // keras.layers.Conv2DTranspose(1, kernel, strides, padding="same") with filters of ones.
    const ones = (size: number): t.Tensor => t.ones([size, size, 1, 1]);
    const x = t.tensor([1, 2, 3, 4], [1, 2, 2, 1]);
    const y = t.convTranspose2d(x, ones(1), { stride: 2, padding: "same" });
    expect(y.shape).toEqual([1, 4, 4, 1]);
    expect([...(await y.data())]).toEqual([1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0]);
    expect(t.convTranspose2d(t.ones([1, 4, 4, 1]), ones(1), { stride: 2, padding: "same" }).shape).toEqual([
      1, 8, 8, 1,
    ]);
    expect(t.convTranspose2d(t.ones([1, 4, 4, 1]), ones(2), { stride: 3, padding: "same" }).shape).toEqual([
      1, 12, 12, 1,
    ]);
  });

  it("names the axis of a signal in its errors", () => {
    expect(() => t.convTranspose1d(t.ones([1, 2, 1]), t.ones([1, 1, 1]), { padding: 1 })).toThrow(
      "convTranspose1d: the padding leaves no output: expected an output length",
    );
  });
});
