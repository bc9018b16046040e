import { conv2dGeometry, type Backend, type Program, type Shape, type Values } from "@convlens/backend";
import { afterEach, describe, expect, it, vi } from "vitest";
import { load4 } from "../src/assembler/expression.ts";
import { defineFunction } from "../src/defineFunction.ts";
import type { Address } from "../src/heap.ts";
import { cpu } from "../src/index.ts";
import { RemoteExecutor } from "../src/remoteExecutor.ts";
import { Runtime } from "../src/runtime.ts";
import { limits } from "./limits.ts";

const copyFour = defineFunction({
  name: "copy",
  write: (f, _: object, at) => f.store4(at, load4(at)),
});

// In pages without shared memory, as most hosts serve them.

/** A chain of convolutions of an image that takes some tenths of a second, and w ← w + w at its end. */
const shape: Shape = [4, 96, 96, 64];
const geometry = conv2dGeometry(shape, [3, 3, 64, 64], { padding: "same" });
const heavy: Program = {
  feeds: [shape],
  variables: [[3, 3, 64, 64]],
  constants: [],
  instructions: [
    ...Array.from({ length: 8 }, (_, i) => ({
      operation: "conv2d" as const,
      inputs: [i === 0 ? 0 : i + 1, 1],
      attributes: { geometry },
      shape,
    })),
    { operation: "add", inputs: [1, 1], attributes: {}, shape: [3, 3, 64, 64] },
  ],
  outputs: [9],
  updates: [{ variable: 0, value: 10 }],
};
const image = new Float32Array(4 * 96 * 96 * 64).fill(1);
/** Identity filters: the centre of each is the unit matrix. */
const identity = Float32Array.from({ length: 9 * 64 * 64 }, (_, i) => {
  const [tap, from, to] = [Math.floor(i / 4096), Math.floor(i / 64) % 64, i % 64];
  return tap === 4 && from === to ? 1 : 0;
});

/** Runs the long program, with its filters in a variable. */
function begin(backend: Backend, signal?: AbortSignal): { result: Promise<Values[]>; filters: () => Promise<Values> } {
  const storage = backend.allocate(identity.length);
  backend.write(storage, identity);
  const result = backend.compile(heavy).run([image], [storage], { signal });
  return { result, filters: () => backend.read(storage) };
}

/** Records the workers that start after this call. */
function watchWorkers(): Worker[] {
  const workers: Worker[] = [];
  const Original = Worker;
  vi.stubGlobal(
    "Worker",
    class extends Original {
      constructor(url: string) {
        super(url);
        workers.push(this);
      }
    },
  );
  return workers;
}

afterEach(() => vi.unstubAllGlobals());

