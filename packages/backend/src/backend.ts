import type { OperationName } from "./operations.ts";
import type { Program, Values } from "./program.ts";

/** The memory of one variable. What is in it is known only to the backend that allocated it. */
export interface Storage {
  /** How many numbers it holds. */
  readonly length: number;
}

/** Runs programs and keeps variables. All calls take effect in the order made; only `read` and `run` wait. */
export interface Backend {
  /** As shown to people: `"cpu (2 threads)"`. */
  readonly name: string;
  /** Of the numbers that it returns. */
  readonly precision: "float32" | "float64";
  /** Whether a composite or a fusion is worth sending here whole. Other operations are always accepted. */
  supports(operation: OperationName): boolean;
  /** How many tensors a fusion may read at most. Default: 8. */
  readonly mostInputs?: number | undefined;
  /** Joins instructions of a finished program that it has one kernel for: {@link fuseChains}, where it has kernels for chains. */
  join?(program: Program): Program;
  /**
   * Memory for a variable. Where there is no room, the next use of it says so. A backend frees it when nobody can reach the storage
   * any more: after the engine has collected garbage, and the event loop has turned.
   */
  allocate(length: number): Storage;
  /** Copies values into it. */
  write(storage: Storage, values: Values): void;
  /** Copies its values out. */
  read(storage: Storage): Promise<Values>;
  /** Gives it back. */
  free(storage: Storage): void;
  /** Prepares a program for many runs. What it holds is freed when nobody can reach it any more. */
  compile(program: Program): Executable;
  /** Bytes held now: variables, constants, and the arena for values in between. */
  memory(): number;
  /** Gives everything back; later calls fail. */
  dispose(): void;
}

/** What can be asked of one run. */
export interface RunOptions {
  /** Stops between two instructions; nothing is updated then. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Told after each instruction, by its place in the program, how many milliseconds it took. Each is then waited for before the
   * next begins, so that all together take longer than a run that is not watched. A reshape, which moves nothing, is passed over.
   */
  readonly onInstruction?: ((instruction: number, milliseconds: number) => void) | undefined;
}

/** A program made ready by a backend. */
export interface Executable {
  /** Bytes for values in between: as planned, and as it would be if each had memory of its own. */
  readonly memory: { readonly peak: number; readonly sum: number };
  /** Computes the outputs and carries out the updates. Runs are queued, in the order called. */
  run(feeds: readonly Values[], variables: readonly Storage[], options?: RunOptions): Promise<Values[]>;
  /** Frees the constants; later runs fail. */
  dispose(): void;
}
