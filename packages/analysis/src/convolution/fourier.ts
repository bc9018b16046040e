import { ValueError, type Shape } from "@convlens/backend";
import { fft, type Complex } from "@convlens/backend/math";
import type { ImageKernel } from "./imageKernels.ts";

/** Height and width of an image, powers of two. */
export type ImageSize = readonly [height: number, width: number];

/** Returns the smallest power of two that is at least n. */
export const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** Computes the Fourier transform of an image in place, or with `back` the inverse. */
export function fourierTransform(values: Complex, [height, width]: ImageSize, back = false): void {
  for (let y = 0; y < height; y++) fft(values, width, { start: y * width, inverse: back });
  for (let x = 0; x < width; x++) fft(values, height, { start: x, step: width, inverse: back });
}

/** Returns the Fourier transform of an image that is 0 except at some places. */
export function transformOf(size: ImageSize, places: readonly number[], valueAt: (pixel: number) => number): Complex {
  const z = zeros(size);
  for (const [pixel, at] of places.entries()) z.re[at] = valueAt(pixel);
  fourierTransform(z, size);
  return z;
}

/** Returns an image of zeros. */
export const zeros = ([height, width]: ImageSize): Complex => ({
  re: new Float64Array(height * width),
  im: new Float64Array(height * width),
});

/** Adds a · b̄, the spectrum of a correlation. */
export function addProduct(sum: Complex, a: Complex, b: Complex): void {
  for (let i = 0; i < sum.re.length; i++) {
    const [aRe, aIm, bRe, bIm] = [a.re[i]!, a.im[i]!, b.re[i]!, b.im[i]!];
    sum.re[i]! += aRe * bRe + aIm * bIm;
    sum.im[i]! += aIm * bRe - aRe * bIm;
  }
}

/** The frequency response of a kernel. */
export interface Spectrum {
  /** `[height, width]`; frequency 0 is in the middle. */
  readonly shape: Shape;
  /** The gain at each frequency, row-major. */
  readonly values: Float64Array;
}

/**
 * Computes the frequency response of a kernel, with frequency 0 in the middle: a blur passes low frequencies, an edge detector
 * high ones.
 *
 * @param size - Height and width of the spectrum, a power of two of at least the kernel's size. Default: 64.
 *
 * @example
 * ```ts
 * const { values } = kernelSpectrum(classicalKernels.outline);
 * values[32 * 64 + 32]; // 0: flat areas vanish
 * ```
 */
export function kernelSpectrum({ height, width, values }: ImageKernel, size = 64): Spectrum {
  if (powerOfTwo(size) !== size || size < Math.max(height, width))
    throw new ValueError({
      operation: "kernelSpectrum",
      what: "size",
      expected: `a power of two of at least ${Math.max(height, width)}`,
      got: size,
    });
  const places = values.map((_, i) => Math.floor(i / width) * size + (i % width));
  const z = transformOf([size, size], places, (pixel) => values[pixel]!);
  const half = size / 2;
  return {
    shape: [size, size],
    values: Float64Array.from({ length: size * size }, (_, i) => {
      const [y, x] = [(Math.floor(i / size) + half) % size, ((i % size) + half) % size];
      return Math.hypot(z.re[y * size + x]!, z.im[y * size + x]!);
    }),
  };
}
