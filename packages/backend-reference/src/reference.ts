import { checkOptions, kernelBackend, oneOf, type Backend, type Values } from "@convlens/backend";
import { referenceKernels } from "./referenceKernels.ts";

/** Options of {@link reference}. */
export interface ReferenceOptions {
  /** Of the values between operations, and of those returned. Sums are always kept in float64. Default: `"float32"`. */
  readonly precision?: Backend["precision"];
}

/**
 * The backend that defines what every operation means: plain loops, sums in float64, the same bits in every JavaScript
 * engine. Slow beside a real one, fast enough for small nets, and exact enough (`precision: "float64"`) to check gradients.
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
  return kernelBackend<Values>(
    {
      name: precision === "float64" ? "reference (float64)" : "reference",
      precision,
      allocate: (length) => new Numbers(length),
      free: () => undefined,
      upload: (buffer, values) => buffer.set(values),
      download: (buffer) => buffer.slice(),
      copy: (from, to) => to.set(from),
      slice: (buffer, offset, length) => buffer.subarray(offset, offset + length),
      kernels: referenceKernels,
    },
    referenceKernels,
  );
}
