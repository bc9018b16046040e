/** A cache that keeps the values used last. */
export class LruCache<T> {
  readonly #capacity: number;
  /** Least recently used first. */
  readonly #values = new Map<string, T>();

  /** @param capacity - Maximum number of values. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Returns the cached value of a key, or makes it. */
  find(key: string, make: () => T): T {
    const value = this.#values.get(key) ?? make();
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.#capacity) this.#values.delete(this.#values.keys().next().value!);
    return value;
  }
}
