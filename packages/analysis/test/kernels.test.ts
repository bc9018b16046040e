import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { conv2d, full, tensor, useBackend, type Tensor } from "@convlens/tensor";
import {
  classicalKernels,
  composeKernels,
  convolve,
  convolveBy,
  filterImage,
  gaussianKernel,
  imageKernel,
  kernelSpectrum,
  type Border,
  type ConvolutionAlgorithm,
  type ImageKernel,
} from "../src/index.ts";
import { fourierTransform } from "../src/convolution/fourier.ts";
import { flipKernel } from "../src/convolution/imageKernels.ts";
import { some } from "./helpers.ts";

beforeEach(() => useBackend(reference({ precision: "float64" })));

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const close = (got: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void => {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - expected[i]!)).toBeLessThan(tolerance);
};
const kernels = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.nat())
  .map(([height, width, seed]): ImageKernel => ({
    height,
    width,
    values: [...some([height * width], seed).knownValues],
  }));

describe("the classical kernels", () => {
  it("have their published values", () => {
    const { box, blur, emboss, sharpen, outline, sobelBottom, laplacian } = classicalKernels;
    expect(box.values).toEqual(Array(9).fill(1 / 9));
    expect(blur.values.map((x) => 16 * x)).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1]);
    expect(emboss.values).toEqual([-2, -1, 0, -1, 1, 1, 0, 1, 2]);
    expect(sobelBottom.values).toEqual([-1, -2, -1, 0, 0, 0, 1, 2, 1]);
    expect([sharpen.values[4], outline.values[4], laplacian.values[4]]).toEqual([5, 8, -4]);
  });

  it("keep flat images, or make them zero", async () => {
    const flat = full([1, 6, 5, 2], 0.7);
    const one = new Set(["identity", "box", "blur", "sharpen", "emboss"]);
    for (const [name, kernel] of Object.entries(classicalKernels)) {
      const expected = one.has(name) ? 1 : 0;
      expect(sum(kernel.values)).toBeCloseTo(expected, 12);
      for (const border of ["reflect", "replicate", "wrap", "valid"] as const)
        for (const x of await filterImage(flat, kernel, { border }).data()) expect(x).toBeCloseTo(0.7 * expected, 12);
    }
  });

  it("of Sobel detect edges in four directions, each the opposite of another one flipped", () => {
    const { sobelTop, sobelBottom, sobelLeft, sobelRight } = classicalKernels;
    expect(flipKernel(sobelTop)).toEqual(sobelBottom);
    expect(flipKernel(sobelLeft)).toEqual(sobelRight);
  });

  it("a bell curve sums to 1, is the same in all directions, and is a product of two", () => {
    for (const deviation of [0.5, 1, 2.3]) {
      const { height, width, values } = gaussianKernel(deviation);
      expect([height, width]).toEqual([2 * Math.ceil(3 * deviation) + 1, height]);
      expect(sum(values)).toBeCloseTo(1, 12);
      const middle = Math.floor(height / 2);
      expect(values[middle * width + middle + 1]).toBeCloseTo(values[(middle + 1) * width + middle]!, 15);
      // One step from the centre the weight is e^(−1 / 2σ²) of the largest.
      expect(values[middle * width + middle + 1]! / values[middle * width + middle]!).toBeCloseTo(
        Math.exp(-1 / (2 * deviation ** 2)),
        12,
      );
    }
    expect(() => gaussianKernel(0)).toThrow("above 0");
    expect(() => gaussianKernel(1, 1.5)).toThrow("whole number");
    expect(() => imageKernel([[1, 2], [3]])).toThrow("one length");
  });
});

