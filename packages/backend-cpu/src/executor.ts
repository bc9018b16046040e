/** The bytes of a module: `Uint8Array<ArrayBuffer>`, a type that compilers before TypeScript 5.7 cannot read. */
export type ModuleBytes = ReturnType<typeof Uint8Array.of>;

/** Runs the calls that kernels have recorded: on a pool of threads, or on a worker that owns the memory. */
export interface Executor {
  /** Adds the functions of a module, which lists of calls name by these numbers. */
  publish(module: ModuleBytes, numbers: readonly number[]): void;
  /** Drops a function that no list calls any more. Its number may be reused. */
  forget(number: number): void;
  /**
   * Runs a list of calls, in the format of `execute`.
   *
   * @param options - `isLarge`: whether the work is worth waking other threads.
   */
  run(list: Int32Array, options: { readonly isLarge: boolean }): void | Promise<void>;
  /** Ends the threads. */
  end(): void;
}
