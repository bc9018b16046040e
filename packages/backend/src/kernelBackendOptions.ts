import type { Backend } from "./backend.ts";
import type { KernelLoaders, Kernels } from "./kernelTable.ts";
import { anyOption, type OptionChecks } from "./options.ts";
import type { Program, Values } from "./program.ts";

/** Options of `kernelBackend`: memory, kernels and limits. `B` is a piece of memory. */
export interface KernelBackendOptions<B> {
  /** As shown to people. */
  readonly name: string;
  /** Of the numbers that it returns. Default: `"float32"`. */
  readonly precision?: Backend["precision"];
  /** Allocates memory for `length` numbers. */
  allocate(length: number): B;
  /** Gives it back. */
  free(buffer: B): void;
  /** Copies values from the host. */
  upload(buffer: B, values: Values): void | Promise<void>;
  /** Copies values to the host: an array of its own, which nothing changes later. */
  download(buffer: B): Values | Promise<Values>;
  /** Copies between two buffers of the same length. */
  copy(from: B, to: B): void;
  /** A kernel has been asked to compute a variable's new values in its own memory. */
  updated?(variable: B): void;
  /**
   * A part of a buffer. Where it is given, all values in between share one arena at planned offsets; where not, whole
   * buffers of equal length are used again.
   */
  slice?(buffer: B, offset: number, length: number): B;
  /**
   * Called where there is no arena, after the last read of a buffer and before its next write: a backend that allocates memory
   * for each result can free it.
   */
  release?(buffer: B): void;
  /** Does what kernels have only noted down so far: called before results are read. */
  finish?(): void | Promise<void>;
  /** Forgets what kernels have noted down, and what was kept of it: the run has failed. */
  abandon?(): void;
  /** Bytes held now, where that is not what is allocated. */
  memory?(): number;
  /** Frees what is not a buffer. */
  dispose?(): void;
  /** The most bytes that all buffers together can take. Default: unknown. */
  readonly mostBytes?: number;
  /**
   * Whether a buffer only names memory that `free` gives back. Programs then keep their buffers from run to run; otherwise they
   * let go of them after each run, so that an idle program holds no memory but its constants. Default: false.
   */
  readonly isHandle?: boolean;
  /** How many tensors a fusion may read at most: WebGPU gives a kernel few. Default: 8. */
  readonly mostInputs?: number;
  /** Joins instructions that there is one kernel for. */
  join?(program: Program): Program;
  /** What it can compute; the rest runs on the host. */
  readonly kernels: Kernels<B>;
  /** What else it can compute: kernels that most programs do without, loaded before the first run of one that needs them. */
  readonly loaders?: KernelLoaders<B>;
}

/** Refuses unknown options: their values are used, and fail, in the first run. */
export const kernelBackendChecks: OptionChecks<KernelBackendOptions<unknown>> = {
  name: anyOption,
  precision: anyOption,
  allocate: anyOption,
  free: anyOption,
  upload: anyOption,
  download: anyOption,
  copy: anyOption,
  updated: anyOption,
  slice: anyOption,
  release: anyOption,
  finish: anyOption,
  abandon: anyOption,
  memory: anyOption,
  dispose: anyOption,
  mostBytes: anyOption,
  isHandle: anyOption,
  mostInputs: anyOption,
  join: anyOption,
  kernels: anyOption,
  loaders: anyOption,
};
