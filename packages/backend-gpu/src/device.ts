import { BackendError } from "@convlens/backend";
import {
  compileKernel,
  compileReader,
  executorOf,
  dropResult,
  type CompiledKernel,
  type GpuJs,
  type Handle,
} from "./gpujs.ts";
import { functions } from "./kernels/functions.ts";

/** What runs kernels: two executors for graphics processors, and two of gpu.js for tests without one. */
export type Executor = "webgpu" | "webgl2" | "webasm" | "cpu";

/** Options of {@link Device}. */
export interface DeviceOptions {
  readonly gpu: GpuJs;
  readonly executor: Executor;
  /** Name of the graphics processor, as the browser gives it. */
  readonly renderer: string;
  /** Whether it is software. */
  readonly isSoftware: boolean;
  /** Maximum number of elements of a tensor. */
  readonly limit: number;
  /** The reason why it cannot compute any more, if it cannot. */
  readonly failure?: () => string | undefined;
  /** Called after results were read. */
  readonly onRead?: () => void;
}

/** The source of a kernel, in which all shapes are numbers. */
export class KernelText {
  readonly source: string;
  readonly length: number;
  /** Kernels with the same key are compiled once. */
  readonly key: string;

  /** @param inputs - Lengths of the arrays that it reads, which are part of the compiled kernel. */
  constructor(source: string, inputs: readonly number[], length: number) {
    this.source = source;
    this.length = length;
    this.key = `${source} ${inputs.join()} ${length}`;
  }
}

interface Compiled {
  readonly run: CompiledKernel;
  /** Number of results that still exist: gpu.js needs their kernel to free them. */
  alive: number;
}

/** The source of a copy. Each use has its own name, since a kernel that was first called with an array accepts no texture later. */
const copying = (name: string): string => `function ${name}(xs) { return xs[this.thread.x]; }`;

/**
 * An instance of gpu.js. A page has one for each executor, shared by all backends and programs. It compiles kernels when they are
 * first needed, and caches them.
 */
export class Device {
  readonly executor: Executor;
  readonly renderer: string;
  readonly isSoftware: boolean;
  readonly limit: number;
  /** Maximum number of cached kernels. A large model needs a few hundred; each takes some ten milliseconds to compile. */
  mostKernels = 1024;
  readonly #gpu: GpuJs;
  readonly #failure: () => string | undefined;
  readonly #onRead: () => void;
  /** Least recently used first. */
  readonly #kernels = new Map<string, Compiled>();
  readonly #makers = new WeakMap<Handle, Compiled>();

  constructor({
    gpu,
    executor,
    renderer,
    isSoftware,
    limit,
    failure = () => undefined,
    onRead = () => undefined,
  }: DeviceOptions) {
    this.#gpu = gpu;
    this.executor = executor;
    this.renderer = renderer;
    this.isSoftware = isSoftware;
    this.limit = limit;
    this.#failure = failure;
    this.#onRead = onRead;
  }

  /** Number of cached kernels. */
  get kernels(): number {
    return this.#kernels.size;
  }

  /** Whether it cannot compute any more. */
  get isLost(): boolean {
    return this.#failure() !== undefined;
  }

  /** Throws if it cannot compute any more: a lost context of WebGL would return zeros. */
  check(): void {
    const reason = this.#failure();
    if (reason !== undefined)
      throw new BackendError({
        operation: "gpu",
        problem: `${reason}; variables that were on it are gone`,
        fix: "make a new backend with gpu(), and load the last checkpoint",
      });
  }

  /** Runs a kernel. Each result is a new one. */
  launch({ source, length, key }: KernelText, values: readonly (Handle | number)[]): Handle | Promise<Handle> {
    this.check();
    const compiled = this.#compiled(key, () => compileKernel(this.#gpu, source, length, functions));
    compiled.alive++;
    const keep = (result: Handle): Handle => {
      const executor = executorOf(compiled.run, result);
      if (!this.executor.startsWith(executor))
        throw new BackendError({
          operation: "gpu",
          what: "the executor of gpu.js",
          expected: this.executor,
          got: executor,
        });
      dropResult(compiled.run);
      this.#makers.set(result, compiled);
      return result;
    };
    const result = compiled.run(...values);
    return result instanceof Promise ? result.then(keep) : keep(result);
  }

  /** Copies values from the host. */
  write(values: Float32Array): Handle | Promise<Handle> {
    const { length } = values;
    return this.launch(new KernelText(copying("fromHost"), [length], length), [values]);
  }

  /** Returns a copy of a result's values on the host. */
  async read(handle: Handle, length: number): Promise<Float32Array> {
    this.check();
    const values = await this.#download(handle, length);
    this.#onRead();
    this.check();
    return values;
  }

  async #download(handle: Handle, length: number): Promise<Float32Array> {
    if (handle instanceof Float32Array) return handle.slice();
    if (this.executor === "webgpu") return handle.toArray();
    // Reading the texture directly would read four numbers for each one, and block the page.
    const reader = this.#compiled(`toHost ${length}`, () => compileReader(this.#gpu, copying("toHost"), length));
    return (await reader.run(handle)) as Float32Array;
  }

  /** Frees the memory of a result. */
  free(handle: Handle): void {
    const maker = this.#makers.get(handle);
    if (maker !== undefined) maker.alive--;
    this.#makers.delete(handle);
    if (!(handle instanceof Float32Array)) handle.delete();
  }

  #compiled(key: string, compile: () => CompiledKernel): Compiled {
    const compiled = this.#kernels.get(key) ?? { run: compile(), alive: 0 };
    this.#kernels.delete(key);
    this.#kernels.set(key, compiled);
    if (this.#kernels.size > this.mostKernels)
      for (const [old, { run, alive }] of this.#kernels) {
        if (alive > 0 || old === key) continue;
        this.#kernels.delete(old);
        run.destroy();
        break;
      }
    return compiled;
  }
}
