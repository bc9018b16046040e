import { checkOptions, conv2dGeometry } from "@convlens/backend";
import { operand, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./broadcast.ts";
import { conv2d } from "./conv2d.ts";
import { concat, part, transpose } from "./movement.ts";
import { countOption } from "./options.ts";
import { pad } from "./pad.ts";
import { splitWindow, volumeChecks, volumeSizes, type Window3dOptions } from "./threeDimensions.ts";

/** Options of {@link conv3d}. */
export interface Conv3dOptions extends Window3dOptions {
  /** Number of groups that channels and filters are divided into. Default: 1. */
  readonly groups?: number | undefined;
}

/**
 * Convolution of volumes, such as scans and videos: {@link conv2d} with filters that also slide along the depth. It is recorded
 * as one convolution of images whose channels are those of all planes under the filter, which takes `kd` times the memory of
 * the input.
 *
 * @param x - `[n, d, h, w, c]`
 * @param filters - `[kd, kh, kw, c / groups, f]`
 * @returns `[n, od, oh, ow, f]`
 * @throws `ShapeError` for wrong ranks or channels, `GeometryError` for a window that does not fit.
 *
 * @example
 * ```ts
 * conv3d(zeros([2, 16, 28, 28, 1]), zeros([3, 3, 3, 1, 8]), { padding: "same" }).shape; // [2, 16, 28, 28, 8]
 * ```
 */
export function conv3d(x: Operand, filters: Operand, options: Conv3dOptions = {}): Tensor {
  checkOptions("conv3d", options, { ...volumeChecks, groups: countOption });
  const [volume, weights] = [operand(x), operand(filters)];
  const { groups = 1, ...window } = options;
  const [n, d, h, w, c] = volumeSizes("conv3d", volume);
  const [kd, kh, kw, own, f] = volumeSizes("conv3d", weights, "filters [depth, height, width, channels, filters]");
  const { depth, plane } = splitWindow("conv3d", d, kd, window);
  const { height, width } = conv2dGeometry([n, h, w, c], [kh, kw, own, f], { ...plane, groups }, "conv3d");
  const padded = pad(volume, [
    [0, 0],
    [depth.before, depth.after],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  // The planes under each tap of the depth, with the channels of a group side by side for all taps.
  const planes = Array.from({ length: kd }, (_, tap) =>
    reshape(part(padded, 1, tap * depth.dilation, depth.output, depth.stride), [n * depth.output, h, w, groups, own]),
  );
  const images = reshape(concat(planes, 4), [n * depth.output, h, w, kd * c]);
  const flat = reshape(transpose(weights, [1, 2, 0, 3, 4]), [kh, kw, kd * own, f]);
  const y = conv2d(images, flat, { ...plane, groups });
  return reshape(y, [n, depth.output, height.output, width.output, f]);
}
