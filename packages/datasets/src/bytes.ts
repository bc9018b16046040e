import { ValueError } from "@convlens/backend";

/** Where bytes come from: memory, a `Blob`, a `Response`, a stream of chunks. */
export type ByteSource =
  Uint8Array | ArrayBuffer | Blob | Response | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Chunks of bytes, one after the other. */
async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source;
  else if (source instanceof ArrayBuffer) yield new Uint8Array(source);
  else if (Symbol.asyncIterator in source) yield* source;
  else {
    const stream = source instanceof ReadableStream ? source : source instanceof Blob ? source.stream() : source.body;
    if (stream === null) return;
    // Not every browser can iterate a stream.
    const reader = stream.getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    } finally {
      await reader.cancel();
    }
  }
}

/** Reads a stream of bytes piece by piece; unpacks it if it is gzipped. What is not asked for is not kept. */
export class ByteReader {
  readonly #what: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array(0);
  #position = 0;

  private constructor(what: string, chunks: AsyncIterator<Uint8Array>) {
    this.#what = what;
    this.#chunks = chunks;
  }

  /** @param what - What is read, for messages: `"IDX file"`. */
  static async open(what: string, source: ByteSource): Promise<ByteReader> {
    const reader = new ByteReader(what, chunksOf(source)[Symbol.asyncIterator]());
    await reader.#fill(2);
    if (reader.#left[0] !== 0x1f || reader.#left[1] !== 0x8b) return reader;
    return new ByteReader(what, chunksOf(unzipped(reader.#rest())));
  }

  /** What has been read ahead, and all that follows. */
  async *#rest(): AsyncGenerator<Uint8Array> {
    yield this.#left;
    for (let next = await this.#chunks.next(); !next.done; next = await this.#chunks.next()) yield next.value;
  }

  /** Has at least so many bytes at hand, if there are as many. */
  async #fill(length: number): Promise<void> {
    const parts = [this.#left];
    let have = this.#left.length;
    while (have < length) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await this.#chunks.next();
      } catch (cause) {
        throw new ValueError(
          `${this.#what}: reading failed after ${this.#position + have} bytes: ${(cause as Error).message}`,
          { cause },
        );
      }
      if (next.done) break;
      parts.push(next.value);
      have += next.value.length;
    }
    if (parts.length === 1) return;
    const joined = new Uint8Array(have);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    this.#left = joined;
  }

  /** The next bytes, exactly so many; an error if the source ends before. */
  async take(length: number, of: string): Promise<Uint8Array> {
    await this.#fill(length);
    if (this.#left.length < length)
      throw new ValueError(
        `${this.#what}: truncated: ${of} needs ${length} bytes from byte ${this.#position} on, but only ${this.#left.length} follow; fetch the file again`,
        { expected: length, got: this.#left.length, fix: "fetch the file again" },
      );
    const taken = this.#left.subarray(0, length);
    this.#left = this.#left.subarray(length);
    this.#position += length;
    return taken;
  }

  /** Up to so many bytes; fewer, or none, at the end. */
  async takeUpTo(length: number): Promise<Uint8Array> {
    await this.#fill(length);
    return this.take(Math.min(length, this.#left.length), "the rest");
  }

  /** An error if anything follows. */
  async end(): Promise<void> {
    await this.#fill(1);
    if (this.#left.length > 0)
      throw new ValueError(
        `${this.#what}: more follows after byte ${this.#position}, where it should end; it is damaged, or another kind of file`,
        {
          expected: "the end",
          got: "more bytes",
        },
      );
  }
}

/** Unpacks gzip as it streams in. */
function unzipped(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  const packed = new ReadableStream<BufferSource>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
    },
  });
  return packed.pipeThrough(new DecompressionStream("gzip"));
}

/** A typed array over a copy of the bytes, whose byte order is turned where it is not that of this machine. */
export function numbersFrom<T>(
  bytes: Uint8Array,
  size: number,
  littleEndian: boolean,
  make: (buffer: ArrayBuffer) => T,
): T {
  const copy = new Uint8Array(bytes);
  const own = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (size > 1 && littleEndian !== own)
    for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  return make(copy.buffer);
}
