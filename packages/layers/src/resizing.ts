import { ShapeError, type Pair, type ResizeMode } from "@convlens/backend";
import {
  countOption,
  pairFrom,
  reshape,
  resize,
  resizeChecks,
  type ResizeOptions,
  type Tensor,
} from "@convlens/tensor";
import { both } from "./convolutionLayer.ts";
import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

/** Options of {@link Upsample}. */
export interface UpsampleOptions extends Pick<ResizeOptions, "alignCorners"> {
  /** Factor by which maps grow, or `[vertical, horizontal]` of two. Default: 2. */
  readonly factor?: Pair | undefined;
  /** As of `resize`. Default: `"nearest"`, which repeats each pixel. */
  readonly mode?: ResizeMode | undefined;
}

/**
 * Resizes images to a fixed size, as `resize`: `[n, h, w, c] → [n, height, width, c]`.
 *
 * @example
 * ```ts
 * sequential([new Resize({ height: 32, width: 32 }), new Conv2d({ filters: 8, kernelSize: 3 })]);
 * ```
 */
export const Resize: FunctionLayerClass<ResizeOptions> = /* @__PURE__ */ functionLayer<ResizeOptions>(
  "Resize",
  resize,
  { height: countOption, width: countOption, ...resizeChecks },
  ["height", "width"],
);

function upsample(x: Tensor, { factor = 2, mode = "nearest", alignCorners }: UpsampleOptions): Tensor {
  if (x.rank !== 3 && x.rank !== 4)
    throw new ShapeError({
      expected: "maps [batch, height, width, channels] or [batch, length, channels]",
      got: x.shape,
    });
  const isSignal = x.rank === 3;
  const image = isSignal ? reshape(x, x.shape.toSpliced(1, 0, 1)) : x;
  const [, height, width] = image.shape as [number, number, number];
  const [vertical, horizontal] = both(factor);
  const y = resize(image, { height: isSignal ? 1 : height * vertical, width: width * horizontal, mode, alignCorners });
  return isSignal ? reshape(y, y.shape.toSpliced(1, 1)) : y;
}

/**
 * Enlarges maps by a whole factor: `[n, h, w, c] → [n, h · factor, w · factor, c]`, signals `[n, l, c] → [n, l · factor, c]`.
 *
 * @throws `ShapeError` for an input that is neither images nor signals.
 *
 * @example
 * ```ts
 * sequential([new Upsample({ factor: 2 }), new Conv2d({ filters: 8, kernelSize: 3, padding: "same" })]);
 * ```
 */
export const Upsample: FunctionLayerClass<UpsampleOptions> = /* @__PURE__ */ functionLayer<UpsampleOptions>(
  "Upsample",
  upsample,
  { factor: /* @__PURE__ */ pairFrom(1), ...resizeChecks },
);
