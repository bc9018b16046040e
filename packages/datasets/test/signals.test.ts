import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShapeError, ValueError } from "@convlens/backend";
import {
  arrays,
  batchOf,
  channelStatistics,
  floatsOf,
  fromStream,
  readWav,
  spectrogram,
  spectrograms,
  standardize,
  tones,
  windows,
  type Numbers,
} from "../src/index.ts";

const latin = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));
const little = (x: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(x / 256 ** i) % 256);

/** A WAV file of these chunks. */
const riff = (...chunks: readonly (readonly [id: string, data: readonly number[]])[]): Uint8Array => {
  const body = chunks.flatMap(([id, data]) => [
    ...latin(id),
    ...little(data.length, 4),
    ...data,
    ...(data.length % 2 === 1 ? [0] : []),
  ]);
  return Uint8Array.from([...latin("RIFF"), ...little(body.length + 4, 4), ...latin("WAVE"), ...body]);
};
const fmt = (code: number, channels: number, rate: number, bits: number): number[] => [
  ...little(code, 2),
  ...little(channels, 2),
  ...little(rate, 4),
  ...little((rate * channels * bits) / 8, 4),
  ...little((channels * bits) / 8, 2),
  ...little(bits, 2),
];
/** The identifier of a format in an extensible one. */
const guid = (code: number): number[] => [
  ...little(code, 2),
  0,
  0,
  0,
  0,
  0x10,
  0,
  0x80,
  0,
  0,
  0xaa,
  0,
  0x38,
  0x9b,
  0x71,
];
const bytesOf = (numbers: { readonly buffer: ArrayBufferLike }): number[] => [...new Uint8Array(numbers.buffer)];

