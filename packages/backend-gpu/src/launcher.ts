import { BackendError, type Values } from "@convlens/backend";
import { KernelText, type Device } from "./device.ts";
import type { Handle } from "./gpujs.ts";

/** A result of gpu.js, with the number of buffers that hold it. */
interface Result {
  readonly handle: Handle;
  readonly length: number;
  holders: number;
}

/** A reference to a result. Each run of a kernel of gpu.js makes a new one, so the content of a buffer is replaced as a whole. */
export interface Buffer {
  readonly length: number;
  /** @internal */
  result: Result | undefined;
}

/** A prepared call: reads the first inputs, and replaces the output. */
export type Launch = (inputs: readonly Buffer[], output: Buffer) => void | Promise<void>;

/**
 * A kernel in the language of gpu.js, a subset of JavaScript: `let` and `const`, `if` with braces, loops that count up to a literal
 * number, and the functions in `kernels/functions.ts`. All numbers are float32. A kernel must not read beyond the end of an array:
 * executors disagree about the result.
 */
export interface KernelSource {
  /** Shown in error messages and in the profiler of a browser. */
  readonly name: string;
  /** Names and lengths of the arrays that it reads. */
  readonly inputs: Readonly<Record<string, number>>;
  /** Number of elements of the result. The kernel runs once for each, whose index is `this.thread.x`. */
  readonly length: number;
  /** Names and values of further arguments: numbers that change from run to run or model to model without a new kernel. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** The statements of the function. */
  readonly body: string;
  /** The value of all elements if one of the inputs is empty. Default: 0. */
  readonly whenEmpty?: number;
}

/** Maximum number of inputs: WebGPU allows eight arrays, and one is the result. */
export const MOST_INPUTS = 7;

/** Runs the kernels of one backend, and counts its memory. */
export class Launcher {
  readonly #device: Device;
  readonly #results = new Set<Result>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** Number of textures, or of buffers on WebGPU. */
  get textures(): number {
    return this.#results.size;
  }

  /** Their bytes. */
  get bytes(): number {
    return [...this.#results].reduce((total, { length }) => total + 4 * length, 0);
  }

  /** Makes an empty buffer. */
  buffer(length: number): Buffer {
    const { limit, renderer } = this.#device;
    if (length > limit)
      throw new BackendError({
        operation: "gpu",
        expected: `a tensor of at most ${limit} numbers, which ${renderer} can address`,
        got: length,
        fix: "use a smaller batch, or backend-cpu",
      });
    return { length, result: undefined };
  }

  /** Prepares a kernel. It is compiled when it first runs. */
  prepare({ name, inputs, length, numbers = {}, body, whenEmpty = 0 }: KernelSource): Launch {
    if (length === 0) return () => undefined;
    if (Object.values(inputs).includes(0)) return (_, output) => this.upload(output, fill(length, whenEmpty));
    const source = `function ${name}(${[...Object.keys(inputs), ...Object.keys(numbers)].join(", ")}) {\n${body}\n}`;
    const lengths = Object.values(inputs);
    const text = new KernelText(source, lengths, length);
    const [count, further] = [lengths.length, Object.values(numbers)];
    return (buffers, output) => {
      this.release(output);
      return this.#keep(output, this.#device.launch(text, [...buffers.slice(0, count).map(handleOf), ...further]));
    };
  }

  /** Replaces the content of a buffer by values of the host. */
  upload(buffer: Buffer, values: Values): void | Promise<void> {
    this.release(buffer);
    if (buffer.length === 0) return;
    return this.#keep(buffer, this.#device.write(values instanceof Float32Array ? values : Float32Array.from(values)));
  }

  /** Copies the values of a buffer to the host. */
  async download(buffer: Buffer): Promise<Float32Array> {
    return buffer.length === 0 ? new Float32Array(0) : this.#device.read(handleOf(buffer), buffer.length);
  }

  /** Makes a buffer refer to the result of another. Nothing is copied, since results never change. */
  share(from: Buffer, to: Buffer): void {
    if (from.result === to.result) return;
    this.release(to);
    if (from.result === undefined) return;
    from.result.holders++;
    to.result = from.result;
  }

  /** Empties a buffer. */
  release(buffer: Buffer): void {
    const { result } = buffer;
    buffer.result = undefined;
    if (result === undefined || --result.holders > 0) return;
    this.#results.delete(result);
    this.#device.free(result.handle);
  }

  #keep(buffer: Buffer, made: Handle | Promise<Handle>): void | Promise<void> {
    const keep = (handle: Handle): void => {
      buffer.result = { handle, length: buffer.length, holders: 1 };
      this.#results.add(buffer.result);
    };
    if (made instanceof Promise) return made.then(keep);
    keep(made);
  }
}

const fill = (length: number, value: number): Float32Array => new Float32Array(length).fill(value);

function handleOf({ result }: Buffer): Handle {
  if (result === undefined)
    throw new BackendError({ operation: "gpu", problem: "a buffer was read before it was written" });
  return result.handle;
}
