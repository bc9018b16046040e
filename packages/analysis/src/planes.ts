import { ShapeError, showShape, type Shape } from "@convlens/backend";

/** Images, or signals as images of height 1: all sizes of `[n, h, w, c]` or `[n, l, c]`. */
export interface Planes {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The sizes of images or signals, or an error that says who wanted them. */
export function planesOf(shape: Shape, operation: string): Planes {
  if (shape.includes(0))
    throw new ShapeError(
      `${operation}: expected at least one example with at least one pixel, got ${showShape(shape)}`,
      {
        operation,
        expected: "no axis of length 0",
        got: shape,
      },
    );
  if (shape.length === 4) {
    const [count, height, width, channels] = shape as readonly [number, number, number, number];
    return { count, height, width, channels };
  }
  if (shape.length === 3) {
    const [count, width, channels] = shape as readonly [number, number, number];
    return { count, height: 1, width, channels };
  }
  throw new ShapeError(
    `${operation}: expected images [batch, height, width, channels] or signals [batch, length, channels], got ${showShape(shape)}`,
    { operation, axis: "rank", expected: "[batch, height, width, channels]", got: shape },
  );
}
