/** The bytes of a module: `Uint8Array<ArrayBuffer>`, which compilers before TypeScript 5.7 cannot read. */
export type ModuleBytes = ReturnType<typeof Uint8Array.of>;

/** Those who do what kernels have noted down. */
export interface Crew {
  /** Takes a module, the functions of which have these numbers in lists. */
  publish(module: ModuleBytes, numbers: readonly number[]): void;
  /** Lets go of a function that no list will call any more. Its number may be given to another. */
  forget(number: number): void;
  /**
   * Does a list of steps, as `execute` wants them.
   *
   * @param isForMany - Whether it is worth waking others.
   */
  run(list: Int32Array, isForMany: boolean): void | Promise<void>;
  /** Ends them. */
  end(): void;
}
