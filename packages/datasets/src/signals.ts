import {
  checkOptions,
  checkValue,
  functionOption,
  oneOf,
  ShapeError,
  ValueError,
  wholeFrom,
  type OptionChecks,
} from "@convlens/backend";
import { cos, fft, log } from "@convlens/backend/math";
import type { ShapesOf, Tensor } from "@convlens/tensor";
import type { Dataset, SizedDataset } from "./dataset.ts";
import {
  checkNumbers,
  floatsOf,
  isNumbers,
  shapesOfNumbers,
  type Example,
  type Numbers,
  type TensorsOf,
} from "./example.ts";
import { map } from "./transforms.ts";

/** Options of {@link windows}. */
export interface WindowsOptions<B> {
  /** Number of frames in a window. */
  readonly size: number;
  /** Number of frames from one window to the next. Default: `size`, so that windows do not overlap. */
  readonly step?: number;
  /**
   * Returns the target of a window, such as the class of its recording.
   *
   * @param window - `[size, channels]`.
   * @param start - Its first frame.
   */
  readonly target: (window: Numbers, start: number) => B;
}

/** @throws `ShapeError` for numbers that are not a signal; returns its frames and channels. */
function signalShape(operation: string, signal: Numbers): readonly [frames: number, channels: number] {
  checkNumbers(operation, "the signal", signal);
  const { shape } = signal;
  if (shape.length !== 2) throw new ShapeError({ operation, expected: "a signal [frames, channels]", got: shape });
  return shape as readonly [number, number];
}

/**
 * Cuts a signal into windows. Nothing is copied. Frames after the last whole window are left out.
 *
 * @param signal - `[frames, channels]`, such as a {@link Wav}.
 * @throws `ValueError` for a signal that is shorter than a window, or an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * const signal = { values: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), shape: [8, 1] };
 * const label = { values: Uint8Array.of(1), shape: [] };
 * windows(signal, { size: 4, step: 2, target: () => label }).size; // 3
 * ```
 */
export function windows<const B>(signal: Numbers, options: WindowsOptions<B>): SizedDataset<Tensor, TensorsOf<B>> {
  const operation = "windows";
  const checks: OptionChecks<WindowsOptions<B>> = { size: wholeFrom(1), step: wholeFrom(1), target: functionOption };
  checkOptions(operation, options, checks);
  for (const name of ["size", "target"] as const) checkValue(operation, name, options[name], checks[name]);
  const { size, step = size, target } = options;
  const [frames, channels] = signalShape(operation, signal);
  if (frames < size)
    throw new ValueError({
      operation,
      what: "the signal",
      expected: `at least ${size} frames long, the size of a window`,
      got: frames,
      fix: "use a smaller window",
    });
  const windowAt = (start: number): Numbers => ({
    ...signal,
    values: signal.values.subarray(start * channels, (start + size) * channels),
    shape: [size, channels],
  });
  type Windows = SizedDataset<Tensor, TensorsOf<B>>;
  const example = (i: number): Example<Tensor, unknown> => {
    const input = windowAt(i * step);
    return { input, target: target(input, i * step) as Example<Tensor, unknown>["target"] };
  };
  const first = example(0);
  checkNumbers(operation, "the target of the first window", first.target);
  return {
    kind: "sized",
    size: Math.floor((frames - size) / step) + 1,
    shapes: { input: [size, channels], target: shapesOfNumbers(first.target) } as unknown as Windows["shapes"],
    example: example as Windows["example"],
  };
}

/** Options of {@link spectrogram}. */
export interface SpectrogramOptions {
  /** Number of frames of the signal that are transformed at once, a power of two. Default: 256. */
  readonly size?: number;
  /** Number of frames from one transform to the next. Default: half of `size`. */
  readonly step?: number;
  /** Weights of the frames: `"hann"`, or 1 each. Default: `"hann"`. */
  readonly window?: "hann" | "rectangular";
  /** Kind of the numbers: |X|², |X|, or 10 · log₁₀ |X|² of at least −100. Default: `"power"`. */
  readonly values?: "power" | "magnitude" | "decibels";
}

const spectrogramChecks: OptionChecks<SpectrogramOptions> = {
  size: (x) =>
    Number.isSafeInteger(x) &&
    (x as number) >= 2 &&
    (x as number) <= 2 ** 20 &&
    ((x as number) & ((x as number) - 1)) === 0
      ? undefined
      : "a power of two from 2 to 1048576",
  step: /* @__PURE__ */ wholeFrom(1),
  window: /* @__PURE__ */ oneOf("hann", "rectangular"),
  values: /* @__PURE__ */ oneOf("power", "magnitude", "decibels"),
};

