/** Bytes that are written one after the other, with numbers as a WebAssembly module has them. */
export class Bytes {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** All so far. */
  get all(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Adds one at the end. */
  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Adds some at the end. */
  bytes(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  /** An unsigned whole number, seven bits to the byte (LEB128). */
  unsigned(n: number): void {
    let rest = n >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** A signed whole number of 32 bits (LEB128). */
  signed(n: number): void {
    let rest = n | 0;
    while (rest > 0x3f || rest < -0x40) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** A float32, little-endian. */
  float(x: number): void {
    this.bytes(new Uint8Array(Float32Array.of(x).buffer));
  }

  /** A name of plain letters, after its length. */
  text(name: string): void {
    this.unsigned(name.length);
    for (let i = 0; i < name.length; i++) this.byte(name.charCodeAt(i) & 0x7f);
  }

  /** What is written by the callback, after its length. */
  sized(write: (to: Bytes) => void): void {
    const inner = new Bytes();
    write(inner);
    this.unsigned(inner.length);
    this.bytes(inner.all);
  }

  /** A list: its length, then its parts. */
  list<T>(parts: readonly T[], write: (part: T, index: number) => void): void {
    this.unsigned(parts.length);
    parts.forEach(write);
  }
}
