import { Worker } from "node:worker_threads";
import { describe, expect, it, vi } from "vitest";
import { collectGarbage } from "../../backend/src/pacer.ts";
import { number } from "../src/assembler/expression.ts";
import { plainMachine } from "../src/assembler/function.ts";
import { execute } from "../src/execute.ts";
import { FunctionCompiler } from "../src/functionCompiler.ts";
import { strided } from "../src/callList.ts";
import { defineFunction, type TableDefinition } from "../src/defineFunction.ts";
import { cpu } from "../src/index.ts";
import { remoteWorker, type Answer, type Request } from "../src/remoteWorker.ts";
import { LruCache } from "../src/lruCache.ts";
import { Runtime } from "../src/runtime.ts";
import type { Backend, Program } from "@convlens/backend";

const CALLS = 8;
const numbered: TableDefinition<number> = { name: "table", words: (id) => new Int32Array(1000).fill(id) };
const put = defineFunction({
  name: "put",
  write: (f, id: number, to) => {
    // Some are so long that they have their own module.
    for (let i = id % 7 === 0 ? 500 : 5; i > 0; i--) f.store(to, number(id));
  },
  work: () => 1_000_000,
});

describe.each([
  ["one thread", 1],
  ["three threads", 3],
] as const)("functions and tables of many shapes, on %s,", (_, threads) => {
  it("are freed, except those that are cached or in use", async () => {
    const runtime = new Runtime({ threads });
    const result = runtime.heap.allocate(CALLS);
    /** A kernel with its own function and table. */
    function prepare(id: number): () => Promise<void> {
      const table = runtime.table(numbered, id);
      const code = runtime.compile(put, id);
      return async () => {
        runtime.heap.view(result).fill(-1);
        code.callMany(CALLS, strided(result.start, 1));
        await runtime.finish();
        expect([...runtime.heap.view(result)]).toEqual(new Array<number>(CALLS).fill(id));
        expect(new Int32Array(runtime.heap.memory.buffer)[table.start / 4 + (id % 1000)]).toBe(id);
      };
    }
    const held = Array.from({ length: 20 }, (__, i) => prepare(100_000 + i));
    await held[3]!();
    const sizes: number[] = [];
    for (let id = 0; id < 2400; id++) {
      await prepare(id)();
      if (id % 200 !== 0) continue;
      await collectGarbage(() => false);
      sizes.push(runtime.heap.memory.buffer.byteLength);
      await held[(id / 200) % held.length]!();
    }
    expect(sizes.at(-1)).toBe(sizes[5]);
    for (const each of held) await each();
    runtime.dispose();
  });
});

