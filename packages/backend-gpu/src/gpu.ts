import { BackendError, booleanOption, checkOptions, oneOf } from "@convlens/backend";
import type { Device } from "./device.ts";
import { deviceFor } from "./findDevice.ts";
import { gpuBackend, type GpuBackend } from "./gpuBackend.ts";

/** Options of {@link gpu}. */
export interface GpuOptions {
  /** Graphics interface. Default: `"auto"`, which is WebGPU if there is an adapter, else WebGL 2. */
  readonly mode?: "auto" | "webgpu" | "webgl2";
  /** Whether to accept a software renderer. They are slow, and useful for tests only. Default: false. */
  readonly allowSoftware?: boolean;
}

/**
 * Makes a backend that computes on the graphics processor of the user's machine, by gpu.js, which must be installed beside this
 * package. The backend states what it runs on (`executor`, `renderer`, `isSoftware`), and never falls back to anything else.
 *
 * Kernels compute in float32, with errors of a few units in the last place. NaN and infinity may become any number, since browsers
 * allow that. A tensor has at most 2²⁴ elements, or fewer if textures are small. It needs no exception in a Content-Security-Policy.
 *
 * @throws BackendError if there is no graphics processor; it lists what was tried and found.
 * @throws UsageError if gpu.js is not installed.
 * @throws ValueError for an unknown option or a wrong value.
 *
 * @example
 * ```ts
 * useBackend(await gpu().catch(() => cpu())); // on the CPU if there is no graphics processor, as in Node
 * ```
 */
export async function gpu(options: GpuOptions = {}): Promise<GpuBackend> {
  checkOptions("gpu", options, { mode: oneOf("auto", "webgpu", "webgl2"), allowSoftware: booleanOption });
  const { mode = "auto", allowSoftware = false } = options;
  const reasons: string[] = [];
  let software: GpuBackend | undefined;
  for (const executor of mode === "auto" ? (["webgpu", "webgl2"] as const) : [mode]) {
    const found = await deviceFor(executor);
    if ("missing" in found) reasons.push(found.missing);
    else if (!found.device.isSoftware) return of(found.device, executor);
    else {
      software ??= of(found.device, executor);
      reasons.push(`${executor} runs on ${found.device.renderer}, which is software`);
    }
  }
  if (software !== undefined && allowSoftware) return software;
  throw new BackendError({
    operation: "gpu",
    problem: `there is no graphics processor to compute on: ${reasons.join("; ")}`,
    got: reasons,
    fix: "use backend-cpu, or allowSoftware: true for tests",
  });
}

const of = (device: Device, executor: GpuBackend["executor"]): GpuBackend => ({
  ...gpuBackend(device),
  executor,
  renderer: device.renderer,
  isSoftware: device.isSoftware,
});
