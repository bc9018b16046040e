import type { Storage } from "./backend.ts";
import type { Values } from "./program.ts";

/** A variable's memory, as its user holds it. */
interface Block<B> extends Storage {
  readonly memory: BlockMemory<B>;
}

/** What stands behind a {@link Block}. It must not refer to the block, so that it can be freed when the block is collected. */
interface BlockMemory<B> {
  /** Absent until there is room, and once it was freed. */
  buffer: B | undefined;
  /** Values that are written as soon as there is room. */
  pending: Values | undefined;
  isFreed: boolean;
}

/** How {@link Blocks} handle buffers. */
interface BlocksOptions<B> {
  /** Allocates, as soon as there is room. */
  reserve(length: number): Promise<B>;
  free(buffer: B): void;
  upload(buffer: B, values: Values): void | Promise<void>;
  /** Throws where no variable can be used any more. */
  check(): void;
  /** The error of a variable that has no memory. */
  missing(): Error;
}

/** The variables of one backend. The memory of those that nobody can reach any more is freed. */
export class Blocks<B> {
  readonly #options: BlocksOptions<B>;
  // No run uses what is collected, not even one that waits: each holds its blocks. So it is freed at once; in the backend's queue
  // it would come too late for a run that waits for room.
  readonly #collected = new FinalizationRegistry((memory: BlockMemory<B>) => this.#free(memory));

  constructor(options: BlocksOptions<B>) {
    this.#options = options;
  }

  /** A variable, which has no memory yet. */
  add(length: number): Storage {
    const memory: BlockMemory<B> = { buffer: undefined, pending: undefined, isFreed: false };
    const block: Block<B> = { length, memory };
    this.#collected.register(block, memory, block);
    return block;
  }

  /** Whether its buffer is there and holds what was written. */
  isSettled(storage: Storage): boolean {
    const { buffer, pending } = (storage as Block<B>).memory;
    return buffer !== undefined && pending === undefined;
  }

  /** Allocates its buffer and uploads what was written; tries again what has failed before. */
  async settle(storage: Storage): Promise<void> {
    this.#options.check();
    const { memory, length } = storage as Block<B>;
    if (memory.isFreed) return;
    memory.buffer ??= await this.#options.reserve(length);
    if (memory.pending === undefined) return;
    await this.#options.upload(memory.buffer, memory.pending);
    memory.pending = undefined;
  }

  /** Writes values, which belong to it from now on. */
  write(storage: Storage, values: Values): Promise<void> {
    (storage as Block<B>).memory.pending = values;
    return this.settle(storage);
  }

  /** The buffer of a settled variable. */
  open(storage: Storage): B {
    const { buffer } = (storage as Block<B>).memory;
    this.#options.check();
    if (buffer === undefined) throw this.#options.missing();
    return buffer;
  }

  /** Frees its memory. */
  remove(storage: Storage): void {
    this.#collected.unregister(storage);
    this.#free((storage as Block<B>).memory);
  }

  #free(memory: BlockMemory<B>): void {
    if (memory.buffer !== undefined) this.#options.free(memory.buffer);
    memory.buffer = memory.pending = undefined;
    memory.isFreed = true;
  }
}
