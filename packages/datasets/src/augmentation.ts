import {
  anyOption,
  checkOptions,
  checkValue,
  functionOption,
  numberFrom,
  ShapeError,
  showShape,
  ValueError,
  wholeFrom,
  type Random,
  type Shape,
} from "@convlens/backend";
import { cos, sin } from "@convlens/backend/math";
import { floatsOf, isNumbers, mapNumbers, type Example, type Numbers } from "./example.ts";

/** A random change of images or signals. */
export interface Augmentation {
  /**
   * Returns a changed copy of the same shape. It must not change `values` itself, and must not be async.
   *
   * @param values - Of one example, scaled as in a batch.
   */
  (values: Float32Array, shape: Shape, random: Random): Float32Array;
  /**
   * Whether pixels move, as in a flip, so that a target of the same height and width, such as a mask, is changed like its image.
   * Default: false, and targets stay as they are.
   */
  readonly movesPixels?: boolean;
  /** The steps of a sequence of augmentations. */
  readonly steps?: readonly Augmentation[];
}

/** Marks an augmentation as one that moves pixels. */
const moving = (change: (values: Float32Array, shape: Shape, random: Random) => Float32Array): Augmentation =>
  Object.assign(change, { movesPixels: true });

/** Height, width and channels of an image; a map of labels `[height, width]` has one channel. */
function imageOf(name: string, shape: Shape): Image {
  if (shape.length === 2 || shape.length === 3) {
    const [height, width, channels = 1] = shape as readonly [number, number, number?];
    return { height, width, channels, isLabels: shape.length === 2 };
  }
  throw new ShapeError({ operation: name, expected: "images [height, width, channels]", got: shape });
}

interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Whether numbers are labels, of which there is no mean. */
  readonly isLabels: boolean;
}

/**
 * Image with each pixel taken from another position: interpolated, or of the nearest pixel in a map of labels. Outside of the
 * image there are zeros.
 */
function resampled(
  image: Float32Array,
  { height, width, channels, isLabels }: Image,
  from: (x: number, y: number) => readonly [number, number],
): Float32Array {
  const pixel = (x: number, y: number, c: number): number =>
    x >= 0 && x < width && y >= 0 && y < height ? image[(y * width + x) * channels + c]! : 0;
  const result = new Float32Array(image.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [atX, atY] = from(x, y).map(isLabels ? Math.round : Number) as [number, number];
      const [left, top] = [Math.floor(atX), Math.floor(atY)];
      const [right, below] = [atX - left, atY - top];
      for (let c = 0; c < channels; c++)
        result[(y * width + x) * channels + c] =
          (1 - below) * ((1 - right) * pixel(left, top, c) + right * pixel(left + 1, top, c)) +
          below * ((1 - right) * pixel(left, top + 1, c) + right * pixel(left + 1, top + 1, c));
    }
  return result;
}

/** Shifts images by up to `pixels` whole pixels in each direction, and fills with zeros. */
export function shift(pixels: number): Augmentation {
  checkValue("shift", "pixels", pixels, wholeFrom(0, 0xffff));
  return moving((example, shape, random) => {
    const size = imageOf("shift", shape);
    const [dx, dy] = [random.integer(2 * pixels + 1) - pixels, random.integer(2 * pixels + 1) - pixels];
    return resampled(example, size, (x, y) => [x - dx, y - dy]);
  });
}

/** Flips images from left to right, with probability 0.5. */
export const flipHorizontal = (): Augmentation =>
  moving((example, shape, random) => {
    const size = imageOf("flipHorizontal", shape);
    return random.next() < 0.5 ? example : resampled(example, size, (x, y) => [size.width - 1 - x, y]);
  });

/** Crops a random part of `height` × `width` pixels, and enlarges it to the size of the image. */
export function crop(options: { readonly height: number; readonly width: number }): Augmentation {
  checkOptions("crop", options, { height: anyOption, width: anyOption });
  const { height, width } = options;
  checkValue("crop", "height", height, wholeFrom(1));
  checkValue("crop", "width", width, wholeFrom(1));
  return moving((example, shape, random) => {
    const size = imageOf("crop", shape);
    if (!(height <= size.height && width <= size.width))
      throw new ValueError({
        operation: "crop",
        what: "the size",
        expected: `at most ${size.height} × ${size.width}, the size of the images`,
        got: [height, width],
        gotWords: `${height} × ${width}`,
      });
    const [top, left] = [(size.height - height) * random.next(), (size.width - width) * random.next()];
    // From corner to corner, so that no pixel outside of the part is read.
    const step = (part: number, whole: number): number => (whole > 1 ? (part - 1) / (whole - 1) : 0);
    return resampled(example, size, (x, y) => [
      left + x * step(width, size.width),
      top + y * step(height, size.height),
    ]);
  });
}

