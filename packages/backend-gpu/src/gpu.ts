import { BackendError, booleanOption, checkOptions, oneOf } from "@convlens/backend";
import type { Device } from "./device.ts";
import { deviceFor } from "./findDevice.ts";
import { gpuBackend, type GpuBackend } from "./gpuBackend.ts";

/** Options of {@link gpu}. */
export interface GpuOptions {
  /** What is to run the kernels. Default: `"auto"`, WebGPU where there is an adapter, else WebGL 2. */
  readonly mode?: "auto" | "webgpu" | "webgl2";
  /** Whether a program that only stands in for a graphics processor will do: for tests, since it is slow. Default: false. */
  readonly allowSoftware?: boolean;
}

/**
 * Computes on the graphics processor of whoever opens the page, by gpu.js, which has to be installed beside this package. It
 * says what it runs on (`executor`, `renderer`, `isSoftware`), and never falls back to anything else.
 *
 * Kernels compute in float32, and are right to a few units of it. They may take what is not a number, or infinite, for any
 * number: browsers allow graphics processors that. A tensor has at most 2²⁴ numbers, fewer where textures are small. A page
 * with a content security policy needs nothing allowed for it.
 *
 * @throws BackendError where there is no graphics processor; it says what was looked for and what was found.
 * @throws UsageError where gpu.js is not installed.
 * @throws ValueError for an unknown option or a wrong value.
 *
 * @example
 * ```ts
 * useBackend(await gpu().catch(() => cpu())); // where there is no graphics processor, as in Node, on the main one
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
  throw new BackendError(
    `gpu: there is no graphics processor to compute on: ${reasons.join("; ")}; use backend-cpu, or allowSoftware: true to try things out`,
    { expected: mode === "auto" ? "WebGPU or WebGL 2" : mode, got: reasons, fix: "backend-cpu" },
  );
}

const of = (device: Device, executor: GpuBackend["executor"]): GpuBackend => ({
  ...gpuBackend(device),
  executor,
  renderer: device.renderer,
  isSoftware: device.isSoftware,
});
