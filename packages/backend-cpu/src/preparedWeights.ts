import { BYTES, type Address, type Block, type Heap } from "./heap.ts";

/** Default limit in bytes. */
const BUDGET = 2 ** 28;

interface Entry {
  /** Version of the weights at the last request. */
  version: number;
  memory: Block | undefined;
}

/** A cache of values computed from variables and constants, valid until these change: filters transformed for inference. */
export class PreparedWeights {
  readonly #heap: Heap;
  readonly #budget: number;
  /** Number of changes of each block of weights. Other blocks hold values of a single run, which are never cached. */
  readonly #versions = new Map<Block, number>();
  readonly #entries = new Map<Block, Map<string, Entry>>();
  #used = 0;

  constructor(heap: Heap, budget: number = BUDGET) {
    this.#heap = heap;
    this.#budget = budget;
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#used;
  }

  /** Registers a block of weights, so that values computed from it can be cached. */
  add(weights: Block): void {
    this.#versions.set(weights, 0);
  }

  /** Invalidates what was computed from these weights, because they have changed. */
  invalidate(weights: Block): void {
    const version = this.#versions.get(weights);
    if (version !== undefined) this.#versions.set(weights, version + 1);
  }

  /** Removes a block of weights and frees what was computed from it. */
  remove(weights: Block): void {
    this.#versions.delete(weights);
    for (const entry of this.#entries.get(weights)?.values() ?? []) this.#free(entry);
    this.#entries.delete(weights);
  }

  /** Frees all cached values. */
  clear(): void {
    for (const entries of this.#entries.values()) for (const entry of entries.values()) this.#free(entry);
    this.#entries.clear();
  }

  /**
   * Returns memory for a value computed from weights, and whether it still has to be computed. Returns `undefined` if the weights
   * have changed since the last request, as in training, or if the budget is used up.
   */
  find(weights: Block, key: string, length: number): { readonly start: Address; readonly isNew: boolean } | undefined {
    const version = this.#versions.get(weights);
    if (version === undefined) return undefined;
    let entries = this.#entries.get(weights);
    if (entries === undefined) this.#entries.set(weights, (entries = new Map()));
    const entry = entries.get(key);
    if (entry?.version !== version) {
      if (entry !== undefined) this.#free(entry);
      entries.set(key, { version, memory: undefined });
      return undefined;
    }
    if (entry.memory !== undefined) return { start: entry.memory.start, isNew: false };
    if (this.#used + BYTES * length > this.#budget) return undefined;
    entry.memory = this.#heap.allocate(length);
    this.#used += BYTES * length;
    return { start: entry.memory.start, isNew: true };
  }

  #free(entry: Entry): void {
    if (entry.memory === undefined) return;
    this.#used -= BYTES * entry.memory.length;
    this.#heap.free(entry.memory);
    entry.memory = undefined;
  }
}
