import { BackendError, Random } from "@convlens/backend";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Heap, type Block } from "../src/heap.ts";
import { cpu } from "../src/index.ts";

describe("the heap", () => {
  it("allocates blocks that do not overlap and begin at cache lines, and frees them", () => {
    const heap = new Heap();
    const random = new Random(1);
    const blocks: Block[] = [];
    for (let i = 0; i < 3000; i++) {
      if (blocks.length > 0 && random.next() < 0.45) heap.free(blocks.splice(random.integer(blocks.length), 1)[0]!);
      else {
        const block = heap.allocate(random.integer(3000));
        expect(block.start % 64).toBe(0);
        expect(block.start).toBeGreaterThan(0);
        for (const other of blocks)
          expect(block.start + 4 * block.length <= other.start || other.start + 4 * other.length <= block.start).toBe(
            true,
          );
        blocks.push(block);
      }
    }
    for (const block of blocks) heap.free(block);
    const size = heap.memory.buffer.byteLength;
    // All blocks are joined again: the whole memory can be allocated without growing.
    heap.allocate(size / 4 - 32);
    expect(heap.memory.buffer.byteLength).toBe(size);
  });

  it("keeps numbers when it grows", () => {
    const heap = new Heap();
    const block = heap.allocate(10);
    heap.view(block).fill(7);
    heap.allocate(1_000_000);
    expect([...heap.view(block)]).toEqual(new Array(10).fill(7));
  });

  it("reports the requested size when memory is full", () => {
    const heap = new Heap();
    expect(() => heap.allocate(2 ** 31)).toThrow(
      /cpu: out of memory: 8192\.0 MiB more were wanted, 0\.1 MiB are in use; use a smaller batch/,
    );
    expect(heap.allocate(10).length).toBe(10);
  });
});

describe("a process that may not reserve memory", () => {
  afterEach(() => vi.restoreAllMocks());

  it("gets an error with advice", async () => {
    vi.spyOn(WebAssembly, "Memory").mockImplementation(function () {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    });
    for (const threads of [1, 2]) {
      const error: unknown = await cpu({ threads }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(BackendError);
      expect((error as Error).message).toMatch(
        /cannot reserve memory for WebAssembly.*ulimit -v.*or use reference\(\)/,
      );
    }
    for (const where of ["here", "shared"] as const) expect(() => new Heap(where)).toThrow(BackendError);
  });
});
