/** Bits of a code that are looked up at once. */
const FAST = 8;
const LONGEST = 16;

/** Reads the bits of a scan. Behind its last one it gives zeros to look at, which cannot be taken. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #bits = 0;
  #count = 0;
  /** How many of the bits at hand were not in the file. */
  #missing = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #fill(): void {
    while (this.#count <= 16) {
      const byte = this.#bytes[this.#at];
      // 0xff is written as 0xff 0x00; anything else behind it is a marker.
      if (byte === undefined || (byte === 0xff && this.#bytes[this.#at + 1] !== 0)) {
        this.#bits <<= 8;
        this.#missing += 8;
      } else {
        this.#bits = (this.#bits << 8) | byte;
        this.#at += byte === 0xff ? 2 : 1;
      }
      this.#count += 8;
    }
  }

  /** Looks at the next bits, 16 at most. */
  peek(length: number): number {
    if (this.#count < length) this.#fill();
    return (this.#bits >> (this.#count - length)) & ((1 << length) - 1);
  }

  /** Takes bits that were looked at. */
  skip(length: number): void {
    this.#count -= length;
    if (this.#count < this.#missing) throw new Error("pixels are missing");
  }

  /** Takes a number of as many bits, 16 at most. */
  take(length: number): number {
    if (length === 0) return 0;
    const bits = this.peek(length);
    this.skip(length);
    return bits;
  }

  /** Takes a number of as many bits whose upper half stands for itself, and whose lower half is negative. */
  takeSigned(length: number): number {
    if (length === 0) return 0;
    const bits = this.take(length);
    return bits < 1 << (length - 1) ? bits - (1 << length) + 1 : bits;
  }

  /** Goes on behind the next restart marker. */
  restart(): void {
    while (this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1] === 0xff) this.#at++;
    const code = this.#bytes[this.#at + 1];
    if (this.#bytes[this.#at] !== 0xff || code === undefined || code < 0xd0 || code > 0xd7)
      throw new Error("a restart marker is missing");
    this.#at += 2;
    this.#bits = this.#count = this.#missing = 0;
  }
}

/** A Huffman code: shorter codes come first, and those of one length are numbers in a row. */
export class HuffmanTable {
  readonly #values: Uint8Array;
  /** For the first bits of a code: its length and value, or 0 for a longer one. */
  readonly #fast: Uint16Array = new Uint16Array(1 << FAST);
  /** For each length: the code behind its last one, and what leads from a code to the place of its value. */
  readonly #end: Int32Array = new Int32Array(LONGEST + 1);
  readonly #offset: Int32Array = new Int32Array(LONGEST + 1);

  /**
   * @param counts - For each length from 1 to 16, how many codes have it.
   * @param values - Of the codes, in their order.
   * @throws `Error` where there are more codes than their lengths allow.
   */
  constructor(counts: Uint8Array, values: Uint8Array) {
    this.#values = values;
    let code = 0;
    let place = 0;
    for (let length = 1; length <= LONGEST; length++) {
      const count = counts[length - 1]!;
      this.#offset[length] = place - code;
      for (let i = 0; i < count; i++, code++, place++)
        if (length <= FAST)
          this.#fast.fill((length << 8) | values[place]!, code << (FAST - length), (code + 1) << (FAST - length));
      if (code > 1 << length) throw new Error("a Huffman table has too many codes");
      this.#end[length] = code;
      code <<= 1;
    }
  }

  /** Takes one value. */
  take(reader: BitReader): number {
    const known = this.#fast[reader.peek(FAST)]!;
    if (known !== 0) {
      reader.skip(known >> 8);
      return known & 255;
    }
    for (let length = FAST + 1; length <= LONGEST; length++) {
      const code = reader.peek(length);
      if (code >= this.#end[length]!) continue;
      reader.skip(length);
      return this.#values[code + this.#offset[length]!]!;
    }
    throw new Error("a code is not in its Huffman table");
  }
}

/** Reads the Huffman tables of a segment into `tables`: first the four of DC coefficients, then the four of AC. */
export function readHuffmanTables(data: Uint8Array, tables: (HuffmanTable | undefined)[]): void {
  for (let at = 0; at < data.length;) {
    const place = data[at]!;
    const counts = data.subarray(at + 1, at + 1 + LONGEST);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = data.subarray(at + 1 + LONGEST, at + 1 + LONGEST + total);
    if (counts.length < LONGEST || values.length < total || total > 256 || (place & 0xef) > 3)
      throw new Error("a Huffman table is damaged");
    tables[(place >> 4) * 4 + (place & 3)] = new HuffmanTable(counts, values);
    at += 1 + LONGEST + total;
  }
}
