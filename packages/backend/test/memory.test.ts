import { describe, expect, it } from "vitest";
import { BackendError, kernelBackend, type Backend, type Program, type Storage } from "../src/index.ts";

const SIZE = 2 ** 10;
/** Number of variables that fit. */
const ROOM = 20;

/** A backend with little memory that counts its buffers. */
function small(abandon = (): void => undefined): { readonly backend: Backend; readonly held: Set<Float32Array> } {
  const held = new Set<Float32Array>();
  const backend = kernelBackend<Float32Array>({
    name: "small",
    mostBytes: 4 * SIZE * ROOM,
    abandon,
    allocate: (length) => {
      const numbers = [...held].reduce((total, buffer) => total + buffer.length, 0);
      if (numbers + length > SIZE * ROOM) throw new BackendError({ operation: "small", problem: "out of memory" });
      const buffer = new Float32Array(length);
      held.add(buffer);
      return buffer;
    },
    free: (buffer) => void held.delete(buffer),
    upload: (buffer, values) => buffer.set(values),
    download: (buffer) => buffer.slice(),
    copy: (from, to) => to.set(from),
    slice: (buffer, offset, length) => buffer.subarray(offset, offset + length),
    kernels: {
      negate:
        () =>
        ([x], y) =>
          x.forEach((value, i) => (y[i] = -value)),
    },
  });
  return { backend, held };
}

const shape = [SIZE];
const negate = (parts: Partial<Program>): Program => ({
  feeds: [],
  variables: [],
  constants: [],
  instructions: [{ operation: "negate", inputs: [0], attributes: {}, shape }],
  outputs: [1],
  updates: [],
  ...parts,
});

function variable(backend: Backend, value: number): Storage {
  const storage = backend.allocate(SIZE);
  backend.write(storage, new Float32Array(SIZE).fill(value));
  return storage;
}

describe("limited memory", () => {
  it("is reused for variables in a loop that only awaits results", { timeout: 120_000 }, async () => {
    const { backend } = small();
    const kept = variable(backend, 7);
    const program = backend.compile(negate({ variables: [shape] }));
    for (let i = 0; i < 5 * ROOM; i++) {
      const [y] = await program.run([], [variable(backend, i)]);
      expect(y?.[SIZE - 1]).toBe(-i);
    }
    expect((await backend.read(kept))[0]).toBe(7);
  });

  it("is reused for programs in a loop that only awaits results", { timeout: 120_000 }, async () => {
    const { backend } = small();
    const kept = backend.compile(negate({ constants: [{ shape, values: new Float32Array(SIZE).fill(7) }] }));
    for (let i = 0; i < 5 * ROOM; i++) {
      const program = backend.compile(negate({ constants: [{ shape, values: new Float32Array(SIZE).fill(i) }] }));
      expect((await program.run([], []))[0]?.[SIZE - 1]).toBe(-i);
    }
    expect((await kept.run([], []))[0]?.[0]).toBe(-7);
  });

  it("is never exceeded: what does not fit is refused, and fits after something was freed", async () => {
    const { backend } = small();
    const all = Array.from({ length: ROOM }, (_, i) => variable(backend, i));
    const more = variable(backend, 9);
    await expect(backend.read(more)).rejects.toThrow("small: out of memory");
    backend.free(all[3]!);
    // Data that was written while memory was full is not lost.
    expect([...(await backend.read(more))]).toEqual(new Array<number>(SIZE).fill(9));
    expect((await backend.read(all[4]!))[0]).toBe(4);
    await expect(backend.read(backend.allocate(SIZE * ROOM + 1))).rejects.toThrow("small: out of memory");
  });

  it("is taken from caches if necessary", async () => {
    const { backend, held } = small(() => held.delete(kept));
    const kept = new Float32Array(SIZE * (ROOM - 2));
    held.add(kept);
    const all = [variable(backend, 1), variable(backend, 2), variable(backend, 3)];
    for (const [i, each] of all.entries()) expect((await backend.read(each))[5]).toBe(i + 1);
    expect(held.has(kept)).toBe(false);
  });

  it("is taken from the arena of larger programs if necessary", async () => {
    const { backend, held } = small();
    const step = (length: number): Program =>
      negate({
        feeds: [[length]],
        instructions: [{ operation: "negate", inputs: [0], attributes: {}, shape: [length] }],
      });
    const [large, little] = [backend.compile(step(8 * SIZE)), backend.compile(step(16))];
    await large.run([new Float32Array(8 * SIZE)], []);
    await little.run([new Float32Array(16)], []);
    expect(backend.memory()).toBeGreaterThanOrEqual(4 * 8 * SIZE);
    large.dispose();
    await little.run([new Float32Array(16)], []);
    expect(backend.memory()).toBeLessThan(1000);
    expect(held.size).toBe(1);
    little.dispose();
    await backend.read(backend.allocate(0));
    expect(backend.memory()).toBe(0);
  });
});

describe("the event loop", () => {
  it("continues during a loop that only awaits results, so that timers fire", async () => {
    const { backend } = small();
    const program = backend.compile(negate({ feeds: [shape] }));
    const x = new Float32Array(SIZE);
    const seen = { turns: 0 };
    const timer = setInterval(() => seen.turns++, 1);
    // Without a turn of the event loop the loop would not end.
    while (seen.turns < 5) await program.run([x], []);
    clearInterval(timer);
  });

  it("continues between the instructions of a run that took long the last time", async () => {
    let calls = 0;
    const slow = kernelBackend<Float32Array>({
      name: "slow",
      allocate: (length) => new Float32Array(length),
      free: () => undefined,
      upload: (buffer, values) => buffer.set(values),
      download: (buffer) => buffer.slice(),
      copy: (from, to) => to.set(from),
      kernels: {
        negate: () => () => {
          calls++;
          for (const began = performance.now(); performance.now() - began < 15;);
        },
      },
    });
    const large = [2 ** 15];
    const program = slow.compile({
      ...negate({ feeds: [large] }),
      instructions: Array.from({ length: 6 }, (_, i) => ({
        operation: "negate" as const,
        inputs: [i],
        attributes: {},
        shape: large,
      })),
      outputs: [6],
    });
    const x = new Float32Array(large[0]!);
    await program.run([x], []);
    calls = 0;
    const seen: number[] = [];
    const timer = setInterval(() => seen.push(calls), 1);
    await program.run([x], []);
    clearInterval(timer);
    expect(seen.some((count) => count > 0 && count < 6)).toBe(true);
  });
});
