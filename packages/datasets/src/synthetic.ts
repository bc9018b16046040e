import {
  checkOptions,
  numberFrom,
  Random,
  seedOption,
  wholeFrom,
  type OptionChecks,
  type Shape,
} from "@convlens/backend";
import { cos, sin } from "@convlens/backend/math";
import { classification } from "./arrays.ts";
import type { Classification } from "./dataset.ts";

/** Options of synthetic data sets. */
export interface SyntheticOptions {
  /** Number of examples. */
  readonly size: number;
  /** Seed of all random numbers. Default: 1. */
  readonly seed?: number;
  /** Standard deviation of the noise. Default: 0.1. */
  readonly noise?: number;
}

/** Options of synthetic images. */
export interface SyntheticImageOptions extends SyntheticOptions {
  /** Height of an image. Default: 28. */
  readonly height?: number;
  /** Width of an image. Default: 28. */
  readonly width?: number;
}

const checks: OptionChecks<SyntheticOptions> = { size: wholeFrom(1), seed: seedOption, noise: numberFrom(0) };
const imageChecks: OptionChecks<SyntheticImageOptions> = { ...checks, height: wholeFrom(1), width: wholeFrom(1) };

/** Examples of the classes in turn, each with its own stream of random numbers, plus noise. */
function make(
  shape: Shape,
  classes: readonly string[],
  { size, seed = 1, noise = 0.1 }: SyntheticOptions,
  draw: (label: number, random: Random, put: (index: number, value: number) => void) => void,
): Classification {
  const one = shape.reduce((a, b) => a * b, 1);
  const inputs = new Float32Array(size * one);
  const labels = Uint8Array.from({ length: size }, (_, i) => i % classes.length);
  for (let i = 0; i < size; i++) {
    const random = new Random(seed).split(i);
    inputs.set(random.normal(one, 0, noise), i * one);
    draw(labels[i]!, random, (index, value) => (inputs[i * one + index]! += value));
  }
  return classification({ inputs: { values: inputs, shape: [size, ...shape] }, labels, classes });
}

/**
 * Images of one edge each, bright on one side. The class is the direction of the edge.
 *
 * @param options - `directions`: number of classes, evenly over half a turn. Default: 4.
 */
export function orientedEdges(options: SyntheticImageOptions & { readonly directions?: number }): Classification {
  checkOptions("orientedEdges", options, { ...imageChecks, directions: wholeFrom(1, 256) });
  const { height = 28, width = 28, directions = 4 } = options;
  const classes = Array.from({ length: directions }, (_, i) => `${Math.round((180 * i) / directions)}°`);
  return make([height, width, 1], classes, options, (label, random, put) => {
    const angle = (Math.PI * (label + 0.5 * (random.next() - 0.5))) / directions;
    const [dx, dy] = [cos(angle), sin(angle)];
    const [x0, y0] = [width * (0.3 + 0.4 * random.next()), height * (0.3 + 0.4 * random.next())];
    const bright = random.next() < 0.5 ? 1 : -1;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (bright * ((x + 0.5 - x0) * dx + (y + 0.5 - y0) * dy) > 0) put(y * width + x, 1);
  });
}

/** Shapes of radius 1 around the origin. */
const insides: readonly { readonly name: string; readonly inside: (x: number, y: number) => boolean }[] = [
  { name: "circle", inside: (x, y) => x * x + y * y < 1 },
  { name: "square", inside: (x, y) => Math.abs(x) < 0.85 && Math.abs(y) < 0.85 },
  { name: "triangle", inside: (x, y) => y < 0.7 && y > -1 && Math.abs(x) < (y + 1) * 0.58 },
  { name: "cross", inside: (x, y) => (Math.abs(x) < 0.3 && Math.abs(y) < 1) || (Math.abs(y) < 0.3 && Math.abs(x) < 1) },
];

/** Images of a circle, square, triangle or cross of random size and position. The class is the shape. */
export function shapes(options: SyntheticImageOptions): Classification {
  checkOptions("shapes", options, imageChecks);
  const { height = 28, width = 28 } = options;
  const classes = insides.map(({ name }) => name);
  return make([height, width, 1], classes, options, (label, random, put) => {
    const radius = Math.min(height, width) * (0.2 + 0.15 * random.next());
    const [x0, y0] = [radius + (width - 2 * radius) * random.next(), radius + (height - 2 * radius) * random.next()];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (insides[label]!.inside((x + 0.5 - x0) / radius, (y + 0.5 - y0) / radius)) put(y * width + x, 1);
  });
}

/**
 * Signals `[length, 1]` of two classes: noise, and a tone in noise.
 *
 * @param options - `length`: number of samples of a signal. Default: 128.
 */
export function tones(options: SyntheticOptions & { readonly length?: number }): Classification {
  checkOptions("tones", options, { ...checks, length: wholeFrom(1) });
  const { length = 128, noise = 0.5 } = options;
  return make([length, 1], ["noise", "tone"], { ...options, noise }, (label, random, put) => {
    const period = 6 + 10 * random.next();
    const phase = 2 * Math.PI * random.next();
    const duration = Math.round(length * (0.3 + 0.3 * random.next()));
    const begin = random.integer(length - duration + 1);
    if (label === 1) for (let t = begin; t < begin + duration; t++) put(t, sin((2 * Math.PI * t) / period + phase));
  });
}
