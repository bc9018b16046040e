import { BackendError } from "@convlens/backend";
import { LARGEST_SHARED } from "./assembler/module.ts";

/** A free range of the memory, in bytes. */
interface Gap {
  readonly start: number;
  readonly end: number;
}

/** Bytes of a number in the memory. */
export const BYTES = 4;

/**
 * An address in the memory, in bytes. All distances and lengths in kernels are counts of numbers, and the compiler tells both
 * apart: {@link after} moves an address.
 */
export type Address = number & { readonly unit: "byte" };

/** The address `count` numbers after another one. */
export const after = (address: Address, count: number): Address => (address + BYTES * count) as Address;

/** The address of an argument that is not used. */
export const NOWHERE = 0 as Address;

/** A range of the memory that holds numbers. */
export interface Block {
  readonly start: Address;
  /** Number of float32 values. */
  readonly length: number;
}

const PAGE = 65536;
/** Maximum number of bytes of a WebAssembly memory. */
export const LARGEST: number = 65536 * PAGE;
/** Blocks begin at multiples of a cache line, in bytes. */
const LINE = 64;

/** The error of an allocation that does not fit. */
export function outOfMemory(wanted: number, used: number, cause?: unknown): BackendError {
  const mebibytes = (n: number): string => `${(n / 2 ** 20).toFixed(1)} MiB`;
  return new BackendError({
    operation: "cpu",
    problem: `out of memory: ${mebibytes(wanted)} more were wanted, ${mebibytes(used)} are in use`,
    fix: "use a smaller batch, or free what is not needed",
    cause,
  });
}

/** The error of a process that may not reserve the address space of a WebAssembly memory. */
export const cannotReserve = (cause: unknown): BackendError =>
  new BackendError({
    operation: "cpu",
    problem: "this process cannot reserve memory for WebAssembly, which takes 4 to 10 GiB of addresses",
    fix: "raise its limit (ulimit -v unlimited), start node with --disable-wasm-trap-handler, or use reference()",
    cause,
  });

/** Allocates blocks in the memory of a backend. */
export class Heap {
  readonly #memory: WebAssembly.Memory | undefined;
  #size = PAGE;
  // The first and the last cache line stay empty: address 0 is never used, and a vector may be read beyond the end of a block.
  readonly #gaps: Gap[] = [{ start: LINE, end: PAGE - LINE }];
  #views = new WeakMap<Block, Float32Array>();

  /** @param where - Whether the memory belongs to this thread, is shared with other threads, or belongs to another one. */
  constructor(where: "here" | "shared" | "elsewhere" = "here") {
    if (where === "elsewhere") return;
    try {
      this.#memory = new WebAssembly.Memory(
        where === "shared" ? { initial: 1, maximum: LARGEST_SHARED, shared: true } : { initial: 1 },
      );
    } catch (cause) {
      throw cannotReserve(cause);
    }
  }

  /** The memory, if this thread can access it. */
  get memory(): WebAssembly.Memory {
    if (this.#memory === undefined) throw new Error("this memory belongs to another thread");
    return this.#memory;
  }

  /** Number of bytes that the memory must have, for all blocks and for a vector read beyond the end of the last one. */
  get reach(): number {
    const { start, end } = this.#gaps.at(-1) ?? { start: 0, end: 0 };
    return end === this.#size - LINE ? start + LINE : this.#size;
  }

  /** Allocates `length` numbers in the first gap that is large enough. */
  allocate(length: number): Block {
    const bytes = Math.max(LINE, Math.ceil((BYTES * length) / LINE) * LINE);
    const i = this.#gaps.findIndex(({ start, end }) => end - start >= bytes);
    if (i < 0) {
      this.#grow(bytes);
      return this.allocate(length);
    }
    const { start, end } = this.#gaps[i]!;
    this.#gaps.splice(i, 1, ...(end > start + bytes ? [{ start: start + bytes, end }] : []));
    return { start: start as Address, length };
  }

  /** Frees a block, and joins neighbouring gaps. */
  free({ start, length }: Block): void {
    const gaps = this.#gaps;
    let end = start + Math.max(LINE, Math.ceil((BYTES * length) / LINE) * LINE);
    // The first gap behind the block.
    let [low, high] = [0, gaps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (gaps[middle]!.start < start) low = middle + 1;
      else high = middle;
    }
    const before = gaps[low - 1];
    const after = gaps[low];
    const joinsBefore = before?.end === start;
    const joinsAfter = after?.start === end;
    if (joinsAfter) end = after.end;
    const first = joinsBefore ? low - 1 : low;
    gaps.splice(first, low + Number(joinsAfter) - first, { start: joinsBefore ? before.start : start, end });
  }

  #grow(bytes: number): void {
    const before = this.#size;
    const least = Math.ceil(bytes / PAGE) * PAGE;
    // The memory is doubled, since growing costs a copy.
    const wanted = Math.max(least, Math.min(before, LARGEST - before));
    try {
      if (before + least > LARGEST) throw new RangeError("WebAssembly has 4 GiB at most");
      this.#memory?.grow(wanted / PAGE);
    } catch (cause) {
      throw outOfMemory(bytes, before, cause);
    }
    this.#size += wanted;
    this.free({ start: (before - LINE) as Address, length: wanted / BYTES });
  }

  /** A view of a block's numbers, valid until the memory grows. */
  view(block: Block): Float32Array {
    const known = this.#views.get(block);
    if (known !== undefined && known.buffer === this.memory.buffer) return known;
    const view = new Float32Array(this.memory.buffer, block.start, block.length);
    this.#views.set(block, view);
    return view;
  }
}