describe("a WAV file", () => {
  it("is read with every encoding, from −1 to 1", async () => {
    const read = async (code: number, bits: number, data: number[]): Promise<number[]> => [
      ...floatsOf(await readWav(riff(["fmt ", fmt(code, 1, 8000, bits)], ["data", data]))),
    ];
    expect(await read(1, 8, [0, 128, 255])).toEqual([-1, 0, 127 / 128]);
    expect(await read(1, 16, bytesOf(Int16Array.of(-32768, 0, 16384)))).toEqual([-1, 0, 0.5]);
    expect(await read(1, 24, [0, 0, 0x80, 0, 0, 0, 0, 0, 0x40])).toEqual([-1, 0, 0.5]);
    expect(await read(1, 32, bytesOf(Int32Array.of(-(2 ** 31), 0, 2 ** 30)))).toEqual([-1, 0, 0.5]);
    expect(await read(3, 32, bytesOf(Float32Array.of(-1, 0.25)))).toEqual([-1, 0.25]);
    expect(await read(3, 64, bytesOf(Float64Array.of(-1, 0.25)))).toEqual([-1, 0.25]);
  });

  it("keeps its type, channels and sample rate, behind other chunks", async () => {
    const data = bytesOf(Int16Array.of(1, 2, 3, 4, 5, 6));
    const extensible = [...fmt(0xfffe, 2, 44_100, 16), ...little(22, 2), ...little(16, 2), ...little(3, 4), ...guid(1)];
    for (const format of [fmt(1, 2, 44_100, 16), extensible])
      expect(
        await readWav(riff(["LIST", [1, 2, 3]], ["fmt ", format], ["fact", [0, 0, 0, 0]], ["data", data])),
      ).toEqual({ values: Int16Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2], sampleRate: 44_100, scale: 2 ** -15 });
  });

  it("may have data of unknown length, and an incomplete last frame", async () => {
    const file = riff(["fmt ", fmt(1, 2, 8000, 8)], ["data", [1, 2, 3, 4, 5, 6]]);
    new DataView(file.buffer).setUint32(40, 0xffffffff, true);
    expect((await readWav(file)).shape).toEqual([3, 2]);
    const odd = riff(["fmt ", fmt(1, 2, 8000, 16)], ["data", [1, 2, 3, 4, 5, 6]]);
    expect((await readWav(odd)).shape).toEqual([1, 2]);
  });

  it("is refused if it is truncated at any byte", async () => {
    const file = riff(["LIST", [1, 2]], ["fmt ", fmt(1, 1, 8000, 16)], ["data", [1, 2, 3, 4]]);
    for (let length = 0; length < file.length; length++)
      await expect(readWav(file.subarray(0, length)), `${length} bytes`).rejects.toThrow(/^WAV file: truncated/);
  });

  it("of another kind is refused by name, with a fix", async () => {
    const message = (file: Uint8Array): Promise<unknown> => readWav(file).then(String, (error: Error) => error.message);
    const of = (code: number, bits: number, channels = 1): Uint8Array =>
      riff(["fmt ", fmt(code, channels, 8000, bits)], ["data", [1, 2, 3, 4]]);
    expect([
      await message(Uint8Array.from(latin("OggS........"))),
      await message(of(7, 8)),
      await message(of(1, 12)),
      await message(of(1, 16, 0)),
      await message(riff(["data", [1, 2]], ["fmt ", fmt(1, 1, 8000, 8)])),
      await message(riff(["fmt ", [1, 2]])),
      await message(riff(["fmt ", [...fmt(0xfffe, 1, 8000, 16), ...new Array<number>(24).fill(9)]], ["data", [1, 2]])),
      await message(riff(["fmt ", fmt(1, 1, 8000, 8)], ["data", []])),
    ]).toMatchInlineSnapshot(`
      [
        "WAV file: it begins with "OggS" and "....", not with "RIFF" and "WAVE"; is it a complete WAV file?",
        "WAV file: its samples are µ-law of 8 bits; save it as PCM of 8, 16, 24 or 32 bits",
        "WAV file: its samples are PCM of 12 bits; save it as PCM of 8, 16, 24 or 32 bits",
        "WAV file: it has 0 channels and 8000 frames per second; is it a complete WAV file?",
        "WAV file: its samples come before their format; is it a complete WAV file?",
        "WAV file: its format has 2 bytes; is it a complete WAV file?",
        "WAV file: its extensible format is unknown; save it as PCM",
        "WAV file: it has no samples; is it a complete WAV file?",
      ]
    `);
  });

  it("with changed bytes is an error, or has samples for its shape", () => {
    const file = riff(["fmt ", fmt(1, 2, 8000, 16)], ["LIST", [1]], ["data", [1, 2, 3, 4, 5, 6, 7, 8]]);
    return fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), async (at, value) => {
        const changed = file.slice();
        changed[at] = value;
        const read = await readWav(changed).catch((error: unknown) => error);
        if (read instanceof Error) expect(read).toBeInstanceOf(ValueError);
        else expect((read as Numbers).values).toHaveLength((read as Numbers).shape.reduce((a, b) => a * b));
      }),
      { numRuns: 300 },
    );
  });
});

const signalOf = (frames: number, channels = 1): Numbers => ({
  values: Float32Array.from({ length: frames * channels }, (_, i) => i),
  shape: [frames, channels],
});

