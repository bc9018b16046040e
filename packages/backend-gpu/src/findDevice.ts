import { BackendError } from "@convlens/backend";
import { Device, type Executor } from "./device.ts";
import { contextOf, loadGpuJs, type GpuJsConstructor, type Handle, type WebGpuContext } from "./gpujs.ts";

/** Indices in kernels are float32, in which integers are exact up to this one. */
const LARGEST_INDEX = 2 ** 24;

/** A device, or the reason why there is none. */
type Found = { readonly device: Device } | { readonly missing: string };

/** The parts of WebGPU that are used here. */
interface WebGpu {
  requestAdapter(): Promise<Adapter | null>;
}
interface Adapter {
  readonly info?: {
    readonly vendor: string;
    readonly architecture: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly isFallbackAdapter?: boolean;
  readonly limits: { readonly maxStorageBufferBindingSize: number; readonly maxBufferSize: number };
}

/** Names of software renderers. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render|lavapipe/i;

/** The device of this page for each executor. There is one instance of gpu.js for each, since browsers limit contexts. */
const found = new Map<Executor, Promise<Found>>();

/** The device of this page for one executor. It is made at the first call, and again after it was lost. */
export async function deviceFor(executor: "webgpu" | "webgl2"): Promise<Found> {
  const known = found.get(executor);
  if (known !== undefined) {
    const before = await known;
    if ("device" in before && !before.device.isLost) return before;
    if (found.get(executor) !== known) return deviceFor(executor);
  }
  const looking = loadGpuJs().then(executor === "webgpu" ? findWebGpu : findWebGl2);
  found.set(executor, looking);
  // A failure is not cached: the next call may succeed, for example after a driver was restarted.
  looking.catch(() => found.delete(executor));
  return looking;
}

async function findWebGpu(Gpu: GpuJsConstructor): Promise<Found> {
  const webGpu = (globalThis.navigator as { gpu?: WebGpu } | undefined)?.gpu;
  if (webGpu === undefined) return { missing: "this browser has no WebGPU (navigator.gpu)" };
  const adapter = await webGpu.requestAdapter().catch(() => null);
  if (adapter === null) return { missing: "WebGPU has no adapter" };
  const { vendor = "", architecture = "", description = "", isFallbackAdapter } = adapter.info ?? {};
  const renderer = description || [vendor, architecture].filter(Boolean).join(" ") || "an unnamed adapter";
  const isSoftware =
    isFallbackAdapter === true || adapter.isFallbackAdapter === true || SOFTWARE.test(`${renderer} ${architecture}`);
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const limit = Math.min(LARGEST_INDEX, Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4));
  let context: WebGpuContext | undefined;
  let failure: string | undefined;
  const device = new Device({
    gpu: new Gpu({ mode: "webgpu" }),
    executor: "webgpu",
    renderer,
    isSoftware,
    limit,
    failure: () => (context?.isLost === true ? "the WebGPU device was lost" : failure),
  });
  context = contextOf(await tryOut(device));
  // WebGPU reports errors by this event only, and goes on with zeros.
  context?.device.addEventListener("uncapturederror", (event) => {
    failure = `WebGPU failed: ${(event as Event & { error?: Error }).error?.message ?? "for an unknown reason"}`;
  });
  return { device };
}

async function findWebGl2(Gpu: GpuJsConstructor): Promise<Found> {
  const canvas =
    typeof document === "undefined"
      ? typeof OffscreenCanvas === "undefined"
        ? undefined
        : new OffscreenCanvas(1, 1)
      : document.createElement("canvas");
  // Before TypeScript 7, which typedoc uses, the types of both canvases give any rendering context.
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion
  const gl = canvas?.getContext("webgl2", { alpha: false, depth: false, antialias: false }) as
    WebGL2RenderingContext | null | undefined;
  if (gl === undefined || gl === null) return { missing: "this browser has no WebGL 2" };
  if (gl.getExtension("EXT_color_buffer_float") === null)
    return { missing: "its WebGL 2 cannot render to float32 textures (EXT_color_buffer_float)" };
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL));
  const side = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE));
  let failure: string | undefined;
  const device = new Device({
    gpu: new Gpu({ context: gl, canvas }),
    executor: "webgl2",
    renderer,
    isSoftware: SOFTWARE.test(renderer),
    // Textures are almost square, a few texels wider than high.
    limit: Math.min(LARGEST_INDEX, (side - 4) ** 2),
    failure: () => {
      if (gl.isContextLost()) return "the WebGL context was lost";
      // Set only after results were read, when `getError` does not have to wait.
      return failure;
    },
    onRead: () => {
      if (gl.getError() === gl.OUT_OF_MEMORY) failure = "WebGL ran out of memory";
    },
  });
  await tryOut(device);
  return { device };
}

/** Runs a small kernel, to check that it runs on this executor and computes correctly. */
async function tryOut(device: Device): Promise<Handle> {
  const handle = await device.write(Float32Array.of(1, 2, 3));
  const values = await device.read(handle, 3);
  if (values.join() !== "1,2,3")
    throw new BackendError({
      operation: "gpu",
      what: `a test on ${device.renderer}`,
      expected: "1, 2, 3",
      got: [...values],
    });
  device.free(handle);
  return handle;
}
