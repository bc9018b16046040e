import { BackendError, UsageError } from "@convlens/backend";

// The border to gpu.js: all that is known about it, and every cast, is in this file.

/** Where numbers are kept by gpu.js: a texture of WebGL, a buffer of WebGPU, or, on its executors without either, an array. */
export type Handle = Texture | Float32Array;
interface Texture {
  readonly type: string;
  readonly context: unknown;
  delete(): void;
  /** Only of WebGPU's is it used: it waits there. */
  toArray(): Promise<Float32Array>;
}

/** A function that kernels may call, all of whose arguments and results are numbers. */
export interface KernelFunction {
  readonly source: string;
  readonly settings: { readonly argumentTypes: readonly string[]; readonly returnType: string };
}

/** How gpu.js is to run a kernel. */
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
  /** What stands behind it, of which WebGL's and WebGPU's have each one of these. */
  readonly kernel: {
    readonly constructor: { readonly mode: string };
    readonly texture?: { texture: Counted } | null;
    outputBuffer?: (Counted & { destroy(): void }) | null;
  };
}
/** Memory of the graphics processor, with the number of those that hold it. */
interface Counted {
  _refs: number;
}

/** One instance of gpu.js: one context of WebGL. */
export interface GpuJs {
  createKernel(source: string, settings: KernelSettings & Record<string, unknown>): CompiledKernel;
  destroy(): Promise<void>;
}
/** Its constructor. */
export type GpuJsConstructor = new (
  settings: { readonly mode: "webgpu" | "webasm" | "cpu" } | { readonly context: unknown; readonly canvas: unknown },
) => GpuJs;

/**
 * Loads gpu.js, which is a peer dependency: who does not use this backend need not install it.
 *
 * @throws {@link UsageError} where it is not installed.
 */
export async function loadGpuJs(): Promise<GpuJsConstructor> {
  const own = Object.getOwnPropertyDescriptor(globalThis, "GPU");
  // A bundler that meets this `catch` lets gpu.js be absent.
  const loaded = (await import("gpu.js").catch((cause: unknown) => {
    throw new UsageError(
      `gpu: the package gpu.js could not be loaded (${(cause as Error).message}); install it beside @convlens/backend-gpu: npm install gpu.js@2`,
      { fix: "npm install gpu.js@2", cause },
    );
  })) as unknown;
  // gpu.js puts itself in the place of what browsers call GPU.
  if (own !== undefined) Object.defineProperty(globalThis, "GPU", own);
  const constructor = [loaded, (loaded as { default?: unknown }).default].flatMap((each) => {
    const found = (each as { GPU?: unknown } | undefined)?.GPU ?? each;
    return typeof found === "function" ? [found as GpuJsConstructor] : [];
  })[0];
  if (constructor === undefined)
    throw new BackendError("gpu: what was loaded as gpu.js exports no GPU; install gpu.js@2", {
      fix: "npm install gpu.js@2",
    });
  return constructor;
}

/** Settings that give right numbers: the defaults compile to low precision, and lose gradients in bytes. */
const settings = { precision: "single", tactic: "precision" } as const;

/** Compiles a kernel whose result stays where it is. */
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

/** Compiles a kernel whose result comes to the host, without the page standing still meanwhile. */
export const compileReader = (gpu: GpuJs, source: string, length: number): CompiledKernel =>
  gpu.createKernel(source, {
    ...settings,
    output: [length],
    functions: [],
    pipeline: false,
    immutable: false,
    asyncMode: true,
  });

/** Which executor of gpu.js a kernel really runs on. */
export function executorOf({ kernel }: CompiledKernel, result: Handle): string {
  if (result instanceof Float32Array) return kernel.constructor.mode;
  return result.type === "WebGPUBuffer" ? "webgpu" : "webgl";
}

/** What stands behind all results on WebGPU: one device for a page. */
export interface WebGpuContext {
  readonly isLost: boolean;
  readonly device: EventTarget;
}

/** The device that a result lies on, on WebGPU. */
export const contextOf = (result: Handle): WebGpuContext | undefined =>
  result instanceof Float32Array || result.type !== "WebGPUBuffer" ? undefined : (result.context as WebGpuContext);

const nobody: Counted = { _refs: Infinity };

/**
 * Lets a kernel forget the result that it has just given: it would hold it until it runs again, and with it the memory of
 * every kernel that exists. Where gpu.js is built otherwise one day, nothing happens but that.
 */
export function letGo({ kernel }: CompiledKernel): void {
  const { texture, outputBuffer } = kernel;
  // What counts more than one holder is replaced before it is written.
  if (texture && texture.texture._refs > 1) {
    texture.texture._refs--;
    texture.texture = nobody;
  }
  if (outputBuffer && outputBuffer._refs > 1) {
    outputBuffer._refs--;
    kernel.outputBuffer = null;
  }
}
