import {
  anyOption,
  checkOptions,
  checkValue,
  functionOption,
  numberFrom,
  ShapeError,
  ValueError,
  wholeFrom,
  type Random,
  type Shape,
} from "@convlens/backend";
import { cos, sin } from "@convlens/backend/math";

/**
 * Returns a changed copy of an example, of the same class and shape. It must not change the example itself, and must not be
 * async.
 */
export type Augmentation = (example: Float32Array, shape: Shape, random: Random) => Float32Array;

/** Height, width and channels of an image. */
function imageOf(name: string, shape: Shape): [height: number, width: number, channels: number] {
  if (shape.length === 3) return shape as unknown as [number, number, number];
  throw new ShapeError({ operation: name, expected: "images [height, width, channels]", got: shape });
}

/** Image with each pixel interpolated at another position; outside of the image there are zeros. */
function resampled(
  image: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  from: (x: number, y: number) => readonly [number, number],
): Float32Array {
  const pixel = (x: number, y: number, c: number): number =>
    x >= 0 && x < width && y >= 0 && y < height ? image[(y * width + x) * channels + c]! : 0;
  const result = new Float32Array(image.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [atX, atY] = from(x, y);
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
  return (example, shape, random) => {
    const size = imageOf("shift", shape);
    const [dx, dy] = [random.integer(2 * pixels + 1) - pixels, random.integer(2 * pixels + 1) - pixels];
    return resampled(example, size, (x, y) => [x - dx, y - dy]);
  };
}

/** Flips images from left to right, with probability 0.5. */
export const flipHorizontal = (): Augmentation => (example, shape, random) => {
  const size = imageOf("flipHorizontal", shape);
  return random.next() < 0.5 ? example : resampled(example, size, (x, y) => [size[1] - 1 - x, y]);
};

/** Crops a random part of `height` × `width` pixels, and enlarges it to the size of the image. */
export function crop(options: { readonly height: number; readonly width: number }): Augmentation {
  checkOptions("crop", options, { height: anyOption, width: anyOption });
  const { height, width } = options;
  checkValue("crop", "height", height, wholeFrom(1));
  checkValue("crop", "width", width, wholeFrom(1));
  return (example, shape, random) => {
    const size = imageOf("crop", shape);
    if (!(height <= size[0] && width <= size[1]))
      throw new ValueError({
        operation: "crop",
        what: "the size",
        expected: `at most ${size[0]} × ${size[1]}, the size of the images`,
        got: [height, width],
        gotWords: `${height} × ${width}`,
      });
    const [top, left] = [(size[0] - height) * random.next(), (size[1] - width) * random.next()];
    // From corner to corner, so that no pixel outside of the part is read.
    const step = (part: number, whole: number): number => (whole > 1 ? (part - 1) / (whole - 1) : 0);
    return resampled(example, size, (x, y) => [left + x * step(width, size[1]), top + y * step(height, size[0])]);
  };
}

/** Rotates images about their center by up to `degrees` in either direction. */
export function rotate(degrees: number): Augmentation {
  checkValue("rotate", "degrees", degrees, numberFrom(0));
  return (example, shape, random) => {
    const size = imageOf("rotate", shape);
    const angle = ((2 * random.next() - 1) * degrees * Math.PI) / 180;
    const [c, s] = [cos(angle), sin(angle)];
    const [middleY, middleX] = [(size[0] - 1) / 2, (size[1] - 1) / 2];
    return resampled(example, size, (x, y) => [
      middleX + c * (x - middleX) + s * (y - middleY),
      middleY - s * (x - middleX) + c * (y - middleY),
    ]);
  };
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
    const [height, width, channels] = imageOf("cutout", shape);
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
  return (example, shape, random) => steps.reduce((image, step, i) => step(image, shape, random.split(i)), example);
}
