import { UsageError } from "./errors.ts";
import type { KernelBackendOptions } from "./kernelBackendOptions.ts";
import { Pacer } from "./pacer.ts";

/** Buffers that belong to one program. It must not refer to the program, so that it can be freed when that is collected. */
export interface ProgramBuffers<B> {
  readonly constants: B[];
  /** Buffers of the values, for a backend without an arena. */
  values: B[] | undefined;
  /** Length of the arena that the program needs. */
  readonly peak: number;
}

/**
 * The buffers of a backend, and the arena in which programs put their values. Runs never overlap, so one arena, as large as the
 * program that needs most, serves them all.
 */
export class BufferMemory<B> {
  readonly bytesPerNumber: number;
  readonly #options: KernelBackendOptions<B>;
  readonly #lengths = new Map<B, number>();
  readonly #pacer: Pacer;
  /** Of all programs that can still run. */
  readonly #programs = new Set<ProgramBuffers<B>>();
  /** The arena, as long as there is one, and its length. */
  arena: B | undefined;
  arenaLength = 0;
  #isDisposed = false;

  constructor(options: KernelBackendOptions<B>) {
    this.#options = options;
    this.#pacer = new Pacer(options.mostBytes);
    this.bytesPerNumber = options.precision === "float64" ? 8 : 4;
  }

  /** Bytes of all buffers. */
  get bytes(): number {
    return this.#pacer.held;
  }

  /** Throws if the backend was disposed. */
  check(advice = "make a new one"): void {
    if (this.#isDisposed)
      throw new UsageError({ operation: this.#options.name, problem: "this backend was disposed", fix: advice });
  }

  allocate(length: number): B {
    this.check();
    const buffer = this.#options.allocate(length);
    this.#lengths.set(buffer, length);
    this.#pacer.held += this.bytesPerNumber * length;
    return buffer;
  }

  /** Allocates when there is room: memory that is no longer reachable may have to be collected first. */
  reserve(length: number): Promise<B> {
    return this.#pacer.allocate(
      this.bytesPerNumber * length,
      () => this.allocate(length),
      () => this.#options.abandon?.(),
    );
  }

  free(buffer: B): void {
    const length = this.#lengths.get(buffer);
    if (length === undefined) return;
    this.#lengths.delete(buffer);
    this.#pacer.held -= this.bytesPerNumber * length;
    this.#options.free(buffer);
  }

  addProgram(buffers: ProgramBuffers<B>): void {
    this.#programs.add(buffers);
  }

  /** Frees the buffers of a program; returns false if that was done before. */
  removeProgram(buffers: ProgramBuffers<B>): boolean {
    if (!this.#programs.delete(buffers)) return false;
    for (const buffer of [...buffers.constants.splice(0), ...(buffers.values?.splice(0) ?? [])]) this.free(buffer);
    return true;
  }

  /** Replaces the arena by one of at least `length` numbers. */
  async growArena(length: number): Promise<void> {
    const grown = Math.max(length, 2 * this.arenaLength);
    this.dropArena();
    this.arena = await this.reserve(grown);
    this.arenaLength = grown;
  }

  dropArena(): void {
    if (this.arena !== undefined) this.free(this.arena);
    this.arena = undefined;
    this.arenaLength = 0;
  }

  /** Drops the arena if it is much larger than any remaining program needs. */
  shrinkArena(): void {
    let most = 0;
    for (const { peak } of this.#programs) most = Math.max(most, peak);
    if (this.arenaLength > 2 * most) this.dropArena();
  }

  /** Frees all buffers. */
  dispose(): void {
    this.#isDisposed = true;
    for (const buffer of this.#lengths.keys()) this.#options.free(buffer);
    this.#lengths.clear();
    this.#programs.clear();
    this.#pacer.held = 0;
  }
}
