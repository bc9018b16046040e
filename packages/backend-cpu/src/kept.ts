import type { Block, Heap } from "./heap.ts";

/** All that is kept may take so many bytes. */
const BUDGET = 2 ** 28;

interface Entry {
  /** Of the source, when it was last asked for. */
  version: number;
  memory: Block | undefined;
}

/** What is computed from variables and constants and stays the same as long as they do: filters made ready for inference. */
export class Kept {
  readonly #heap: Heap;
  readonly #budget: number;
  /** How often each source has changed. Memory that is none has values of one run only. */
  readonly #versions = new Map<Block, number>();
  readonly #entries = new Map<Block, Map<string, Entry>>();
  #used = 0;

  constructor(heap: Heap, budget: number = BUDGET) {
    this.#heap = heap;
    this.#budget = budget;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#used;
  }

  /** From now on, things may be kept of this memory. */
  addSource(block: Block): void {
    this.#versions.set(block, 0);
  }

  /** Its numbers have changed. */
  changed(block: Block): void {
    const version = this.#versions.get(block);
    if (version !== undefined) this.#versions.set(block, version + 1);
  }

  /** It is given back, and all that is kept of it. */
  removeSource(block: Block): void {
    this.#versions.delete(block);
    for (const entry of this.#entries.get(block)?.values() ?? []) this.#free(entry);
    this.#entries.delete(block);
  }

  /** Nothing that is kept can be relied on any more. */
  clear(): void {
    for (const entries of this.#entries.values()) for (const entry of entries.values()) this.#free(entry);
    this.#entries.clear();
  }

  /**
   * Memory for what is computed from a source, and whether that has to be done first. There is none as long as the source
   * changes from run to run, as in training, nor beyond the budget.
   */
  find(source: Block, key: string, length: number): { readonly start: number; readonly isNew: boolean } | undefined {
    const version = this.#versions.get(source);
    if (version === undefined) return undefined;
    let entries = this.#entries.get(source);
    if (entries === undefined) this.#entries.set(source, (entries = new Map()));
    const entry = entries.get(key);
    if (entry?.version !== version) {
      if (entry !== undefined) this.#free(entry);
      entries.set(key, { version, memory: undefined });
      return undefined;
    }
    if (entry.memory !== undefined) return { start: entry.memory.start, isNew: false };
    if (this.#used + 4 * length > this.#budget) return undefined;
    entry.memory = this.#heap.allocate(length);
    this.#used += 4 * length;
    return { start: entry.memory.start, isNew: true };
  }

  #free(entry: Entry): void {
    if (entry.memory === undefined) return;
    this.#used -= 4 * entry.memory.length;
    this.#heap.free(entry.memory);
    entry.memory = undefined;
  }
}