describe("a page without shared memory", () => {
  it("warns once that it has one thread, and how to get more", async () => {
    expect([crossOriginIsolated, typeof SharedArrayBuffer]).toEqual([false, "undefined"]);
    const info = vi.spyOn(console, "info").mockImplementation(() => undefined);
    expect([(await cpu({ threads: 2 })).name, (await cpu({ threads: 4 })).name]).toEqual(["cpu", "cpu"]);
    expect(info.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^cpu: runs on one thread, .* Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Em/,
        ),
      ],
    ]);
    info.mockRestore();
  });

  it("draws frames while a program runs", async () => {
    const backend = await cpu({ threads: 1 });
    let frames = 0;
    let isOver = false;
    const draw = (): void => {
      frames++;
      if (!isOver) requestAnimationFrame(draw);
    };
    const { result } = begin(backend);
    requestAnimationFrame(draw);
    const [y] = await result;
    isOver = true;
    expect(frames).toBeGreaterThan(0);
    expect(y!.every((value) => Math.abs(value - 1) < 1e-3)).toBe(true);
    backend.dispose();
  });

  it("can cancel a program while it runs, and then updates no variable", async () => {
    const backend = await cpu({ threads: 1 });
    const controller = new AbortController();
    const { result, filters } = begin(backend, controller.signal);
    requestAnimationFrame(() => controller.abort(new Error("enough")));
    await expect(result).rejects.toThrow("enough");
    expect(await filters()).toEqual(identity);
    backend.dispose();
  });

  it("can dispose of a backend while a program runs: earlier work is completed, later work is refused", async () => {
    const workers = watchWorkers();
    const backend = await cpu({ threads: 1 });
    const terminate = vi.spyOn(workers[0]!, "terminate");
    const { result, filters } = begin(backend);
    backend.dispose();
    expect((await result)[0]?.length).toBe(image.length);
    await expect(filters()).rejects.toThrow("this backend was disposed");
    expect([workers.length, terminate.mock.calls.length]).toEqual([1, 1]);
  });

  it("gets an error if its worker ends while a program runs, and can create a new backend", async () => {
    const workers = watchWorkers();
    const backend = await cpu({ threads: 1 });
    const { result, filters } = begin(backend);
    await new Promise((resolve) => setTimeout(resolve));
    workers[0]!.terminate();
    const told = /^cpu: the worker ended \(it ended\), and with it the values of all variables; make a new backend/;
    await expect(result).rejects.toThrow(told);
    await expect(filters()).rejects.toThrow(told);
    backend.dispose();
    const another = await cpu({ threads: 1 });
    expect((await begin(another).result)[0]?.length).toBe(image.length);
    another.dispose();
  });

  it("keeps its variables if work fails in the worker", async () => {
    const runtime = new Runtime({ remote: await RemoteExecutor.start() });
    const code = runtime.compile(copyFour, {});
    const block = runtime.heap.allocate(4);
    runtime.write(block, Float32Array.of(1, 2, 3, 4));
    code.call(0x7fff0000 as Address);
    await expect(runtime.finish()).rejects.toThrow(/^cpu: the worker did not finish its work \(.*out of bounds/);
    code.call(block.start);
    await runtime.finish();
    expect([...(await runtime.read(block))]).toEqual([1, 2, 3, 4]);
    runtime.dispose();
  });

  it("keeps infinity out of those outputs of Winograd's algorithm that do not depend on it", async () => {
    const backend = await cpu();
    const spoilt = image.slice();
    // A pixel in the middle: two convolutions of 3 × 3 read it from two pixels away.
    const [y, x, channel] = [47, 50, 7];
    spoilt[(y * 96 + x) * 64 + channel] = Infinity;
    const storage = backend.allocate(identity.length);
    backend.write(storage, identity);
    const program: Program = { ...heavy, instructions: heavy.instructions.slice(0, 2), outputs: [3], updates: [] };
    const [out] = await backend.compile(program).run([spoilt], [storage]);
    const seen = new Set<number>();
    out!.forEach((value, i) => {
      if (!Number.isFinite(value)) seen.add(Math.floor(i / 64));
    });
    const around = [-2, -1, 0, 1, 2];
    expect([...seen].sort((a, b) => a - b)).toEqual(around.flatMap((dy) => around.map((dx) => (y + dy) * 96 + x + dx)));
    backend.dispose();
  });

  it("can have several backends, each with its own numbers", async () => {
    const backends = await Promise.all([cpu({ threads: 1 }), cpu({ threads: 1 }), cpu({ threads: 1 })]);
    const storages = backends.map((backend, i) => {
      const storage = backend.allocate(2);
      backend.write(storage, Float32Array.of(i, i + 1));
      return storage;
    });
    const double: Program = {
      feeds: [],
      variables: [[2]],
      constants: [],
      instructions: [{ operation: "add", inputs: [0, 0], attributes: {}, shape: [2] }],
      outputs: [1],
      updates: [{ variable: 0, value: 1 }],
    };
    const programs = backends.map((backend) => backend.compile(double));
    for (let turn = 0; turn < 3; turn++) await Promise.all(programs.map((each, i) => each.run([], [storages[i]!])));
    const values = await Promise.all(backends.map((backend, i) => backend.read(storages[i]!)));
    expect(values.map((each) => [...each])).toEqual([
      [0, 8],
      [8, 16],
      [16, 24],
    ]);
    for (const backend of backends) backend.dispose();
  });
});

describe("the memory of a worker", () => {
  limits(() => cpu({ threads: 1 }));

  it("that ends early fails the runs that do not fit, and no others", async () => {
    const Original = Blob;
    const small = `const { Memory } = WebAssembly; WebAssembly.Memory = function () { return new Memory({ initial: 1, maximum: 160 }); };`;
    vi.stubGlobal(
      "Blob",
      class extends Original {
        constructor(parts: BlobPart[], options: BlobPropertyBag) {
          super([small, ...parts], options);
        }
      },
    );
    const backend = await cpu({ threads: 1 });
    const storage = backend.allocate(3);
    backend.write(storage, Float32Array.of(1, 2, 3));
    const negate = (length: number): Promise<Values[]> => {
      const executable = backend.compile({
        feeds: [[length]],
        variables: [],
        constants: [],
        instructions: [{ operation: "negate", inputs: [0], attributes: {}, shape: [length] }],
        outputs: [0, 1],
        updates: [],
      });
      return executable.run([new Float32Array(length).fill(5)], []).finally(() => executable.dispose());
    };
    for (let turn = 0; turn < 2; turn++) {
      await expect(negate(4_000_000)).rejects.toThrow(
        /^cpu: out of memory: \d\d\.\d MiB more were wanted, \d\.\d MiB are in use; use a smaller batch/,
      );
      expect([...(await backend.read(storage))]).toEqual([1, 2, 3]);
      const [, y] = await negate(1_000_000);
      expect(y!.every((value) => value === -5)).toBe(true);
    }
    backend.dispose();
  });
});
