import { fuseChains, kernelBackend, type Backend, type KernelsOf, type OwnOperationName } from "@convlens/backend";
import type { Device } from "./device.ts";
import { conv2dKernels } from "./kernels/conv2d.ts";
import { matmul } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { normalizeKernels } from "./kernels/normalize.ts";
import { pointwiseKernels } from "./kernels/pointwise.ts";
import { pool2dKernels } from "./kernels/pool2d.ts";
import { randomUniform } from "./kernels/random.ts";
import { reduceKernels } from "./kernels/reduce.ts";
import { resizeKernels } from "./kernels/resize.ts";
import { softmaxKernels } from "./kernels/softmax.ts";
import { Launcher, MOST_INPUTS, type Buffer } from "./launcher.ts";

/** A backend on a graphics processor. */
export interface GpuBackend extends Backend {
  /** Interface that runs the kernels. */
  readonly executor: "webgpu" | "webgl2";
  /** Name of the graphics processor, as the browser gives it. */
  readonly renderer: string;
  /** Whether it is a software renderer. */
  readonly isSoftware: boolean;
  /** Number of textures (WebGL) or buffers (WebGPU) in use. */
  textures(): number;
}

/**
 * Operations without a kernel: a reshape costs nothing, only a backend's own `join` writes the next two, and the last two are
 * chains of elementwise operations, which one kernel computes.
 */
type NoKernel = "reshape" | "conv2dGradients" | "result" | "softplus" | "sigmoidCrossEntropy";
/** A kernel for every operation of the contract. */
type WholeTable = KernelsOf<Buffer, Exclude<OwnOperationName, NoKernel>>;

/** Makes a backend of a device. */
export function gpuBackend(device: Device): Backend & Pick<GpuBackend, "textures"> {
  const gpu = new Launcher(device);
  const { executor, renderer } = device;
  const backend = kernelBackend<Buffer>({
    name: `gpu (${executor}, ${renderer})`,
    allocate: (length) => gpu.buffer(length),
    free: (buffer) => gpu.release(buffer),
    upload: (buffer, values) => gpu.upload(buffer, values),
    download: (buffer) => gpu.download(buffer),
    copy: (from, to) => gpu.share(from, to),
    release: (buffer) => gpu.release(buffer),
    memory: () => gpu.bytes,
    isHandle: true,
    mostInputs: MOST_INPUTS,
    join: (program) => fuseChains(program, { mostInputs: MOST_INPUTS, canSum: true }),
    kernels: {
      ...pointwiseKernels(gpu),
      ...reduceKernels(gpu),
      ...movementKernels(gpu),
      matmul: matmul(gpu),
      ...conv2dKernels(gpu),
      ...pool2dKernels(gpu),
      randomUniform: randomUniform(gpu),
      ...softmaxKernels(gpu),
      ...normalizeKernels(gpu),
      ...resizeKernels(gpu),
    } satisfies WholeTable,
  });
  return { ...backend, textures: () => gpu.textures };
}
