import { BackendError } from "@convlens/backend";
import { LARGEST_SHARED } from "./assembler/module.ts";

/** A stretch of the memory, in bytes. */
interface Gap {
  readonly start: number;
  readonly end: number;
}

/** A piece of memory that holds numbers. */
export interface Block {
  /** Where it begins, in bytes. */
  readonly start: number;
  /** How many numbers it holds. */
  readonly length: number;
}

const PAGE = 65536;
const LARGEST = 65536 * PAGE;
/** Blocks begin where a cache line does. */
const LINE = 64;

/** The one memory of a backend: blocks that come and go. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  // The first line and the last stay empty: address 0 belongs to nobody, and a vector may be read beyond the end of a block.
  #gaps: Gap[] = [{ start: LINE, end: PAGE - LINE }];
  #views = new WeakMap<Block, Float32Array>();

  /** @param isShared - With other threads. */
  constructor(isShared = false) {
    this.memory = new WebAssembly.Memory(
      isShared ? { initial: 1, maximum: LARGEST_SHARED, shared: true } : { initial: 1 },
    );
  }

  /** Memory for so many numbers: the first gap that is large enough. */
  allocate(length: number): Block {
    const bytes = Math.max(LINE, Math.ceil((4 * length) / LINE) * LINE);
    const i = this.#gaps.findIndex(({ start, end }) => end - start >= bytes);
    if (i < 0) {
      this.#grow(bytes);
      return this.allocate(length);
    }
    const { start, end } = this.#gaps[i]!;
    this.#gaps.splice(i, 1, ...(end > start + bytes ? [{ start: start + bytes, end }] : []));
    return { start, length };
  }

  /** Gives a block back; neighbouring gaps become one. */
  free({ start, length }: Block): void {
    const end = start + Math.max(LINE, Math.ceil((4 * length) / LINE) * LINE);
    const gaps = [...this.#gaps, { start, end }].sort((a, b) => a.start - b.start);
    this.#gaps = [];
    for (const gap of gaps) {
      const last = this.#gaps.at(-1);
      if (last?.end === gap.start) this.#gaps.splice(-1, 1, { start: last.start, end: gap.end });
      else this.#gaps.push(gap);
    }
  }

  #grow(bytes: number): void {
    const before = this.memory.buffer.byteLength;
    const least = Math.ceil(bytes / PAGE) * PAGE;
    // Doubled, so that growing is rare: it costs a copy.
    const wanted = Math.max(least, Math.min(before, LARGEST - before));
    try {
      if (before + least > LARGEST) throw new RangeError("WebAssembly has 4 GiB at most");
      this.memory.grow(wanted / PAGE);
    } catch (cause) {
      const mebibytes = (n: number): string => `${(n / 2 ** 20).toFixed(1)} MiB`;
      throw new BackendError(
        `cpu: out of memory: ${mebibytes(bytes)} more were wanted, ${mebibytes(before)} are in use; use a smaller batch, or free what is not needed`,
        { expected: "at most 4 GiB", got: before + bytes, fix: "a smaller batch", cause },
      );
    }
    this.free({ start: before - LINE, length: wanted / 4 });
  }

  /** The numbers of a block, to read and write until the memory grows. */
  view(block: Block): Float32Array {
    const known = this.#views.get(block);
    if (known !== undefined && known.buffer === this.memory.buffer) return known;
    const view = new Float32Array(this.memory.buffer, block.start, block.length);
    this.#views.set(block, view);
    return view;
  }
}
