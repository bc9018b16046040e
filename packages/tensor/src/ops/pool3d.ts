import {
  booleanOption,
  checkCovers,
  pool2dGeometry,
  type AxisOptions,
  type OptionCheck,
  type OptionChecks,
} from "@convlens/backend";
import { operand, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { averagePool2d } from "./averagePool2d.ts";
import { reshape } from "./broadcast.ts";
import { maxPool2d, type Pool2dOptions } from "./maxPool2d.ts";
import { checkWindow } from "./options.ts";
import {
  splitTriple,
  splitWindow,
  tripleFrom,
  volumeChecks,
  volumeSizes,
  type Triple,
  type Window3dOptions,
} from "./threeDimensions.ts";

/** Options of pooling of a volume. */
export interface Pool3dOptions extends Window3dOptions {
  /** Depth, height and width of the window, which are also the default stride. */
  readonly kernelSize: Triple;
}

/** Options of {@link averagePool3d}. */
export interface AveragePool3dOptions extends Pool3dOptions {
  /** Whether the zeros of the padding count as elements, as in {@link averagePool2d}. Default: true. */
  readonly countPadding?: boolean | undefined;
}

const poolChecks = { ...volumeChecks, kernelSize: /* @__PURE__ */ tripleFrom(1) } as const;

/** Pools the planes of a volume, and then along its depth. */
function pooled<O extends Pool3dOptions>(
  operation: string,
  x: Operand,
  given: O,
  checks: OptionChecks<O> & { readonly kernelSize: OptionCheck },
  pool: (x: Tensor, options: Pool2dOptions) => Tensor,
): Tensor {
  checkWindow(operation, given, checks);
  const { kernelSize, stride = kernelSize, padding, dilation, geometry } = given;
  const volume = operand(x);
  const [n, d, h, w, c] = volumeSizes(operation, volume);
  const [window, planeWindow] = splitTriple(kernelSize);
  const { depth, alongDepth, plane } = splitWindow(operation, d, window, { stride, padding, dilation, geometry });
  checkCovers(operation, "depth", depth);
  const options = { ...plane, kernelSize: planeWindow };
  const { height, width } = pool2dGeometry([n * d, h, w, c], options, operation);
  const planes = pool(reshape(volume, [n * d, h, w, c]), options);
  const columns = pool(reshape(planes, [n, d, height.output * width.output, c]), onDepth(window, alongDepth));
  return reshape(columns, [n, depth.output, height.output, width.output, c]);
}

/** A window along the depth, which is the height of `[n, d, h · w, c]`. */
const onDepth = (window: number, { stride, padding, dilation, geometry }: AxisOptions): Pool2dOptions => ({
  kernelSize: [window, 1],
  stride: [stride, 1],
  dilation: [dilation, 1],
  padding: padding === "same" ? padding : [padding, [0, 0]],
  geometry,
});

/**
 * Maximum under each window of a volume, for each channel. See {@link maxPool2d}.
 *
 * @param x - `[n, d, h, w, c]`
 * @returns `[n, od, oh, ow, c]`
 * @throws `GeometryError` for a window that does not fit, or that covers padding only.
 *
 * @example
 * ```ts
 * maxPool3d(zeros([1, 16, 28, 28, 8]), { kernelSize: [1, 2, 2] }).shape; // [1, 16, 14, 14, 8]
 * ```
 */
export const maxPool3d = (x: Operand, options: Pool3dOptions): Tensor =>
  pooled("maxPool3d", x, options, poolChecks, maxPool2d);

/**
 * Mean under each window of a volume, for each channel. See {@link averagePool2d}.
 *
 * @param x - `[n, d, h, w, c]`
 * @returns `[n, od, oh, ow, c]`
 * @throws `GeometryError` for a window that does not fit, or that covers padding only.
 *
 * @example
 * ```ts
 * averagePool3d(zeros([1, 16, 28, 28, 8]), { kernelSize: 2 }).shape; // [1, 8, 14, 14, 8]
 * ```
 */
export const averagePool3d = (x: Operand, options: AveragePool3dOptions): Tensor =>
  pooled("averagePool3d", x, options, { ...poolChecks, countPadding: booleanOption }, (planes, window) =>
    averagePool2d(planes, { ...window, countPadding: options.countPadding }),
  );
