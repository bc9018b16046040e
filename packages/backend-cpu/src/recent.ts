/** What is made for keys, of which those used last are kept. */
export class Recent<T> {
  readonly #most: number;
  /** Longest unused first. */
  readonly #made = new Map<string, T>();

  /** @param most - Number of values kept. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The value of this key: kept, or made. */
  find(key: string, make: () => T): T {
    const value = this.#made.get(key) ?? make();
    this.#made.delete(key);
    this.#made.set(key, value);
    if (this.#made.size > this.#most) this.#made.delete(this.#made.keys().next().value!);
    return value;
  }
}
