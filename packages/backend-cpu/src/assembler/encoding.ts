/** How numbers are written in a WebAssembly module. */

/** Bytes that are written one after the other. */
export class Bytes {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** Adds a few at the end. */
  push(...bytes: readonly number[]): void {
    this.#reserve(bytes.length);
    for (const byte of bytes) this.#bytes[this.#length++] = byte;
  }

  /** Adds many at the end. */
  add(bytes: Uint8Array): void {
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

  /** All so far. */
  get all(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** An unsigned whole number, seven bits to the byte (LEB128). */
export function unsigned(n: number): number[] {
  const bytes: number[] = [];
  let rest = n >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** A signed whole number of 32 bits (LEB128). */
export function signed(n: number): number[] {
  const bytes: number[] = [];
  let rest = n | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

/** A float32, little-endian. */
export const float = (x: number): number[] => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x, true);
  return [0, 1, 2, 3].map((i) => view.getUint8(i));
};

/** A list: its length, then its parts. */
export const vector = (parts: readonly (readonly number[])[]): number[] => [...unsigned(parts.length), ...parts.flat()];

/** Bytes after their number. */
export const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];

/** A name. */
export const text = (name: string): number[] => sized([...new TextEncoder().encode(name)]);
