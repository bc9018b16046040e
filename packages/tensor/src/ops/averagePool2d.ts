import {
  booleanOption,
  numberFrom,
  pool2dGeometry,
  poolInputShape,
  poolOutputShape,
  type Pool2dGeometry,
  type Sliding,
} from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastTo } from "./broadcast.ts";
import { absolute, divide, equal, multiply, power, sign, where } from "./elementwise.ts";
import type { Pool2dOptions } from "./maxPool2d.ts";
import { checkWindow, poolChecks } from "./options.ts";

const sumOperation: Operation<"sumPool2d"> = {
  name: "sumPool2d",
  shape: (_, { geometry }) => poolOutputShape(geometry),
  gradient: (dy, { attributes }) => [record(spreadOperation, [dy], attributes)],
};
const spreadOperation: Operation<"sumPool2dGradient"> = {
  name: "sumPool2dGradient",
  shape: (_, { geometry }) => poolInputShape(geometry),
  gradient: (v, { attributes }) => [record(sumOperation, [v], attributes)],
};
const sumPool2d = (x: Tensor, geometry: Pool2dGeometry): Tensor => record(sumOperation, [x], { geometry });

/** The same windows over one image of one channel. */
const planeOf = (geometry: Pool2dGeometry): Pool2dGeometry => ({ ...geometry, batch: 1, channels: 1 });

/** The same windows over an image that includes its padding, up to `after` elements at the end. */
const withPadding = (s: Sliding, after: number): Sliding => ({
  ...s,
  input: s.before + s.input + after,
  before: 0,
  after: s.after - after,
});

/** Options of {@link averagePool2d}. */
export interface AveragePool2dOptions extends Pool2dOptions {
  /**
   * Whether the zeros of the padding count as pixels. What a window of `geometry: "ceil"` covers beyond the padding never does.
   * Default: true.
   */
  readonly countPadding?: boolean | undefined;
}

/**
 * Mean of the elements under each window, for each channel.
 *
 * @param x - `[n, h, w, c]`
 * @returns `[n, oh, ow, c]`
 * @throws `GeometryError` for a window that does not fit, or that covers padding only, as in {@link maxPool2d}.
 */
export function averagePool2d(x: Operand, given: AveragePool2dOptions): Tensor {
  checkWindow("averagePool2d", given, { ...poolChecks, countPadding: booleanOption });
  const { countPadding = true, ...options } = given;
  const from = operand(x);
  const geometry = pool2dGeometry(from.shape, options, "averagePool2d");
  const total = sumPool2d(from, geometry);
  const { height, width } = geometry;
  if (countPadding && options.geometry !== "ceil") return divide(total, height.window * width.window);
  const asked = pool2dGeometry(from.shape, { ...options, geometry: "floor" }, "averagePool2d");
  const plane = planeOf(
    countPadding
      ? { ...geometry, height: withPadding(height, asked.height.after), width: withPadding(width, asked.width.after) }
      : geometry,
  );
  return divide(total, sumPool2d(broadcastTo(1, poolInputShape(plane)), plane));
}

/** Options of {@link lpPool2d}. */
export interface LpPool2dOptions extends Pool2dOptions {
  /** Exponent p: 1 for the sum of magnitudes, 2 for the Euclidean norm. Default: 2. */
  readonly p?: number | undefined;
}

const lpOperation: Operation<"lpPool2d"> = {
  name: "lpPool2d",
  shape: (_, { geometry }) => poolOutputShape(geometry),
  lower: ([x], { geometry, p }) => power(sumPool2d(power(absolute(x), p), geometry), 1 / p),
  gradient: (dy, y) => [record(lpGradient, [dy, y.inputs[0], y], y.attributes)],
};
// dy/dx = sign(x) · (|x| / y)^(p − 1), and 0 where the whole window is 0.
const lpGradient: Operation<"lpPool2dGradient"> = {
  name: "lpPool2dGradient",
  shape: (_, { geometry }) => poolInputShape(geometry),
  lower: ([dy, x, y], { geometry, p }) => {
    const share = where(equal(y, 0), 0, divide(dy, power(y, p - 1)));
    // For p = 2 the factor is x, which also has a gradient at 0.
    const factor = p === 2 ? x : multiply(sign(x), power(absolute(x), p - 1));
    const dx = multiply(factor, record(spreadOperation, [share], { geometry }));
    // An element that no window covers has the gradient 0, also where it is not finite.
    const plane = planeOf(geometry);
    return where(record(spreadOperation, [broadcastTo(1, poolOutputShape(plane))], { geometry: plane }), dx, 0);
  },
};

const lpPool = (x: Tensor, geometry: Pool2dGeometry, p: number): Tensor => record(lpOperation, [x], { geometry, p });

/**
 * p-norm of the elements under each window, `(Σ |x|^p)^(1/p)`, for each channel.
 *
 * @param x - `[n, h, w, c]`
 * @returns `[n, oh, ow, c]`
 * @throws `GeometryError` for a window that does not fit, or that covers padding only, as in {@link maxPool2d}.
 */
export function lpPool2d(x: Operand, given: LpPool2dOptions): Tensor {
  checkWindow("lpPool2d", given, { ...poolChecks, p: numberFrom(1) });
  const { p = 2, ...options } = given;
  const from = operand(x);
  return lpPool(from, pool2dGeometry(from.shape, options, "lpPool2d"), p);
}
