import { ValueError } from "@convlens/backend";

/** Ways in which protocol buffers store a field. */
const wireTypes = { varint: 0, fixed64: 1, bytes: 2, group: 3, endGroup: 4, fixed32: 5 } as const;

/** The most fields that a file may have, those of packed numbers aside. */
const MAX_FIELDS = 2 ** 22;
/** The most messages inside of each other. */
const MAX_DEPTH = 32;

const utf8 = /* @__PURE__ */ new TextDecoder();

/** What is left to read of a file; see {@link MAX_FIELDS}. */
interface Budget {
  fields: number;
}

/** An error in the bytes of a protocol buffer. */
export const malformed = (problem: string, position?: number): ValueError =>
  new ValueError({
    operation: "importOnnx",
    problem: `the file is damaged: ${problem}${position === undefined ? "" : ` at byte ${position}`}`,
    fix: "get it again; it may have been cut off while it was copied",
  });

/**
 * Reads one message of a protocol buffer, field by field: `while (reader.next())`, it reads or skips the one of `reader.field`.
 *
 * Every length is checked against the bytes that are there before anything is made of it.
 */
export class MessageReader {
  /** Number of the field that {@link next} found. */
  field = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  readonly #depth: number;
  readonly #budget: Budget;
  #position: number;
  #wire = 0;

  constructor(
    bytes: Uint8Array,
    start = 0,
    end: number = bytes.length,
    depth = 0,
    budget: Budget = { fields: MAX_FIELDS },
  ) {
    if (depth > MAX_DEPTH) throw malformed(`more than ${MAX_DEPTH} messages inside of each other`, start);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = end;
    this.#depth = depth;
    this.#budget = budget;
  }

  /** Goes to the next field; false at the end of the message. Each field must be read or skipped. */
  next(): boolean {
    if (this.#position === this.#end) return false;
    if (--this.#budget.fields < 0) throw malformed(`more than ${MAX_FIELDS} fields`);
    const key = this.#varint();
    this.field = Math.floor(key / 8);
    this.#wire = key % 8;
    if (this.field < 1 || this.field >= 2 ** 29) throw malformed(`a field of number ${this.field}`, this.#position);
    return true;
  }

  /** The field as a whole number, negative ones in two's complement. Beyond 2⁵³ it is rounded. */
  integer(): number {
    this.#expect(wireTypes.varint);
    return this.#varint();
  }

  /** The field as a number of four bytes. */
  float(): number {
    this.#expect(wireTypes.fixed32);
    return this.#view.getFloat32(this.#advance(4), true);
  }

  /** The field as bytes, without a copy. */
  bytes(): Uint8Array {
    const [start, end] = this.#span();
    return this.#bytes.subarray(start, end);
  }

  /** The field as text. */
  text(): string {
    return utf8.decode(this.bytes());
  }

  /** The field as a message. */
  message(): MessageReader {
    const [start, end] = this.#span();
    return new MessageReader(this.#bytes, start, end, this.#depth + 1, this.#budget);
  }

  /** Passes over the field. */
  skip(): void {
    if (this.#wire === wireTypes.varint) this.#varint();
    else if (this.#wire === wireTypes.fixed64) this.#advance(8);
    else if (this.#wire === wireTypes.fixed32) this.#advance(4);
    else this.#span();
  }

  /** Appends the whole numbers of a repeated field, packed or not. */
  integers(to: number[]): void {
    if (this.#wire === wireTypes.varint) to.push(this.#varint());
    else {
      const inner = this.message();
      while (inner.#position < inner.#end) to.push(inner.#varint());
    }
  }

  /** Appends the numbers of a repeated field of four bytes each, packed or not. */
  floats(to: number[]): void {
    if (this.#wire === wireTypes.fixed32) to.push(this.float());
    else to.push(...new Float32Array(aligned(this.bytes(), 4)));
  }

  /**
   * Bytes of the numbers of a repeated field, which {@link copyVarints} or a typed array can read later, when their count is
   * checked.
   */
  packed(): Uint8Array {
    if (this.#wire === wireTypes.bytes) return this.bytes();
    const start = this.#position;
    this.skip();
    return this.#bytes.subarray(start, this.#position);
  }

  #expect(wire: number): void {
    if (this.#wire !== wire)
      throw malformed(`field ${this.field} has the wire type ${this.#wire} in place of ${wire}`, this.#position);
  }

  #span(): [start: number, end: number] {
    this.#expect(wireTypes.bytes);
    const length = this.#varint();
    if (length < 0) throw malformed(`a length of ${length}`, this.#position);
    const start = this.#advance(length);
    return [start, start + length];
  }

  #advance(count: number): number {
    const start = this.#position;
    if (count > this.#end - start) throw malformed(`${count} bytes expected, ${this.#end - start} are left`, start);
    this.#position += count;
    return start;
  }

  #varint(): number {
    const [value, position] = varintAt(this.#bytes, this.#position, this.#end);
    this.#position = position;
    return value;
  }
}

/** A whole number of variable length as a signed one of 64 bits, and where the next byte is. */
function varintAt(bytes: Uint8Array, start: number, end: number): [value: number, next: number] {
  let low = 0;
  let high = 0;
  for (let i = 0; i < 10; i++) {
    if (start + i >= end) throw malformed("a number is cut off", start);
    const byte = bytes[start + i]!;
    const bits = byte & 127;
    if (i < 4) low += bits * 2 ** (7 * i);
    else if (i === 4) {
      low += (bits & 15) * 2 ** 28;
      high += bits >> 4;
    } else high += bits * 2 ** (7 * i - 32);
    if (byte < 128) return [(high | 0) * 2 ** 32 + low, start + i + 1];
  }
  throw malformed("a number of more than ten bytes", start);
}

/** Counts the whole numbers of variable length in packed bytes. */
export function countVarints(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte < 128) count++;
  return count;
}

/** Copies whole numbers of variable length from packed bytes, and returns where the next ones go. */
export function copyVarints(bytes: Uint8Array, to: { [i: number]: number }, at: number): number {
  for (let position = 0; position < bytes.length; at++) {
    const [value, next] = varintAt(bytes, position, bytes.length);
    to[at] = value;
    position = next;
  }
  return at;
}

/** A buffer of these bytes alone, so that numbers of `width` bytes can be viewed in it. */
export function aligned(bytes: Uint8Array, width: number): ArrayBuffer {
  if (bytes.length % width !== 0) throw malformed(`${bytes.length} bytes are not numbers of ${width} bytes`);
  return new Uint8Array(bytes).buffer;
}
