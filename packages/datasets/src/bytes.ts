import { FILE_KIND_BYTES, fileKind, ValueError } from "@convlens/backend";

/** Source of bytes: memory, a `Blob`, a `Response`, or a stream of chunks. */
export type ByteSource =
  Uint8Array | ArrayBuffer | Blob | Response | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Largest number of bytes that are read of one file: 2 GiB, which fits into one array in every engine. */
export const MOST_BYTES: number = 2 ** 31;

/** Yields the chunks of a source. */
async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source;
  else if (source instanceof ArrayBuffer) yield new Uint8Array(source);
  else if (ArrayBuffer.isView(source)) yield new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  else if (Symbol.asyncIterator in source) yield* source;
  else {
    const stream = source instanceof ReadableStream ? source : source instanceof Blob ? source.stream() : source.body;
    if (stream === null) return;
    // Not every browser can iterate a stream.
    const reader = stream.getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    } finally {
      // A failed stream rejects again.
      await reader.cancel().catch(() => undefined);
    }
  }
}

function checkSource(what: string, source: unknown): void {
  if (
    typeof source === "object" &&
    source !== null &&
    (ArrayBuffer.isView(source) ||
      [ArrayBuffer, ReadableStream, Blob, Response].some((Kind) => source instanceof Kind) ||
      Symbol.asyncIterator in source)
  )
    return;
  throw new ValueError({
    operation: what,
    expected: "its bytes (a Uint8Array, an ArrayBuffer, a Blob, a Response or a stream)",
    got: source,
    fix: "read or fetch the file first",
  });
}

/** Reads a stream of bytes, and unpacks it if it is gzipped. Keeps only what was asked for. */
export class ByteReader {
  readonly #what: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array(0);
  #position = 0;

  private constructor(what: string, chunks: AsyncIterator<Uint8Array>) {
    this.#what = what;
    this.#chunks = chunks;
  }

  /** Opens a source of any kind, and unpacks it. */
  static async #open(what: string, source: ByteSource): Promise<ByteReader> {
    checkSource(what, source);
    const reader = new ByteReader(what, chunksOf(source)[Symbol.asyncIterator]());
    await reader.#fill(2);
    if (reader.#left[0] !== 0x1f || reader.#left[1] !== 0x8b) return reader;
    return new ByteReader(what, chunksOf(unzipped(reader.#rest())));
  }

  /**
   * Opens a source, calls `read` with its reader, and closes it.
   *
   * @param what - Name of the kind of file in messages: `"IDX file"`.
   * @param own - Name of the kind in {@link fileKind}; other known kinds are refused by name.
   * @throws `ValueError` for a value that is not a source of bytes, and for a file of another kind.
   */
  static async read<T>(
    what: string,
    source: ByteSource,
    read: (reader: ByteReader) => Promise<T>,
    own?: string,
  ): Promise<T> {
    const reader = await ByteReader.#open(what, source);
    try {
      await reader.#fill(FILE_KIND_BYTES);
      const kind = fileKind(reader.#left);
      if (kind !== undefined && kind.name !== own)
        throw new ValueError({ operation: what, problem: `this is ${kind.name}`, fix: kind.fix });
      return await read(reader);
    } finally {
      await reader.#chunks.return?.();
    }
  }

  /** Number of bytes that were taken so far, of the unpacked file. */
  get position(): number {
    return this.#position;
  }

  /** Yields the bytes that were read ahead, and all that follow. */
  async *#rest(): AsyncGenerator<Uint8Array> {
    try {
      yield this.#left;
      for (let next = await this.#chunks.next(); !next.done; next = await this.#chunks.next()) yield next.value;
    } finally {
      await this.#chunks.return?.();
    }
  }

  /** Reads ahead until `length` bytes are available, or the source ends. */
  async #fill(length: number): Promise<void> {
    const parts = [this.#left];
    let have = this.#left.length;
    while (have < length) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await this.#chunks.next();
      } catch (cause) {
        throw new ValueError({
          operation: this.#what,
          problem: `reading failed after ${this.#position + have} bytes: ${(cause as Error).message}`,
          cause,
        });
      }
      if (next.done) break;
      if (!(next.value instanceof Uint8Array))
        throw new ValueError({ operation: this.#what, expected: "chunks of bytes (Uint8Array)", got: next.value });
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

  /**
   * Reads the next `length` bytes.
   *
   * @param of - Name of these bytes in messages: `"the header"`.
   * @throws `ValueError` if the source ends before, or for more bytes than fit into memory.
   */
  async take(length: number, of: string): Promise<Uint8Array> {
    if (length > MOST_BYTES)
      throw new ValueError({
        operation: this.#what,
        expected: `at most ${MOST_BYTES} bytes for ${of}`,
        got: length,
        fix: "split the file, if it is not damaged",
      });
    await this.#fill(length);
    if (this.#left.length < length)
      throw new ValueError({
        operation: this.#what,
        problem: "truncated",
        expected: `${length} bytes of ${of} from byte ${this.#position} on`,
        got: this.#left.length,
        fix: "fetch the file again",
      });
    const taken = this.#left.subarray(0, length);
    this.#left = this.#left.subarray(length);
    this.#position += length;
    return taken;
  }

  /** Reads at most `length` bytes; fewer, or none, at the end. */
  async takeUpTo(length: number): Promise<Uint8Array> {
    await this.#fill(length);
    return this.take(Math.min(length, this.#left.length), "the rest");
  }

  /** @throws `ValueError` if more bytes follow. */
  async end(): Promise<void> {
    await this.#fill(1);
    if (this.#left.length > 0)
      throw new ValueError({
        operation: this.#what,
        problem: `more follows after byte ${this.#position}, where it should end`,
        fix: "it is damaged, or another kind of file",
      });
  }
}

/** Number of packed bytes that are unpacked at once: at most 16 MiB, since one byte unpacks to at most 1032. */
const PACKED_AT_ONCE = 2 ** 14;

/** Unpacks a stream of gzip. */
function unzipped(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  let left = new Uint8Array(0) as Uint8Array;
  const packed = new ReadableStream<BufferSource>({
    async pull(controller) {
      while (left.length === 0) {
        const next = await chunks.next();
        if (next.done) return controller.close();
        left = next.value;
      }
      controller.enqueue(left.subarray(0, PACKED_AT_ONCE) as Uint8Array<ArrayBuffer>);
      left = left.subarray(PACKED_AT_ONCE);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
  return packed.pipeThrough(new DecompressionStream("gzip"));
}

/** Typed array of a copy of the bytes, in the byte order of this machine. */
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
