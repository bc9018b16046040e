import { ShapeError, type Shape } from "@convlens/backend";

/** The sizes of images `[n, h, w, c]`, or of signals `[n, l, c]` as images of height 1. */
export interface Planes {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Returns the sizes of images or signals, or throws an error that names the operation. */
export function planesOf(shape: Shape, operation: string): Planes {
  if (shape.includes(0))
    throw new ShapeError({ operation, expected: "at least one example with at least one pixel", got: shape });
  if (shape.length === 4) {
    const [count, height, width, channels] = shape as readonly [number, number, number, number];
    return { count, height, width, channels };
  }
  if (shape.length === 3) {
    const [count, width, channels] = shape as readonly [number, number, number];
    return { count, height: 1, width, channels };
  }
  throw new ShapeError({
    operation,
    expected: "images [batch, height, width, channels] or signals [batch, length, channels]",
    got: shape,
  });
}
