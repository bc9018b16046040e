import type { Backend } from "./backend.ts";
import type { KernelLoader, Kernels } from "./kernelTable.ts";
import { anyOption, type OptionChecks } from "./options.ts";
import type { Program, Values } from "./program.ts";

/** Options of `kernelBackend`: memory, kernels and limits. `B` is the type of a buffer. */
export interface KernelBackendOptions<B> {
  /** Name in messages. */
  readonly name: string;
  /** Precision of the values that it returns. Default: `"float32"`. */
  readonly precision?: Backend["precision"];
  /** Allocates memory for `length` numbers. */
  allocate(length: number): B;
  /** Frees a buffer. */
  free(buffer: B): void;
  /** Copies values from the host. */
  upload(buffer: B, values: Values): void | Promise<void>;
  /** Returns a copy of a buffer's values. */
  download(buffer: B): Values | Promise<Values>;
  /** Copies between two buffers of the same length. */
  copy(from: B, to: B): void;
  /** Called after a kernel was asked to write the new values of a variable into its buffer. */
  updated?(variable: B): void;
  /**
   * Returns a part of a buffer. With it, all intermediate values share one arena at planned offsets; without it, whole buffers of
   * equal length are reused.
   */
  slice?(buffer: B, offset: number, length: number): B;
  /**
   * Called after the last read of a buffer and before its next write, if there is no arena: a backend that allocates memory for each
   * result can free it.
   */
  release?(buffer: B): void;
  /** Makes the calls that kernels have recorded. Called before results are read. */
  finish?(): void | Promise<void>;
  /** Drops recorded calls, and values cached by them. Called after a run has failed. */
  abandon?(): void;
  /** Bytes in use. Default: the total size of all buffers. */
  memory?(): number;
  /** Frees everything that is not a buffer. */
  dispose?(): void;
  /** Maximum number of bytes of all buffers together. Default: unknown. */
  readonly mostBytes?: number;
  /**
   * Whether a buffer is only a handle of memory that `free` frees. Programs then keep their buffers from run to run. Otherwise they
   * drop them after each run, so that an idle program holds no memory but its constants. Default: false.
   */
  readonly isHandle?: boolean;
  /** Maximum number of tensors that a fused kernel may read; WebGPU limits the bindings of a kernel. Default: 8. */
  readonly mostInputs?: number;
  /** Replaces groups of instructions by single ones that it has a kernel for. */
  join?(program: Program): Program;
  /** Kernels by operation. Other operations run on the host. */
  readonly kernels: Kernels<B>;
  /** Loads kernels that few programs need, before the first run of a program that needs one. */
  readonly loader?: KernelLoader<B>;
}

/** Refuses unknown options. Their values are not checked: a wrong one fails in the first run. */
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
  loader: anyOption,
};
