import { BackendError, UsageError } from "@convlens/backend";

// The interface to gpu.js. All knowledge about it, and every cast, is in this file.

/** Values of gpu.js: a texture of WebGL, a buffer of WebGPU, or an array on its other executors. */
export type Handle = Texture | Float32Array;
interface Texture {
  readonly type: string;
  readonly context: unknown;
  delete(): void;
  /** Used on WebGPU only, where it does not block. */
  toArray(): Promise<Float32Array>;
}

/** A function that kernels may call. Its arguments and its result are numbers. */
export interface KernelFunction {
  readonly source: string;
  readonly settings: { readonly argumentTypes: readonly string[]; readonly returnType: string };
}

/** Settings of a kernel. */
interface KernelSettings {
  readonly output: readonly number[];
  readonly functions: readonly KernelFunction[];
  readonly pipeline: boolean;
  readonly immutable: boolean;
  readonly asyncMode: boolean;
}

/** A kernel of gpu.js, ready to run. */
export interface CompiledKernel {
  (...values: readonly (Handle | number)[]): Handle | Promise<Handle>;
  destroy(): void;
  /** Its implementation, which has a texture on WebGL, and a buffer on WebGPU. */
  readonly kernel: {
    readonly constructor: { readonly mode: string };
    readonly texture?: { texture: Counted } | null;
    outputBuffer?: (Counted & { destroy(): void }) | null;
  };
}
/** Memory of the graphics processor with its reference count. */
interface Counted {
  _refs: number;
}

/** An instance of gpu.js, with a context of its own. */
export interface GpuJs {
  createKernel(source: string, settings: KernelSettings & Record<string, unknown>): CompiledKernel;
  destroy(): Promise<void>;
}
/** The constructor of gpu.js. */
export type GpuJsConstructor = new (
  settings: { readonly mode: "webgpu" | "webasm" | "cpu" } | { readonly context: unknown; readonly canvas: unknown },
) => GpuJs;

/**
 * Loads gpu.js, which is a peer dependency, so that only users of this backend install it.
 *
 * @throws {@link UsageError} if it is not installed.
 */
export async function loadGpuJs(): Promise<GpuJsConstructor> {
  const own = Object.getOwnPropertyDescriptor(globalThis, "GPU");
  // Because of this `catch`, bundlers accept that gpu.js is absent.
  const loaded = (await import("gpu.js").catch((cause: unknown) => {
    throw new UsageError({
      operation: "gpu",
      problem: `the package gpu.js could not be loaded (${(cause as Error).message})`,
      fix: "install it beside @convlens/backend-gpu: npm install gpu.js@2",
      cause,
    });
  })) as unknown;
  // gpu.js overwrites the browser's global GPU.
  if (own !== undefined) Object.defineProperty(globalThis, "GPU", own);
  const constructor = [loaded, (loaded as { default?: unknown }).default].flatMap((each) => {
    const found = (each as { GPU?: unknown } | undefined)?.GPU ?? each;
    return typeof found === "function" ? [found as GpuJsConstructor] : [];
  })[0];
  if (constructor === undefined)
    throw new BackendError({
      operation: "gpu",
      problem: "the loaded package gpu.js exports no GPU",
      fix: "install gpu.js@2",
    });
  return constructor;
}

/** Settings for full precision: the defaults compile to low precision, and store results as bytes. */
const settings = { precision: "single", tactic: "precision" } as const;

/** Compiles a kernel whose result stays on the graphics processor. */
export const compileKernel = (
  gpu: GpuJs,
  source: string,
  length: number,
  functions: readonly KernelFunction[],
): CompiledKernel =>
  gpu.createKernel(source, {
    ...settings,
    output: [length],
    functions,
    pipeline: true,
    immutable: true,
    asyncMode: false,
  });

/** Compiles a kernel whose result is copied to the host, without blocking the page. */
export const compileReader = (gpu: GpuJs, source: string, length: number): CompiledKernel =>
  gpu.createKernel(source, {
    ...settings,
    output: [length],
    functions: [],
    pipeline: false,
    immutable: false,
    asyncMode: true,
  });

/** The executor of gpu.js that a kernel actually ran on. */
export function executorOf({ kernel }: CompiledKernel, result: Handle): string {
  if (result instanceof Float32Array) return kernel.constructor.mode;
  return result.type === "WebGPUBuffer" ? "webgpu" : "webgl";
}

/** The WebGPU device of a page. */
export interface WebGpuContext {
  readonly isLost: boolean;
  readonly device: EventTarget;
}

/** The WebGPU device of a result. */
export const contextOf = (result: Handle): WebGpuContext | undefined =>
  result instanceof Float32Array || result.type !== "WebGPUBuffer" ? undefined : (result.context as WebGpuContext);

const nobody: Counted = { _refs: Infinity };

/**
 * Drops a kernel's reference to its last result. Otherwise each kernel would keep the memory of a result until it runs again. If the
 * internals of gpu.js change, this does nothing.
 */
export function dropResult({ kernel }: CompiledKernel): void {
  const { texture, outputBuffer } = kernel;
  // gpu.js replaces memory with more than one reference before it writes to it.
  if (texture && texture.texture._refs > 1) {
    texture.texture._refs--;
    texture.texture = nobody;
  }
  if (outputBuffer && outputBuffer._refs > 1) {
    outputBuffer._refs--;
    kernel.outputBuffer = null;
  }
}
