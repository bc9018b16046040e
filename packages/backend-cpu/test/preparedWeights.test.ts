import { conv2dGeometry, Random, type Backend, type Program, type Values } from "@convlens/backend";
import { describe, expect, it } from "vitest";
import { Heap } from "../src/heap.ts";
import { cpu } from "../src/index.ts";
import { PreparedWeights } from "../src/preparedWeights.ts";

describe("prepared weights", () => {
  it("are computed at the second request for the same weights, once, and again after a change", () => {
    const heap = new Heap();
    const prepared = new PreparedWeights(heap);
    const source = heap.allocate(10);
    expect(prepared.find(source, "a", 100)).toBeUndefined();
    prepared.add(source);
    expect(prepared.find(source, "a", 100)).toBeUndefined();
    const first = prepared.find(source, "a", 100)!;
    expect(first.isNew).toBe(true);
    expect(prepared.find(source, "a", 100)).toEqual({ start: first.start, isNew: false });
    // Another key has its own memory.
    expect(prepared.find(source, "b", 100)).toBeUndefined();
    expect(prepared.find(source, "b", 100)!.start).not.toBe(first.start);
    prepared.invalidate(source);
    expect(prepared.find(source, "a", 100)).toBeUndefined();
    expect(prepared.find(source, "a", 100)?.isNew).toBe(true);
    prepared.clear();
    expect(prepared.bytes).toBe(0);
    expect(prepared.find(source, "a", 100)).toBeUndefined();
  });

  it("are freed with their weights, stay within their budget, and are not cached for weights that change in every run", () => {
    const heap = new Heap();
    const prepared = new PreparedWeights(heap, 1000);
    const [one, two] = [heap.allocate(1), heap.allocate(1)];
    for (const source of [one, two]) prepared.add(source);
    for (let turn = 0; turn < 5; turn++) {
      prepared.invalidate(one);
      expect(prepared.find(one, "a", 10)).toBeUndefined();
    }
    expect(prepared.find(one, "a", 200)).toBeDefined();
    expect(prepared.bytes).toBe(800);
    prepared.find(two, "a", 100);
    expect(prepared.find(two, "a", 100)).toBeUndefined();
    prepared.remove(one);
    expect(prepared.bytes).toBe(0);
    expect(prepared.find(two, "a", 100)?.isNew).toBe(true);
  });
});

describe("prepared filters", () => {
  const geometry = conv2dGeometry([2, 9, 9, 8], [3, 3, 8, 8]);
  const [x, w] = [new Random(1).uniform(2 * 81 * 8), new Random(2).uniform(9 * 64)];
  /** y = x * w, and, if it trains, w ← w + w in its own memory. */
  const program = (trains: boolean): Program => ({
    feeds: [[2, 9, 9, 8]],
    variables: [[3, 3, 8, 8]],
    constants: [],
    instructions: [
      { operation: "conv2d", inputs: [0, 1], attributes: { geometry }, shape: [2, 7, 7, 8] },
      ...(trains ? [{ operation: "add" as const, inputs: [1, 1], attributes: {}, shape: [3, 3, 8, 8] }] : []),
    ],
    outputs: [2],
    updates: trains ? [{ variable: 0, value: 3 }] : [],
  });
  const run = async (backend: Backend, storage: ReturnType<Backend["allocate"]>, trains = false): Promise<Values> => {
    const executable = backend.compile(program(trains));
    const [y] = await executable.run([x], [storage]);
    executable.dispose();
    return y!;
  };

  it.each([1, 2])("are invalidated by every kind of change, on %i threads", async (threads) => {
    const backend = await cpu({ threads });
    const storage = backend.allocate(w.length);
    const ratio = async (trains = false): Promise<number> => {
      const y = await run(backend, storage, trains);
      return Math.round(y[0]! / first[0]!);
    };
    backend.write(storage, w);
    const first = await run(backend, storage);
    for (let turn = 0; turn < 3; turn++) expect(await run(backend, storage)).toEqual(first);
    // The run that changes them still reads the old weights.
    expect(await ratio(true)).toBe(1);
    for (let turn = 0; turn < 3; turn++) expect(await ratio()).toBe(2);
    backend.write(
      storage,
      w.map((v) => 3 * v),
    );
    for (let turn = 0; turn < 3; turn++) expect(await ratio()).toBe(3);
    backend.dispose();
  });
});
