import { Random } from "@convlens/backend";
import {
  add,
  matmul,
  multiply,
  reshape,
  sigmoid,
  subtract,
  tensor,
  transpose,
  Variable,
  type Tensor,
} from "@convlens/tensor";
import type { Planes } from "../planes.ts";

/** Parametrization of an image: by its Fourier coefficients or its pixels. */
export type ImageParameterKind = "fourier" | "pixels";

/** An image as variables. */
export interface ImageParameters {
  readonly variables: readonly Variable[];
  /** Records the image `[n, h, w, c]`, between `low` and `high`. */
  readonly image: () => Tensor;
}

/** The range of pixels, and their mean at the start. */
export interface ImageBounds {
  readonly range: readonly [low: number, high: number];
  /** Inside the range. */
  readonly brightness: number;
}

/** Standard deviation of the initial parameters. */
const DEVIATION = 0.01;
/** Scales the image so that a step of the default learning rate is a small change of it. */
const CONTRAST = 0.25;

/** Makes the parameters of a random, almost uniform image. */
export function imageParameters(
  kind: ImageParameterKind,
  { count, height, width, channels }: Planes,
  { range: [low, high], brightness }: ImageBounds,
  random: Random,
): ImageParameters {
  // sigmoid(level) is the position in the range of parameters of 0.
  const share = (brightness - low) / (high - low);
  const level = Math.log(share / (1 - share));
  const bounded = (raw: Tensor): Tensor => add(multiply(sigmoid(add(raw, level)), high - low), low);
  if (kind === "pixels") {
    const shape = [count, height, width, channels];
    const pixels = new Variable(random.normal(count * height * width * channels, 0, DEVIATION), shape, {
      name: "pixels",
    });
    return { variables: [pixels], image: () => bounded(multiply(pixels, 1)) };
  }
  const waves = Math.floor(width / 2) + 1;
  const shape = [count * channels, height, waves];
  const make = (name: string): Variable =>
    new Variable(random.split(name).normal(count * channels * height * waves, 0, DEVIATION), shape, { name });
  const [real, imaginary] = [make("real"), make("imaginary")];
  const image = inverseFourier(height, width);
  return {
    variables: [real, imaginary],
    image: () => {
      const planes = reshape(image(real, imaginary), [count, channels, height, width]);
      return bounded(multiply(transpose(planes, [0, 2, 3, 1]), CONTRAST));
    },
  };
}

/** Cosines and sines of 2π · row · column / size, with a factor for each row. */
function waveTables(
  rows: number,
  columns: number,
  size: number,
  factor: (row: number) => number = () => 1,
): readonly [cosines: Tensor, sines: Tensor] {
  const table = (wave: (angle: number) => number): Tensor =>
    tensor(
      Float64Array.from({ length: rows * columns }, (_, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        return factor(row) * wave((2 * Math.PI * row * column) / size);
      }),
      [rows, columns],
    );
  return [table(Math.cos), table(Math.sin)];
}

/**
 * The inverse Fourier transform from half the spectrum of real images, `[n, h, ⌊w/2⌋ + 1] → [n, h, w]`. Coefficients are divided by
 * their frequency, so that equal parameters mean equal contrast at every scale, as in photographs.
 */
export function inverseFourier(height: number, width: number): (real: Tensor, imaginary: Tensor) => Tensor {
  const waves = Math.floor(width / 2) + 1;
  const lowest = 1 / Math.max(height, width);
  const scale = Float64Array.from({ length: height * waves }, (_, i) => {
    const row = Math.floor(i / waves);
    const frequency = Math.hypot(Math.min(row, height - row) / height, (i % waves) / width);
    return Math.sqrt(height * width) / Math.max(frequency, lowest);
  });
  const scales = tensor(scale, [height, waves]);
  const [cosRows, sinRows] = waveTables(height, height, height);
  // A frequency and its conjugate count as one, unless they are equal.
  const isOwn = (wave: number): boolean => wave === 0 || 2 * wave === width;
  const [cosColumns, sinColumns] = waveTables(waves, width, width, (wave) => (isOwn(wave) ? 1 : 2) / (height * width));
  return (real, imaginary) => {
    const [re, im] = [multiply(real, scales), multiply(imaginary, scales)];
    // e^{iθ} (re + i·im) along the rows, then the real part of the same along the columns
    const cosPart = subtract(matmul(cosRows, re), matmul(sinRows, im));
    const sinPart = add(matmul(sinRows, re), matmul(cosRows, im));
    return subtract(matmul(cosPart, cosColumns), matmul(sinPart, sinColumns));
  };
}
