import { Device } from "../src/device.ts";
import { loadGpuJs } from "../src/gpujs.ts";

/** A device of gpu.js's executors without a graphics processor, which run the same kernels in Node. */
export async function hostDevice(executor: "webasm" | "cpu"): Promise<Device> {
  const Gpu = await loadGpuJs();
  return new Device({
    gpu: new Gpu({ mode: executor }),
    executor,
    renderer: executor,
    isSoftware: true,
    limit: 2 ** 24,
  });
}