/** Rotates images about their center by up to `degrees` in either direction. */
export function rotate(degrees: number): Augmentation {
  checkValue("rotate", "degrees", degrees, numberFrom(0));
  return moving((example, shape, random) => {
    const size = imageOf("rotate", shape);
    const angle = ((2 * random.next() - 1) * degrees * Math.PI) / 180;
    const [c, s] = [cos(angle), sin(angle)];
    const [middleY, middleX] = [(size.height - 1) / 2, (size.width - 1) / 2];
    return resampled(example, size, (x, y) => [
      middleX + c * (x - middleX) + s * (y - middleY),
      middleY - s * (x - middleX) + c * (y - middleY),
    ]);
  });
}

/** Adds normal noise to images or signals. */
export function noise(deviation: number): Augmentation {
  checkValue("noise", "deviation", deviation, numberFrom(0));
  return (example, _, random) => {
    const added = random.normal(example.length, 0, deviation);
    return example.map((value, i) => value + added[i]!);
  };
}

/** Sets a random square of `pixels` × `pixels` to 0 (DeVries 2017); it may reach over the border. */
export function cutout(pixels: number): Augmentation {
  checkValue("cutout", "pixels", pixels, wholeFrom(0));
  return (example, shape, random) => {
    const { height, width, channels } = imageOf("cutout", shape);
    const [top, left] = [
      random.integer(height) - Math.floor(pixels / 2),
      random.integer(width) - Math.floor(pixels / 2),
    ];
    const result = example.slice();
    for (let y = Math.max(0, top); y < Math.min(height, top + pixels); y++)
      result.fill(
        0,
        (y * width + Math.max(0, left)) * channels,
        (y * width + Math.max(0, Math.min(width, left + pixels))) * channels,
      );
    return result;
  };
}

/** Applies several augmentations in order, each with its own random numbers. */
export function augment(...steps: readonly Augmentation[]): Augmentation {
  for (const step of steps) checkValue("augment", "step", step, functionOption);
  const change = (values: Float32Array, shape: Shape, random: Random): Float32Array =>
    steps.reduce((image, step, i) => step(image, shape, random.split(i)), values);
  return Object.assign(change, { movesPixels: steps.some(({ movesPixels }) => movesPixels), steps });
}

/** Only the steps of an augmentation that move pixels. */
function movingStepsOf(augmentation: Augmentation, values: Float32Array, shape: Shape, random: Random): Float32Array {
  const { steps, movesPixels } = augmentation;
  if (steps !== undefined)
    return steps.reduce((image, step, i) => movingStepsOf(step, image, shape, random.split(i)), values);
  return movesPixels ? augmentation(values, shape, random) : values;
}

/** @throws `ValueError` for an invalid result of an augmentation. */
function checkAugmented(got: unknown, size: number): Float32Array {
  if (got instanceof Float32Array && got.length === size) return got;
  const what =
    got instanceof Promise
      ? "a promise (the function must not be async)"
      : got instanceof Float32Array
        ? `${got.length} numbers`
        : got === null || got === undefined
          ? `${got}`
          : (got.constructor?.name ?? typeof got);
  throw new ValueError({
    operation: "augment",
    expected: `a Float32Array of ${size} numbers for each example`,
    got,
    gotWords: what,
  });
}

/**
 * Changes an example at random: its inputs (of several, those with two axes or more), and targets of the same height and width,
 * such as masks, by the steps that move pixels.
 *
 * @param random - Makes the random numbers of the example, the same at each call.
 * @throws `ValueError` for a target that is an image of another size, which the change cannot follow.
 */
export function applyAugmentation<Input, Target>(
  augmentation: Augmentation,
  example: Example<Input, Target>,
  random: () => Random,
): Example<Input, Target> {
  const isSingle = isNumbers(example.input);
  let size: Shape | undefined;
  const changed = (values: Float32Array, shape: Shape, by: typeof movingStepsOf): Numbers => ({
    values: checkAugmented(by(augmentation, values, shape, random()), values.length),
    shape,
  });
  const input = mapNumbers(example.input, (numbers) => {
    if (!isSingle && numbers.shape.length < 2) return numbers;
    size ??= numbers.shape;
    return changed(floatsOf(numbers), numbers.shape, (change, ...parts) => change(...parts));
  });
  const isFixed = !augmentation.movesPixels || size === undefined || size.length < 2;
  const target = mapNumbers(example.target, (numbers) => {
    if (isFixed || numbers.shape.length < 2) return numbers;
    if (numbers.shape[0] !== size?.[0] || numbers.shape[1] !== size?.[1])
      throw new ValueError({
        operation: "augment",
        what: "a target",
        expected: `of the height and width of its input ${showShape(size ?? [])}, as the augmentation moves pixels`,
        got: numbers.shape,
        fix: "change input and target together with map(data, …)",
      });
    return changed(floatsOf(numbers, "target"), numbers.shape, movingStepsOf);
  });
  return { ...example, input, target } as Example<Input, Target>;
}
