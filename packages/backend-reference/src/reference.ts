import { type Backend, checkOptions, kernelBackend, makeNumbers, oneOf, type Values } from "@convlens/backend";
import { kernelsWithoutProducts } from "./referenceKernels.ts";
import { tiledConv2dKernels } from "./tiled/conv2d.ts";
import { tiledMatmul } from "./tiled/matmul.ts";

/** Options of {@link reference}. */
export interface ReferenceOptions {
  /** Precision of intermediate values and results. Sums are always computed in float64. Default: `"float32"`. */
  readonly precision?: Backend["precision"];
}

/**
 * Makes the backend that other backends are compared with: sums in float64, and the same bits in every JavaScript engine. It
 * runs the kernels of `referenceKernels`, but computes convolutions and matrix products in tiles. It is fast enough for small nets, and
 * with `precision: "float64"` accurate enough to check gradients.
 *
 * @throws `ValueError` for an unknown option or a wrong value.
 *
 * @example
 * ```ts
 * useBackend(reference());
 * await evaluate(add(tensor([1, 2]), 1)); // [Float32Array [2, 3]]
 * ```
 */
export function reference(options: ReferenceOptions = {}): Backend {
  checkOptions("reference", options, { precision: oneOf("float32", "float64") });
  const { precision = "float32" } = options;
  const Numbers = precision === "float64" ? Float64Array : Float32Array;
  return kernelBackend<Values>({
    name: precision === "float64" ? "reference (float64)" : "reference",
    precision,
    allocate: (length) => makeNumbers("the memory of a program", [length], (size) => new Numbers(size)),
    free: () => undefined,
    upload: (buffer, values) => buffer.set(values),
    download: (buffer) => buffer.slice(),
    copy: (from, to) => to.set(from),
    slice: (buffer, offset, length) => buffer.subarray(offset, offset + length),
    // Sums of many products are several times as fast in tiles.
    kernels: { ...kernelsWithoutProducts, ...tiledConv2dKernels, matmul: tiledMatmul },
  });
}