it("the threads of an unreachable backend end, and no others", async () => {
  const ended = vi.spyOn(Worker.prototype, "terminate");
  const shape = [2 ** 21];
  const exponential: Program = {
    feeds: [shape],
    variables: [],
    constants: [],
    instructions: [{ operation: "exp", inputs: [0], attributes: {}, shape }],
    outputs: [1],
    updates: [],
  };
  const x = new Float32Array(shape[0]!);
  const use = async (): Promise<Backend> => {
    const backend = await cpu({ threads: 2 });
    expect((await backend.compile(exponential).run([x], []))[0]?.[7]).toBe(1);
    return backend;
  };
  const kept = await use();
  // A program keeps the threads of its backend alive.
  const program = (await use()).compile(exponential);
  for (let i = 0; i < 4; i++) await use();
  await collectGarbage(() => ended.mock.calls.length === 4);
  expect(ended.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(ended.mock.calls.length).toBeLessThanOrEqual(4);
  ended.mockRestore();
  expect((await program.run([x], []))[0]?.[7]).toBe(1);
  kept.dispose();
});

it("the number of a removed function is reused", () => {
  const published: number[][] = [];
  const functions = new FunctionCompiler({
    isShared: false,
    machine: plainMachine,
    publish: (_, numbers) => published.push([...numbers]),
  });
  const add = (): number => functions.add("put", 1, (f, to) => f.store(to, number(1)));
  expect([add(), add(), add()]).toEqual([0, 1, 2]);
  functions.compile();
  functions.remove(1);
  // Written, but not yet compiled.
  expect(add()).toBe(1);
  functions.remove(1);
  functions.compile();
  expect(add()).toBe(1);
  functions.compile();
  expect(published).toEqual([[0, 1, 2], [1]]);
});

it("a cache keeps the most recently used values", () => {
  const cache = new LruCache<object>(2);
  const [a, b] = [cache.find("a", () => ({})), cache.find("b", () => ({}))];
  expect(cache.find("a", () => ({}))).toBe(a);
  cache.find("c", () => ({}));
  expect(cache.find("a", () => ({}))).toBe(a);
  expect(cache.find("b", () => ({}))).not.toBe(b);
});

it("a worker without shared memory drops functions, and reuses their numbers", () => {
  let ask: (request: Request) => void = () => undefined;
  const answers: Answer[] = [];
  remoteWorker(
    execute,
    (take) => (ask = take),
    (answer) => answers.push(answer),
  );
  const functions = new FunctionCompiler({
    isShared: false,
    machine: plainMachine,
    publish: (module, numbers) => ask({ kind: "functions", module, numbers }),
  });
  for (const value of [3, 4]) {
    const index = functions.add("put", 1, (f, to) => f.store(to, number(value)));
    expect(index).toBe(0);
    functions.compile();
    const run: Request = { kind: "run", reach: 1000, list: Int32Array.of(index, 1, 1, 0, 0, 64, 0, 0) };
    ask(run);
    ask({ kind: "read", reach: 1000, start: 64, length: 4 });
    expect(new Float32Array((answers.at(-1) as { bytes: ArrayBuffer }).bytes)).toEqual(Float32Array.of(value));
    functions.remove(index);
    ask({ kind: "forget", number: index });
    ask(run);
    expect(answers.at(-1)?.kind).toBe("failed");
  }
});

it.each([1, 2])("images of many sizes need a constant amount of memory, on %s threads", async (threads) => {
  const backend = await cpu({ threads });
  const filters = Float32Array.from({ length: 1000 }, () => 1);
  async function answer(width: number): Promise<void> {
    const geometry = { from: [1, 5, width, 1], to: [1, 7, width + 3, 1] };
    const program: Program = {
      feeds: [geometry.from],
      variables: [],
      constants: [{ shape: [1000], values: filters }],
      instructions: [
        {
          operation: "resize",
          inputs: [0],
          attributes: { height: 7, width: width + 3, mode: "bilinear" },
          shape: geometry.to,
        },
        { operation: "sum", inputs: [2], attributes: { axes: [1, 2] }, shape: [1, 1, 1, 1] },
        { operation: "sum", inputs: [1], attributes: { axes: [0] }, shape: [1] },
        { operation: "reshape", inputs: [4], attributes: { shape: [1, 1, 1, 1] }, shape: [1, 1, 1, 1] },
        { operation: "add", inputs: [3, 5], attributes: {}, shape: [1, 1, 1, 1] },
      ],
      outputs: [6],
      updates: [],
    };
    const [y] = await backend.compile(program).run([new Float32Array(5 * width).fill(1)], []);
    expect(y?.[0]).toBeCloseTo(7 * (width + 3) + 1000, 2);
  }
  let most = 0;
  for (let width = 2; width < 402; width++) {
    await answer(width);
    if (width % 100 !== 1) continue;
    await collectGarbage(() => backend.memory() < 300_000);
    most = Math.max(most, backend.memory());
  }
  // Constants of all programs are 1.6 MB; the arena has room for twice the largest image, and a few programs may remain.
  expect(most).toBeLessThan(300_000);
  backend.dispose();
});
