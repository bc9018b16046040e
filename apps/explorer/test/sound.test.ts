import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { signal } from "../src/compute/signal.ts";
import { initialState } from "../src/fields.ts";
import {
  codeOf,
  envelope,
  kernelNames,
  kernelOf,
  kernelSentence,
  LENGTH,
  loudness,
  RATE,
  soundFields,
  soundNames,
  soundOf,
  ZOOM,
  zoomStart,
} from "../src/panels/sound/model.ts";

const { mathConv } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8")) as {
  readonly mathConv: { fg: number[]; box: number[]; npConv: number[] };
};
const first = initialState(soundFields);

beforeAll(() => useBackend(reference({ precision: "float64" })));

/** A full convolution: silence after the sound leaves room for the end of the kernel. */
const whole = async (samples: number[], kernel: number[]): Promise<number[]> => [
  ...(await signal({
    samples: Float32Array.from([...samples, ...new Array<number>(kernel.length - 1).fill(0)]),
    kernel: Float32Array.from(kernel),
  })),
];
const close = (found: number[], expected: number[]): void => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
};

describe("a kernel on a sound", () => {
  it("is the mathematical convolution: the published cases, in both orders", async () => {
    const [f, g] = [
      [0.5, 0.3, 0.2],
      [0.1, 0.6, 0.3],
    ];
    close(await whole(f, g), mathConv.fg);
    close(await whole(g, f), mathConv.fg);
    close(await whole([1, 1, 1], [1, 1, 1]), mathConv.box);
    close(await whole([1, 2, 3], [0, 1, 0.5]), mathConv.npConv);
  });

  it("reads only earlier samples", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 6 }), async (kernel) => {
        const samples = new Float32Array(20);
        samples[7] = 1;
        const output = await signal({ samples, kernel: Float32Array.from(kernel) });
        expect([...output]).toEqual(Array.from({ length: 20 }, (_, t) => (t < 7 ? 0 : (kernel[t - 7] ?? 0)) + 0));
      }),
      { numRuns: 30 },
    ));

  it("an average removes the high note, a difference the low one", async () => {
    const low = Float32Array.from({ length: 2000 }, (_, i) => Math.sin((2 * Math.PI * 220 * i) / RATE));
    const high = Float32Array.from({ length: 2000 }, (_, i) => Math.sin((2 * Math.PI * 2000 * i) / RATE));
    const left = async (samples: Float32Array, kernel: "average" | "difference"): Promise<number> =>
      loudness(await signal({ samples, kernel: kernelOf({ ...first, kernel }) })) / loudness(samples);
    // For a sine of frequency f, an average of n has the gain |sin(n π f / R) / (n sin(π f / R))|, a difference 2 |sin(π f / R)|.
    const averaged = (f: number): number => {
      const angle = (Math.PI * f) / RATE;
      return Math.abs(Math.sin(first.width * angle) / (first.width * Math.sin(angle)));
    };
    const differed = (f: number): number => 2 * Math.abs(Math.sin((Math.PI * f) / RATE));
    expect(Math.abs((await left(low, "average")) - averaged(220))).toBeLessThan(0.01);
    expect(Math.abs((await left(high, "average")) - averaged(2000))).toBeLessThan(0.01);
    expect(Math.abs((await left(low, "difference")) - differed(220))).toBeLessThan(0.01);
    expect(Math.abs((await left(high, "difference")) - differed(2000))).toBeLessThan(0.01);
    expect(averaged(2000)).toBeLessThan(averaged(220) / 4);
    expect(differed(220)).toBeLessThan(differed(2000) / 4);
  });

  it("an echo repeats the sound, later and more quietly", async () => {
    const samples = soundOf("clicks").subarray(2900, 3300);
    const output = await signal({ samples, kernel: kernelOf({ ...first, kernel: "echo", delay: 1 }) });
    for (const [i, value] of output.entries())
      expect(value).toBeCloseTo(samples[i]! + 0.6 * (samples[i - RATE / 100] ?? 0), 5);
  });
});

describe("sounds", () => {
  it.each(soundNames)("%s is audible and not too loud", (name) => {
    const samples = soundOf(name);
    expect(samples).toHaveLength(LENGTH);
    expect(Math.max(...samples.map(Math.abs))).toBeLessThanOrEqual(1);
    expect(loudness(samples)).toBeGreaterThan(0.01);
    const parts = envelope(samples, 100);
    expect(Math.max(...parts.map(({ high }) => high))).toBe(Math.max(...samples));
    expect(Math.min(...parts.map(({ low }) => low))).toBe(Math.min(...samples));
  });

  it("the visible part is within them, and each kernel has a sentence", () => {
    for (let at = soundFields.at.least; at <= soundFields.at.most; at++)
      expect(zoomStart({ ...first, at }, LENGTH) + ZOOM).toBeLessThanOrEqual(LENGTH);
    for (const kernel of kernelNames) {
      expect(kernelSentence({ ...first, kernel }).length).toBeGreaterThan(20);
      expect(codeOf({ ...first, kernel })).toContain(`padding: [${kernelOf({ ...first, kernel }).length - 1}, 0]`);
    }
  });
});