describe("windows of a signal", () => {
  it("begin at each step, and hold its frames", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 10 }),
        (frames, channels, size, step) => {
          fc.pre(size <= frames);
          const target = (_: Numbers, start: number): Numbers => ({ values: Int32Array.of(start), shape: [] });
          const data = windows(signalOf(frames, channels), { size, step, target });
          expect(data.shapes).toEqual({ input: [size, channels], target: [] });
          const starts = Array.from({ length: frames }, (_, i) => i).filter(
            (i) => i % step === 0 && i + size <= frames,
          );
          expect(data.size).toBe(starts.length);
          const { inputs, targets } = batchOf(
            data,
            starts.map((_, i) => i),
          );
          expect(Array.from(targets.knownValues)).toEqual(starts);
          expect(Array.from(inputs.knownValues)).toEqual(
            starts.flatMap((start) => Array.from({ length: size * channels }, (_, i) => start * channels + i)),
          );
        },
      ),
    ));

  it("keep scale and offset, and copy nothing", () => {
    const signal = { values: Uint8Array.of(0, 128, 255, 128), shape: [4, 1], scale: 1 / 128, offset: -1 };
    const data = windows(signal, { size: 2, target: (window) => window });
    expect(Array.from(batchOf(data, [0]).inputs.knownValues)).toEqual([-1, 0]);
    signal.values[0] = 128;
    expect(Array.from(batchOf(data, [0]).inputs.knownValues)).toEqual([0, 0]);
  });

  it("are refused where the signal or an option is wrong", () => {
    const target = (window: Numbers): Numbers => window;
    expect(() => windows(signalOf(3), { size: 4, target })).toThrow(/at least 4 frames long/);
    expect(() => windows({ values: new Float32Array(4), shape: [4] }, { size: 2, target })).toThrow(ShapeError);
    expect(() => windows(signalOf(3), { size: 0, target })).toThrow(ValueError);
    expect(() => windows(signalOf(3), { size: 1 } as never)).toThrow(/target must be a function/);
    expect(() => windows(signalOf(3), { size: 1, target: () => 3 })).toThrow(ValueError);
  });
});

describe("a spectrogram", () => {
  const wave = (i: number): number => Math.sin(i * i * 0.05) + 0.25 * i;

  it("equals that of PyTorch", () => {
    const signal = { values: Float32Array.from({ length: 16 }, (_, i) => wave(i)), shape: [16, 1] };
    const { values, shape } = spectrogram(signal, { size: 8, step: 4 });
    expect(shape).toEqual([3, 5, 1]);
    // torch.stft(x, 8, 4, window=torch.hann_window(8), center=False, return_complex=True).abs() ** 2, PyTorch 1.13.1
    const golden = [
      [43.3702, 15.0643, 0.330529, 0.00570785, 0.000467508],
      [62.8142, 15.2451, 0.705727, 0.0149864, 0.000748868],
      [153.336, 57.3213, 3.41374, 0.142505, 0.0146333],
    ].flat();
    for (const [i, x] of golden.entries()) expect(Math.abs(values[i]! / x - 1)).toBeLessThan(1e-3);
  });

  it("keeps the energy of each transform (Parseval), and channels apart", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(1000),
        (bits, channels, seed) => {
          const size = 2 ** bits;
          const values = Float32Array.from({ length: size * channels }, (_, i) => Math.sin(seed + i * i));
          const { values: power } = spectrogram({ values, shape: [size, channels] }, { size, window: "rectangular" });
          for (let c = 0; c < channels; c++) {
            const bins = power.filter((_: number, i: number) => i % channels === c);
            // Frequencies but the first and the last stand for two each.
            const energy = Array.from(bins).reduce((sum, x, k) => sum + (k === 0 || k === size / 2 ? x : 2 * x), 0);
            const wanted = values.reduce((sum, x, i) => sum + (i % channels === c ? x * x : 0), 0);
            expect(energy / size).toBeCloseTo(wanted, 4);
          }
        },
      ),
    ));

  it("may be of magnitudes or decibels", () => {
    const signal = { values: Float32Array.from({ length: 8 }, (_, i) => wave(i)), shape: [8, 1] };
    const power = spectrogram(signal, { size: 8 }).values;
    const magnitude = spectrogram(signal, { size: 8, values: "magnitude" }).values;
    const decibels = spectrogram(signal, { size: 8, values: "decibels" }).values;
    for (const [i, x] of power.entries()) {
      expect(magnitude[i]!).toBeCloseTo(Math.sqrt(x), 5);
      expect(decibels[i]!).toBeCloseTo(10 * Math.log10(x), 4);
    }
    const silence = spectrogram({ values: new Float32Array(8), shape: [8, 1] }, { size: 8, values: "decibels" });
    expect(new Set(Array.from(silence.values, Math.round))).toEqual(new Set([-100]));
  });

  it("replaces the signals of a data set, sized or streamed, whose classes stay", async () => {
    const data = tones({ size: 4, length: 64 });
    const images = spectrograms(data, { size: 16, step: 8 });
    expect([images.shapes.input, images.classes]).toEqual([[7, 9, 1], data.classes]);
    const { inputs } = batchOf(images, [2]);
    const alone = spectrogram({ values: batchOf(data, [2]).inputs.knownValues, shape: [64, 1] }, { size: 16, step: 8 });
    expect(Array.from(inputs.knownValues)).toEqual(Array.from(alone.values));
    const stream = fromStream({ input: [64, 1], target: [1] }, async function* () {
      yield { input: signalOf(64), target: { values: Uint8Array.of(1), shape: [1] } };
    });
    expect(spectrograms(stream, { size: 64 }).shapes.input).toEqual([1, 33, 1]);
  });

  it("is refused for other shapes and sizes", () => {
    expect(() => spectrogram(signalOf(7), { size: 8 })).toThrow(/at least 8 frames long/);
    expect(() => spectrogram(signalOf(8), { size: 6 })).toThrow(/a power of two/);
    const images = arrays({ inputs: { values: new Uint8Array(8), shape: [2, 2, 2] }, targets: signalOf(2) });
    expect(spectrograms(images, { size: 2 }).shapes.input).toEqual([1, 2, 2]);
    const flat = arrays({ inputs: { values: new Uint8Array(8), shape: [2, 4] }, targets: signalOf(2) });
    expect(() => spectrograms(flat, { size: 2 })).toThrow(ShapeError);
  });
});

