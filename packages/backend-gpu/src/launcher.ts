import { BackendError, type Values } from "@convlens/backend";
import { KernelText, type Device } from "./device.ts";
import type { Handle } from "./gpujs.ts";

/** A result of gpu.js, and how many buffers hold it. */
interface Result {
  readonly handle: Handle;
  readonly length: number;
  holders: number;
}

/** Room for so many numbers: a kernel of gpu.js makes its result anew each time, so what is in a buffer is replaced as a whole. */
export interface Buffer {
  readonly length: number;
  /** @internal */
  result: Result | undefined;
}

/** Does one thing that was prepared: reads the inputs (and looks at no further ones), and replaces the output. */
export type Launch = (inputs: readonly Buffer[], output: Buffer) => void | Promise<void>;

/**
 * A kernel in the language of gpu.js, a small part of JavaScript: `let` and `const`, `if` with braces, loops that count up to a
 * number in the text, and the functions in `kernels/functions.ts`. All numbers are float32. What lies beyond an array is not to be
 * read: executors disagree on what is there.
 */
export interface KernelSource {
  /** In error messages and in the profiler of a browser. */
  readonly name: string;
  /** Names of the arrays that it reads, each with its length. */
  readonly inputs: Readonly<Record<string, number>>;
  /** How many numbers it makes: it runs once for each, with `this.thread.x` as its number. */
  readonly length: number;
  /** Names of further arguments, each a number: what changes from run to run or net to net, and needs no new kernel. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** The statements of its function. */
  readonly body: string;
  /** What all numbers are where one of the inputs is empty. Default: 0. */
  readonly whenEmpty?: number;
}

/** WebGPU gives a kernel eight arrays, one of which is its result. */
export const MOST_INPUTS = 7;

/** Runs kernels for one backend, and counts the memory that it holds. */
export class Launcher {
  readonly #device: Device;
  readonly #results = new Set<Result>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** How many textures, or buffers of WebGPU, there are now. */
  get textures(): number {
    return this.#results.size;
  }

  /** Their bytes. */
  get bytes(): number {
    return [...this.#results].reduce((total, { length }) => total + 4 * length, 0);
  }

  /** An empty buffer. */
  buffer(length: number): Buffer {
    const { limit, renderer } = this.#device;
    if (length > limit)
      throw new BackendError(
        `gpu: a tensor of ${length} numbers is more than the ${limit} that can be addressed on ${renderer}; use a smaller batch, or backend-cpu`,
        { expected: `at most ${limit} numbers`, got: length, fix: "a smaller batch" },
      );
    return { length, result: undefined };
  }

  /** A kernel for the shapes at hand. It is compiled when it runs for the first time. */
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

  /** Replaces what is in a buffer by values of the host. */
  upload(buffer: Buffer, values: Values): void | Promise<void> {
    this.release(buffer);
    if (buffer.length === 0) return;
    return this.#keep(buffer, this.#device.write(values instanceof Float32Array ? values : Float32Array.from(values)));
  }

  /** The values of a buffer, on the host. */
  async download(buffer: Buffer): Promise<Float32Array> {
    return buffer.length === 0 ? new Float32Array(0) : this.#device.read(handleOf(buffer), buffer.length);
  }

  /** Lets a buffer hold what another holds: nothing is copied, since results never change. */
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
  if (result === undefined) throw new BackendError("gpu: a buffer is read that was never written");
  return result.handle;
}
