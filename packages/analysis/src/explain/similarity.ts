import { checkOptions, booleanOption, numberAbove, ShapeError } from "@convlens/backend";

/** An image with one number per pixel. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  /** Row by row. */
  readonly values: ArrayLike<number>;
}

const DEVIATION = 1.5;
const RADIUS = 5;
// exp(−d² / 2σ²)
const window = /* @__PURE__ */ Float64Array.from({ length: 2 * RADIUS + 1 }, (_, i) =>
  Math.exp(-((i - RADIUS) ** 2) / (2 * DEVIATION * DEVIATION)),
);

/** Returns the mean around each pixel under a Gaussian window, which is cut off at the edge. */
function blurred(values: ArrayLike<number>, height: number, width: number): Float64Array {
  const pass = (from: ArrayLike<number>, length: number, step: number, lines: number, jump: number): Float64Array => {
    const to = new Float64Array(height * width);
    for (let line = 0; line < lines; line++)
      for (let i = 0; i < length; i++) {
        let [sum, weights] = [0, 0];
        for (let k = Math.max(0, i - RADIUS); k <= Math.min(length - 1, i + RADIUS); k++) {
          const weight = window[k - i + RADIUS]!;
          sum += weight * from[line * jump + k * step]!;
          weights += weight;
        }
        to[line * jump + i * step] = sum / weights;
      }
    return to;
  };
  return pass(pass(values, width, 1, height, width), height, width, width, 1);
}

/** Options of {@link structuralSimilarity}. */
export interface SimilarityOptions {
  /** Difference between the largest and the smallest possible value. Default: 1. */
  readonly range?: number;
  /** Whether to leave out pixels that are 0 in both images. Default: false. */
  readonly onlyShown?: boolean;
}

/**
 * Returns the structural similarity of two images (Wang et al. 2004): 1 for equal images, about 0 for unrelated ones, negative for
 * inverted ones. It is the mean over all pixels, with a Gaussian window of standard deviation 1.5.
 *
 * @example
 * ```ts
 * const picture = { height: 2, width: 2, values: [0, 1, 1, 0] };
 * structuralSimilarity(picture, picture); // 1
 * structuralSimilarity(picture, { ...picture, values: [1, 0, 0, 1] }); // below 0
 * ```
 */
export function structuralSimilarity(a: Picture, b: Picture, options: SimilarityOptions = {}): number {
  checkOptions("structuralSimilarity", options, { range: numberAbove(0), onlyShown: booleanOption });
  const { range = 1, onlyShown = false } = options;
  const { height, width } = a;
  if (b.height !== height || b.width !== width)
    throw new ShapeError({
      operation: "structuralSimilarity",
      what: "the second picture",
      expected: `${height} × ${width}, the size of the first`,
      got: [b.height, b.width],
      gotWords: `${b.height} × ${b.width}`,
    });
  const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2];
  const [x, y] = [Float64Array.from(a.values), Float64Array.from(b.values)];
  const mean = (values: Float64Array): Float64Array => blurred(values, height, width);
  const [meanX, meanY] = [mean(x), mean(y)];
  const [squareX, squareY] = [mean(x.map((value) => value ** 2)), mean(y.map((value) => value ** 2))];
  const product = mean(x.map((value, i) => value * y[i]!));
  let [total, pixels] = [0, 0];
  for (let i = 0; i < height * width; i++) {
    if (onlyShown && x[i] === 0 && y[i] === 0) continue;
    const [mx, my] = [meanX[i]!, meanY[i]!];
    const [varianceX, varianceY, covariance] = [squareX[i]! - mx * mx, squareY[i]! - my * my, product[i]! - mx * my];
    // (2 µxµy + c1)(2 σxy + c2) / ((µx² + µy² + c1)(σx² + σy² + c2))
    total += ((2 * mx * my + c1) * (2 * covariance + c2)) / ((mx * mx + my * my + c1) * (varianceX + varianceY + c2));
    pixels++;
  }
  return pixels === 0 ? 1 : total / pixels;
}