describe("filterImage", () => {
  it("finds an edge at its place: the published [−1, 1]", async () => {
    const step = tensor([0, 0, 1, 1, 1], [1, 1, 5, 1]);
    expect([...(await filterImage(step, imageKernel([[-1, 1]]), { border: "valid" }).data())]).toEqual([0, 1, 0, 0]);
  });

  it("keeps the size with every border except valid, and keeps channels separate", async () => {
    const image = some([2, 5, 6, 3]);
    for (const border of ["zero", "reflect", "replicate", "wrap"] satisfies Border[]) {
      const y = filterImage(
        image,
        imageKernel([
          [0, 0],
          [0, 1],
          [0, 0],
        ]),
        { border },
      );
      expect(y.shape).toEqual(image.shape);
      // A shift to the right by one.
      const [got, before] = [await y.data(), image.knownValues];
      expect(got[(2 * 6 + 1) * 3 + 2]).toBe(before[(2 * 6 + 2) * 3 + 2]);
    }
    expect(filterImage(image, classicalKernels.box, { border: "valid" }).shape).toEqual([2, 3, 4, 3]);
    expect(() => filterImage(tensor([1]), classicalKernels.box)).toThrow("[batch, height, width, channels]");
  });

  it("reads the requested values beyond the border", async () => {
    const row = tensor([1, 2, 3], [1, 1, 3, 1]);
    const left = imageKernel([[1, 0, 0]]);
    const first = async (border: Border): Promise<number> => (await filterImage(row, left, { border }).data())[0]!;
    expect(
      await Promise.all([first("zero"), first("reflect"), first("replicate"), first("wrap"), first("valid")]),
    ).toEqual([0, 2, 1, 3, 1]);
  });

  it("with flip is the mathematical convolution, and without it the correlation of neural nets", async () => {
    const impulse = tensor([0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 3, 3, 1]);
    const { emboss } = classicalKernels;
    const lopsided = { ...emboss, values: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
    // An impulse convolved with a kernel is the kernel.
    close(await filterImage(impulse, lopsided, { flip: true, border: "zero" }).data(), lopsided.values);
    close(await filterImage(impulse, lopsided, { border: "zero" }).data(), lopsided.values.toReversed());
  });
});

describe("composition", () => {
  it("gives one kernel that equals two applied in turn, in either order", async () => {
    const property = fc.asyncProperty(kernels, kernels, fc.boolean(), async (a, b, flip) => {
      const image = some([1, 9, 8, 2], 3);
      const options = { border: "valid", flip } as const;
      const both = await filterImage(filterImage(image, a, options), b, options).data();
      close(await filterImage(image, composeKernels(a, b), options).data(), both);
      close(await filterImage(image, composeKernels(b, a), options).data(), both);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it("is associative, and the identity changes nothing", () => {
    fc.assert(
      fc.property(kernels, kernels, kernels, (a, b, c) => {
        close(composeKernels(composeKernels(a, b), c).values, composeKernels(a, composeKernels(b, c)).values);
        expect(composeKernels(a, imageKernel([[1]]))).toEqual(a);
      }),
    );
  });

  it("of sequences gives the published sums of two throws, and triangles from boxes", () => {
    close(convolve([0.5, 0.3, 0.2], [0.1, 0.6, 0.3]), [0.05, 0.33, 0.35, 0.21, 0.06]);
    expect(convolve([1, 1, 1], [1, 1, 1])).toEqual([1, 2, 3, 2, 1]);
    expect(convolve([1, 2, 3], [0, 1, 0.5])).toEqual([0, 1, 2.5, 4, 1.5]);
    expect(convolve([], [1])).toEqual([]);
    // An echo.
    expect(convolve([3, 1, 4], [1, 0, 0.5])).toEqual([3, 1, 5.5, 0.5, 2]);
  });
});

describe("the Fourier transform", () => {
  it("equals its definition, and its inverse restores the kernel", () => {
    const shape = [4, 8] as const;
    const [re, im] = [some([32], 1).knownValues, some([32], 2).knownValues] as [Float64Array, Float64Array];
    const z = { re: re.slice(), im: im.slice() };
    fourierTransform(z, shape);
    for (const [u, v] of [
      [0, 0],
      [1, 3],
      [3, 7],
    ] as const) {
      let [x, y] = [0, 0];
      for (let i = 0; i < 32; i++) {
        const angle = -2 * Math.PI * ((u * Math.floor(i / 8)) / 4 + (v * (i % 8)) / 8);
        x += re[i]! * Math.cos(angle) - im[i]! * Math.sin(angle);
        y += re[i]! * Math.sin(angle) + im[i]! * Math.cos(angle);
      }
      expect(z.re[u * 8 + v]).toBeCloseTo(x, 12);
      expect(z.im[u * 8 + v]).toBeCloseTo(y, 12);
    }
    fourierTransform(z, shape, true);
    close(z.re, re);
    close(z.im, im);
  });

  it("of a blur passes low frequencies, that of an edge detector high ones, and that of the identity all", () => {
    const at = (kernel: ImageKernel, row: number, column: number): number =>
      kernelSpectrum(kernel, 32).values[row * 32 + column]!;
    expect(at(classicalKernels.blur, 16, 16)).toBeCloseTo(1, 12);
    expect(at(classicalKernels.blur, 0, 0)).toBeCloseTo(0, 12);
    expect(at(classicalKernels.outline, 16, 16)).toBeCloseTo(0, 12);
    // −1 at the eight neighbours and 8 in the middle: 8 + 1 + … for the wave that changes sign at every pixel of a row.
    expect(at(classicalKernels.outline, 16, 0)).toBeCloseTo(12, 12);
    for (const x of kernelSpectrum(classicalKernels.identity).values) expect(x).toBeCloseTo(1, 12);
    // A wave along the columns only is what Sobel's left and right see, and top and bottom do not.
    expect(at(classicalKernels.sobelLeft, 16, 8)).toBeGreaterThan(1);
    expect(at(classicalKernels.sobelTop, 16, 8)).toBeCloseTo(0, 12);
    expect(() => kernelSpectrum(gaussianKernel(1, 9), 8)).toThrow("a power of two of at least 9");
  });

  it("of composed kernels is the product of their transforms", () => {
    fc.assert(
      fc.property(kernels, kernels, (a, b) => {
        const [x, y, both] = [a, b, composeKernels(a, b)].map((kernel) => kernelSpectrum(kernel, 16).values);
        close(
          both!,
          x!.map((v, i) => v * y![i]!),
          1e-11,
        );
      }),
    );
  });
});

describe("a convolution", () => {
  const algorithms: readonly ConvolutionAlgorithm[] = ["sliding", "columns", "matrix", "fourier"];

  it("by four algorithms has the same result, for any geometry", async () => {
    const property = fc.asyncProperty(
      fc.record({
        stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })),
        dilation: fc.integer({ min: 1, max: 2 }),
        padding: fc.constantFrom("same" as const, 0, 1, [
          [0, 2],
          [1, 0],
        ] as const),
        groups: fc.constantFrom(1, 2),
      }),
      fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      async (options, [kh, kw]) => {
        const x = some([2, 7, 6, 4]);
        const filters = some([kh, kw, 4 / options.groups, 6], 2);
        const expected = await conv2d(x, filters, options).data();
        for (const algorithm of algorithms) {
          const { output } = await convolveBy(algorithm, x, filters, options);
          expect(output.shape).toEqual(conv2d(x, filters, options).shape);
          close(output.knownValues, expected, 1e-11);
        }
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it("agrees within 1e-5 in float32, too", async () => {
    useBackend(reference());
    const [x, filters] = [some([1, 12, 12, 3]), some([5, 5, 3, 4], 2)];
    const expected = (await convolveBy("sliding", x, filters, { padding: 2 })).output.knownValues;
    for (const algorithm of algorithms)
      close((await convolveBy(algorithm, x, filters, { padding: 2 })).output.knownValues, expected, 1e-5);
  });

  it("needs most multiply-adds as a matrix, and fewer by Fourier transform for large windows", async () => {
    const products = async (algorithm: ConvolutionAlgorithm, x: Tensor, filters: Tensor): Promise<number> =>
      (await convolveBy(algorithm, x, filters)).products;
    const [x, filters] = [some([1, 9, 9, 1]), some([3, 3, 1, 1])];
    expect(await products("sliding", x, filters)).toBe(49 * 9);
    expect(await products("columns", x, filters)).toBe(49 * 9);
    expect(await products("matrix", x, filters)).toBe(49 * 81);
    const [image, wide] = [some([1, 60, 60, 1]), some([29, 29, 1, 1])];
    expect(await products("fourier", image, wide)).toBeLessThan(await products("sliding", image, wide));
  });
});