/** Least power that decibels show. */
const LEAST_POWER = 1e-10;

/** The numbers of a spectrogram by the power of a frequency. */
const scales = {
  power: (power: number): number => power,
  magnitude: Math.sqrt,
  decibels: (power: number): number => (10 * log(Math.max(LEAST_POWER, power))) / Math.LN10,
};

/** Number of transforms and of frequencies. */
function spectrogramShape(
  operation: string,
  [frames, channels]: readonly [number, number],
  { size = 256, step = size / 2 }: SpectrogramOptions,
): readonly [times: number, frequencies: number, channels: number] {
  if (frames < size)
    throw new ValueError({
      operation,
      what: "the signal",
      expected: `at least ${size} frames long`,
      got: frames,
      fix: "use a smaller size",
    });
  return [Math.floor((frames - size) / step) + 1, size / 2 + 1, channels];
}

/**
 * Computes the short-time Fourier transform of a signal: how strong each frequency is at each time.
 *
 * @param signal - `[frames, channels]`.
 * @returns `[times, frequencies, channels]`, an image for convolutions. There are size / 2 + 1 frequencies, from 0 to half of the
 * sample rate.
 * @throws `ValueError` for a signal shorter than `size`, or an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * const wave = Float32Array.from({ length: 64 }, (_, t) => Math.cos((2 * Math.PI * t) / 4));
 * const { values, shape } = spectrogram({ values: wave, shape: [64, 1] }, { size: 16, step: 16, window: "rectangular" });
 * shape; // [4, 9, 1]
 * values[4]; // 64 = (16 / 2)²: a quarter of the sample rate is frequency 4 of 0 to 8
 * ```
 */
export function spectrogram(signal: Numbers, options: SpectrogramOptions = {}): Numbers {
  const operation = "spectrogram";
  checkOptions(operation, options, spectrogramChecks);
  const { size = 256, step = size / 2, window = "hann", values: kind = "power" } = options;
  const [frames, channels] = signalShape(operation, signal);
  const shape = spectrogramShape(operation, [frames, channels], options);
  const [times, frequencies] = shape;
  // The periodic window, as a transform repeats its frames.
  const weights = Float64Array.from({ length: size }, (_, i) =>
    window === "hann" ? 0.5 - 0.5 * cos((2 * Math.PI * i) / size) : 1,
  );
  const floats = floatsOf(signal);
  const values = new Float32Array(times * frequencies * channels);
  const z = { re: new Float64Array(size), im: new Float64Array(size) };
  for (let time = 0; time < times; time++)
    for (let channel = 0; channel < channels; channel++) {
      for (let i = 0; i < size; i++) z.re[i] = weights[i]! * floats[(time * step + i) * channels + channel]!;
      z.im.fill(0);
      fft(z, size);
      for (let k = 0; k < frequencies; k++)
        values[(time * frequencies + k) * channels + channel] = scales[kind](z.re[k]! ** 2 + z.im[k]! ** 2);
    }
  return { values, shape };
}

/**
 * Replaces each signal of a data set by its {@link spectrogram}. Classes stay.
 *
 * @throws `ValueError` for signals shorter than `size`, inputs that are not signals, or an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * spectrograms(tones({ size: 8 }), { size: 32 }).shapes.input; // [7, 17, 1]
 * ```
 */
export function spectrograms<Target, D extends Dataset<Tensor, Target>>(
  data: D & Dataset<Tensor, Target>,
  options: SpectrogramOptions = {},
): D {
  const operation = "spectrograms";
  checkOptions(operation, options, spectrogramChecks);
  const shape = data.shapes.input;
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(Number.isSafeInteger))
    throw new ShapeError({ operation, expected: "inputs [frames, channels]", got: shape });
  const input = spectrogramShape(operation, shape as unknown as readonly [number, number], options);
  const change = (example: Example<Tensor, Target>): unknown => ({
    ...example,
    input: isNumbers(example.input) ? spectrogram(example.input, options) : example.input,
  });
  return map(data as Dataset<Tensor, Target>, change as never, { input } as { input: ShapesOf<never> }) as unknown as D;
}