describe("standardize", () => {
  const bytes = arrays({
    inputs: { values: Uint8Array.of(0, 10, 255, 20, 51, 30, 102, 40), shape: [4, 1, 2] },
    targets: signalOf(4),
  });

  it("gives each channel mean 0 and deviation 1, by the measured statistics", async () => {
    const ready = standardize(bytes, await channelStatistics(bytes));
    const { mean, deviation } = await channelStatistics(ready);
    for (const [c, m] of mean.entries()) {
      expect(m).toBeCloseTo(0, 6);
      expect(deviation[c]!).toBeCloseTo(1, 6);
    }
    const { input } = (await ready.example(0, { seed: 0, epoch: 0 })) as { input: Numbers };
    expect(input.values).toBeInstanceOf(Uint8Array);
  });

  it("measures over all examples, whatever their scale", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 2, maxLength: 200 }),
        fc.integer({ min: -3, max: 3 }),
        async (numbers, offset) => {
          const inputs = { values: Float64Array.from(numbers), shape: [numbers.length, 1], scale: 2, offset };
          const { mean, deviation } = await channelStatistics(arrays({ inputs, targets: signalOf(numbers.length) }));
          const values = numbers.map((x) => 2 * x + offset);
          const wanted = values.reduce((a, b) => a + b) / values.length;
          expect(mean[0]!).toBeCloseTo(wanted, 6);
          expect(deviation[0]!).toBeCloseTo(
            Math.sqrt(values.reduce((sum, x) => sum + (x - wanted) ** 2, 0) / values.length),
            6,
          );
        },
      ),
    ));

  it("is (x − mean) / deviation", () => {
    const ready = standardize(bytes, { mean: [0.2, 0.5], deviation: [0.5, 2] });
    const before = Array.from(batchOf(bytes, [0, 1, 2, 3]).inputs.knownValues);
    const after = Array.from(batchOf(ready, [0, 1, 2, 3]).inputs.knownValues);
    for (const [i, x] of before.entries())
      expect(after[i]!).toBeCloseTo(i % 2 === 0 ? (x - 0.2) / 0.5 : (x - 0.5) / 2, 6);
  });

  it("refuses statistics that do not fit", () => {
    expect(() => standardize(bytes, { mean: [0], deviation: [1] })).toThrow(/one number for each of 2 channels/);
    expect(() => standardize(bytes, { mean: [0, 0], deviation: [1, 0] })).toThrow(/numbers above 0/);
    expect(() => standardize(bytes, { mean: [0, 0] } as never)).toThrow(/deviation must be/);
  });
});
