import { BackendError } from "@convlens/backend";
import {
  compileKernel,
  compileReader,
  executorOf,
  letGo,
  type CompiledKernel,
  type GpuJs,
  type Handle,
} from "./gpujs.ts";
import { functions } from "./kernels/functions.ts";

/** What runs kernels: two for graphics processors, and two of gpu.js's own for tests, where there is none. */
export type Executor = "webgpu" | "webgl2" | "webasm" | "cpu";

/** What a {@link Device} is made of. */
export interface DeviceOptions {
  readonly gpu: GpuJs;
  readonly executor: Executor;
  /** What the kernels run on, as the browser calls it. */
  readonly renderer: string;
  /** Whether that is a program and no graphics processor. */
  readonly isSoftware: boolean;
  /** The most numbers that a tensor may have. */
  readonly limit: number;
  /** Why it can compute no more, once that is so. */
  readonly failure?: () => string | undefined;
  /** Called when results have been read. */
  readonly onRead?: () => void;
}

/** A kernel by its text, which holds all shapes as numbers. */
export class KernelText {
  readonly source: string;
  readonly length: number;
  /** Kernels of the same key are one. */
  readonly key: string;

  /** @param inputs - The lengths of the arrays that it reads, which are compiled with it. */
  constructor(source: string, inputs: readonly number[], length: number) {
    this.source = source;
    this.length = length;
    this.key = `${source} ${inputs.join()} ${length}`;
  }
}

interface Compiled {
  readonly run: CompiledKernel;
  /** Results that still exist: gpu.js needs their kernel to take them away. */
  alive: number;
}

/** Hands numbers through, under a name of its own: a kernel that saw an array first takes no texture later. */
const copying = (name: string): string => `function ${name}(xs) { return xs[this.thread.x]; }`;

/**
 * One instance of gpu.js, of which a page has one for each executor: compiles kernels when they are first needed and keeps
 * them, across backends and programs.
 */
export class Device {
  readonly executor: Executor;
  readonly renderer: string;
  readonly isSoftware: boolean;
  readonly limit: number;
  /** So many compiled kernels are kept. A large net needs a few hundred; each takes some ten milliseconds to compile. */
  mostKernels = 1024;
  readonly #gpu: GpuJs;
  readonly #failure: () => string | undefined;
  readonly #onRead: () => void;
  /** Longest unused first. */
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

  /** How many kernels are compiled now. */
  get kernels(): number {
    return this.#kernels.size;
  }

  /** Whether it can compute no more. */
  get isLost(): boolean {
    return this.#failure() !== undefined;
  }

  /** An error, if it can compute no more: a lost context of WebGL goes on and gives zeros. */
  check(): void {
    const reason = this.#failure();
    if (reason !== undefined)
      throw new BackendError(
        `gpu: ${reason}; variables that were on it are gone: make a new backend with gpu(), and load the last checkpoint`,
        { got: reason, fix: "a new backend, and the last checkpoint" },
      );
  }

  /** Runs a kernel. Its result is a new one each time. */
  launch({ source, length, key }: KernelText, values: readonly (Handle | number)[]): Handle | Promise<Handle> {
    this.check();
    const compiled = this.#compiled(key, () => compileKernel(this.#gpu, source, length, functions));
    compiled.alive++;
    const keep = (result: Handle): Handle => {
      const executor = executorOf(compiled.run, result);
      if (!this.executor.startsWith(executor))
        throw new BackendError(`gpu: gpu.js ran a kernel on its executor ${executor} instead of ${this.executor}`, {
          expected: this.executor,
          got: executor,
        });
      letGo(compiled.run);
      this.#makers.set(result, compiled);
      return result;
    };
    const result = compiled.run(...values);
    return result instanceof Promise ? result.then(keep) : keep(result);
  }

  /** Numbers from the host. */
  write(values: Float32Array): Handle | Promise<Handle> {
    const { length } = values;
    return this.launch(new KernelText(copying("fromHost"), [length], length), [values]);
  }

  /** Numbers for the host, in an array of their own. */
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
    // A texture would be read four numbers for one, and the page would stand still.
    const reader = this.#compiled(`toHost ${length}`, () => compileReader(this.#gpu, copying("toHost"), length));
    return (await reader.run(handle)) as Float32Array;
  }

  /** Gives the memory of a result back. */
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
