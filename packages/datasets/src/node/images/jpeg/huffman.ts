import { viewOf } from "../viewOf.ts";

/** Number of bits of the lookup table. */
const FAST = 8;
const LONGEST = 16;

/** Reads the bits of a scan. Past the end it returns zeros when peeking, and throws when consuming. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #bits = 0;
  #count = 0;
  /** Number of buffered bits that are past the end of the data. */
  #missing = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #fill(): void {
    while (this.#count <= 16) {
      const byte = this.#bytes[this.#at];
      // 0xff is stored as 0xff 0x00; any other byte after it makes a marker.
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

  /** Peeks at the next bits, at most 16. */
  peek(length: number): number {
    if (this.#count < length) this.#fill();
    return (this.#bits >> (this.#count - length)) & ((1 << length) - 1);
  }

  /** Consumes bits. */
  skip(length: number): void {
    this.#count -= length;
    if (this.#count < this.#missing) throw new Error("pixels are missing");
  }

  /** Consumes an unsigned number of at most 16 bits. */
  take(length: number): number {
    if (length === 0) return 0;
    const bits = this.peek(length);
    this.skip(length);
    return bits;
  }

  /** Consumes a signed number: values with the highest bit set are positive, the others are offset to negative ones. */
  takeSigned(length: number): number {
    if (length === 0) return 0;
    const bits = this.take(length);
    return bits < 1 << (length - 1) ? bits - (1 << length) + 1 : bits;
  }

  /** Skips past the next restart marker. */
  restart(): void {
    while (this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1] === 0xff) this.#at++;
    const code = this.#bytes[this.#at + 1];
    if (this.#bytes[this.#at] !== 0xff || code === undefined || code < 0xd0 || code > 0xd7)
      throw new Error("a restart marker is missing");
    this.#at += 2;
    this.#bits = this.#count = this.#missing = 0;
  }
}

/** A canonical Huffman code: shorter codes come first, and codes of one length are consecutive. */
export class HuffmanTable {
  readonly #values: Uint8Array;
  /** Length and value by the first bits of a code, or 0 for a longer code. */
  readonly #fast: Uint16Array = new Uint16Array(1 << FAST);
  /** For each length: the code after its last one, and the offset from a code to the index of its value. */
  readonly #end: Int32Array = new Int32Array(LONGEST + 1);
  readonly #offset: Int32Array = new Int32Array(LONGEST + 1);

  /**
   * @param counts - Number of codes of each length from 1 to 16.
   * @param values - Values in the order of the codes.
   * @throws `Error` for more codes than the lengths allow.
   */
  constructor(counts: Uint8Array, values: Uint8Array) {
    this.#values = values;
    let code = 0;
    let place = 0;
    for (const [i, count] of counts.entries()) {
      const length = i + 1;
      this.#offset[length] = place - code;
      for (const value of values.subarray(place, place + count)) {
        if (length <= FAST)
          this.#fast.fill((length << 8) | value, code << (FAST - length), (code + 1) << (FAST - length));
        code++;
      }
      place += count;
      if (code > 1 << length) throw new Error("a Huffman table has too many codes");
      this.#end[length] = code;
      code <<= 1;
    }
  }

  /** Decodes one value. */
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
  const view = viewOf(data);
  for (let at = 0; at < data.length;) {
    const place = view.getUint8(at);
    const counts = data.subarray(at + 1, at + 1 + LONGEST);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = data.subarray(at + 1 + LONGEST, at + 1 + LONGEST + total);
    if (counts.length < LONGEST || values.length < total || total > 256 || (place & 0xef) > 3)
      throw new Error("a Huffman table is damaged");
    tables[(place >> 4) * 4 + (place & 3)] = new HuffmanTable(counts, values);
    at += 1 + LONGEST + total;
  }
}
