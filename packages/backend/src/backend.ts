import type { OperationName } from "./operations.ts";
import type { Program, Values } from "./program.ts";

/** Memory of one variable. Only the backend that allocated it knows its contents. */
export interface Storage {
  /** Number of elements. */
  readonly length: number;
}

/** Runs programs and holds variables. Calls take effect in the order in which they are made; only `read` and `run` wait. */
export interface Backend {
  /** Name for display: `"cpu (2 threads)"`. */
  readonly name: string;
  /** Precision of the values that it returns. */
  readonly precision: "float32" | "float64";
  /** Whether the backend has its own kernel for a composite or a fusion. Other operations are always accepted. */
  supports(operation: OperationName): boolean;
  /** Maximum number of tensors that a fusion may read. Default: 8. */
  readonly mostInputs?: number | undefined;
  /** Joins instructions of a finished program that the backend has one kernel for, such as `fuseChains` for chains. */
  join?(program: Program): Program;
  /**
   * Allocates memory for a variable. If there is no room, the next use of the variable throws. A backend frees the memory once the
   * storage is unreachable: after a garbage collection and a turn of the event loop.
   */
  allocate(length: number): Storage;
  /** Copies values into it. */
  write(storage: Storage, values: Values): void;
  /** Copies its values out. */
  read(storage: Storage): Promise<Values>;
  /** Frees the memory. */
  free(storage: Storage): void;
  /** Prepares a program for many runs. Its memory is freed once the result is unreachable. */
  compile(program: Program): Executable;
  /** Number of bytes held now: variables, constants and the arena of intermediate values. */
  memory(): number;
  /** Frees everything; later calls fail. */
  dispose(): void;
}

/** Options of one run. */
export interface RunOptions {
  /** Stops the run between two instructions; no variable is updated then. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called after each instruction with its index in the program and the milliseconds it took. The run then waits for each
   * instruction before the next begins, and takes longer in total. A reshape, which moves nothing, is skipped.
   */
  readonly onInstruction?: ((instruction: number, milliseconds: number) => void) | undefined;
}

/** A program that a backend has prepared. */
export interface Executable {
  /** Number of bytes for intermediate values: as planned (`peak`), and if no memory were reused (`sum`). */
  readonly memory: { readonly peak: number; readonly sum: number };
  /** Computes the outputs and performs the updates. Runs are queued in the order of the calls. */
  run(feeds: readonly Values[], variables: readonly Storage[], options?: RunOptions): Promise<Values[]>;
  /** Frees the constants; later runs fail. */
  dispose(): void;
}
