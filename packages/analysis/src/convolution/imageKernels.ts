import { checkValue, ValueError, wholeFrom } from "@convlens/backend";

/** A kernel for filtering images. */
export interface ImageKernel {
  readonly height: number;
  readonly width: number;
  /** Row-major. */
  readonly values: readonly number[];
}

/**
 * Makes a kernel from rows of numbers.
 *
 * @example
 * ```ts
 * imageKernel([[-1, 1]]); // the difference of neighbours
 * ```
 */
export function imageKernel(rows: readonly (readonly number[])[], divisor = 1): ImageKernel {
  const [first = []] = rows;
  if (first.length === 0 || rows.some((row) => row.length !== first.length))
    throw new ValueError({
      operation: "imageKernel",
      expected: "rows of numbers, all of one length",
      got: rows.map((row) => row.length),
      gotWords: rows.length === 0 ? "no rows" : `rows of ${rows.map((row) => row.length).join(", ")}`,
    });
  if (!Number.isFinite(divisor) || divisor === 0)
    throw new ValueError({ operation: "imageKernel", what: "divisor", expected: "finite and not 0", got: divisor });
  return { height: rows.length, width: first.length, values: rows.flat().map((x) => x / divisor) };
}

/** Makes the kernel whose rows are multiples of one row: a filter of the columns, then of the rows. */
function separable(column: readonly number[], row: readonly number[], divisor = 1): ImageKernel {
  const rows = column.map((a) => row.map((b) => a * b));
  return imageKernel(rows, divisor);
}

/**
 * Makes a Gaussian blur: e^(−(x² + y²) / 2σ²), normalized to the sum 1.
 *
 * @param deviation - σ, in pixels.
 * @param size - Default: 3σ to each side.
 *
 * @example
 * ```ts
 * gaussianKernel(1).height; // 7
 * ```
 */
export function gaussianKernel(deviation: number, size: number = 2 * Math.ceil(3 * deviation) + 1): ImageKernel {
  if (!(deviation > 0))
    throw new ValueError({ operation: "gaussianKernel", what: "deviation", expected: "above 0", got: deviation });
  checkValue("gaussianKernel", "size", size, wholeFrom(1));
  // exp((e² − d²) / 2σ²), where e is the smallest distance d from the middle: at least one weight is 1, however small σ is.
  const nearest = (size % 2 === 1 ? 0 : 0.5) ** 2;
  const row = Array.from({ length: size }, (_, i) => {
    const beyond = (i - (size - 1) / 2) ** 2 - nearest;
    return beyond === 0 ? 1 : Math.exp(-beyond / (2 * deviation ** 2));
  });
  const sum = row.flatMap((a) => row.map((b) => a * b)).reduce((a, b) => a + b, 0);
  return separable(row, row, sum);
}

/** The names of {@link classicalKernels}. */
export type ClassicalKernelName =
  | "identity"
  | "box"
  | "blur"
  | "sharpen"
  | "edgeEnhance"
  | "emboss"
  | "sobelTop"
  | "sobelBottom"
  | "sobelLeft"
  | "sobelRight"
  | "laplacian"
  | "outline";

/**
 * Classical 3 × 3 kernels. Those that blur or sharpen sum to 1 and preserve flat areas; those that detect edges sum to 0.
 *
 * @example
 * ```ts
 * for (const [name, kernel] of Object.entries(classicalKernels)) console.log(name, kernel.values);
 * ```
 */
export const classicalKernels: Readonly<Record<ClassicalKernelName, ImageKernel>> = {
  identity: /* @__PURE__ */ imageKernel([
    [0, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
  ]),
  box: /* @__PURE__ */ separable([1, 1, 1], [1, 1, 1], 9),
  /** Approximately Gaussian. */
  blur: /* @__PURE__ */ separable([1, 2, 1], [1, 2, 1], 16),
  /** The pixel plus its difference from its four neighbours. */
  sharpen: /* @__PURE__ */ imageKernel([
    [0, -1, 0],
    [-1, 5, -1],
    [0, -1, 0],
  ]),
  /** The difference from the pixel on the left. */
  edgeEnhance: /* @__PURE__ */ imageKernel([
    [0, 0, 0],
    [-1, 1, 0],
    [0, 0, 0],
  ]),
  /** A relief lit from the lower right. */
  emboss: /* @__PURE__ */ imageKernel([
    [-2, -1, 0],
    [-1, 1, 1],
    [0, 1, 2],
  ]),
  /** Bright above, dark below. */
  sobelTop: /* @__PURE__ */ separable([1, 0, -1], [1, 2, 1]),
  sobelBottom: /* @__PURE__ */ separable([-1, 0, 1], [1, 2, 1]),
  sobelLeft: /* @__PURE__ */ separable([1, 2, 1], [1, 0, -1]),
  sobelRight: /* @__PURE__ */ separable([1, 2, 1], [-1, 0, 1]),
  /** The sum of both second differences. */
  laplacian: /* @__PURE__ */ imageKernel([
    [0, 1, 0],
    [1, -4, 1],
    [0, 1, 0],
  ]),
  /** The negative Laplacian with all eight neighbours. */
  outline: /* @__PURE__ */ imageKernel([
    [-1, -1, -1],
    [-1, 8, -1],
    [-1, -1, -1],
  ]),
};

/** Rotates a kernel by 180°: correlation with one is convolution with the other. */
export const flipKernel = ({ height, width, values }: ImageKernel): ImageKernel => ({
  height,
  width,
  values: values.toReversed(),
});

/**
 * Composes two kernels: their convolution a ∗ b, of size `a + b − 1`, has the effect of both in turn, except at borders.
 *
 * @example
 * ```ts
 * composeKernels(imageKernel([[1, 1, 1]]), imageKernel([[1, 1, 1]])).values; // 1, 2, 3, 2, 1
 * ```
 */
export function composeKernels(a: ImageKernel, b: ImageKernel): ImageKernel {
  const [height, width] = [a.height + b.height - 1, a.width + b.width - 1];
  const values = Array.from({ length: height * width }, () => 0);
  a.values.forEach((x, i) =>
    b.values.forEach((y, k) => {
      const row = Math.floor(i / a.width) + Math.floor(k / b.width);
      values[row * width + (i % a.width) + (k % b.width)]! += x * y;
    }),
  );
  return { height, width, values };
}

/**
 * Convolves two sequences: (f ∗ g)(c) = Σ f(a) · g(c − a). If f and g are the distributions of two independent numbers, it is that
 * of their sum.
 *
 * @example
 * ```ts
 * convolve([0.5, 0.3, 0.2], [0.1, 0.6, 0.3]); // 0.05, 0.33, 0.35, 0.21, 0.06
 * ```
 */
export function convolve(f: readonly number[], g: readonly number[]): number[] {
  if (f.length === 0 || g.length === 0) return [];
  return [...composeKernels(imageKernel([f]), imageKernel([g])).values];
}
