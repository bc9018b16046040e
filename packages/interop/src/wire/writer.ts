const utf8 = /* @__PURE__ */ new TextEncoder();

/** Writes one message of a protocol buffer. Long fields are kept as they are until {@link MessageWriter.bytes} joins them. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  #append(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }

  #key(field: number, wire: number): void {
    this.#append(varint(field * 8 + wire));
  }

  /** A whole number; negative ones take ten bytes. */
  integer(field: number, value: number): this {
    this.#key(field, 0);
    this.#append(varint(value));
    return this;
  }

  /** A number of four bytes. */
  float(field: number, value: number): this {
    this.#key(field, 5);
    this.#append(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  /** Bytes, a text, or a message. */
  field(field: number, value: Uint8Array | string | MessageWriter): this {
    const parts =
      value instanceof MessageWriter ? value.#parts : [typeof value === "string" ? utf8.encode(value) : value];
    this.#key(field, 2);
    this.#append(varint(parts.reduce((sum, { length }) => sum + length, 0)));
    for (const part of parts) this.#append(part);
    return this;
  }

  /** The whole message. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** A whole number of variable length, in two's complement of 64 bits. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low + 128);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
