import { Random, type ChainStep, type Instruction, type Program } from "@convlens/backend";
import { erf } from "@convlens/backend/math";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deviceFor } from "../src/findDevice.ts";
import { gpu } from "../src/index.ts";
import { Launcher } from "../src/launcher.ts";

const modes = ["webgl2", "webgpu"] as const;
const { GPUAdapter } = globalThis as unknown as { GPUAdapter: { prototype: { requestDevice(): unknown } } };
const webGpuDevices = vi.spyOn(GPUAdapter.prototype, "requestDevice").mock;
afterEach(() => vi.unstubAllGlobals());

describe("gpu()", () => {
  it("prefers WebGPU, then WebGL 2, and returns which one it uses", async () => {
    const first = await gpu({ allowSoftware: true });
    expect([first.executor, first.isSoftware]).toEqual(["webgpu", true]);
    expect(first.renderer).toMatch(/swiftshader/i);
    expect(first.name).toBe(`gpu (webgpu, ${first.renderer})`);
    const second = await gpu({ mode: "webgl2", allowSoftware: true });
    expect([second.executor, second.isSoftware]).toEqual(["webgl2", true]);
    expect(second.renderer).toMatch(/swiftshader/i);
  });

  it("refuses a software renderer unless it is requested", async () => {
    await expect(gpu()).rejects.toThrow(
      /^gpu: there is no graphics processor to compute on: webgpu runs on .*swiftshader.*, which is software; webgl2 runs on .*SwiftShader.*, which is software; use backend-cpu, or allowSoftware: true/i,
    );
    await expect(gpu({ mode: "webgl2" })).rejects.toThrow(
      /^gpu: there is .* on: webgl2 runs on [^;]*; use backend-cpu/,
    );
  });

  it("creates one context for a page, however many backends there are", async () => {
    const contexts = vi.spyOn(HTMLCanvasElement.prototype, "getContext");
    const made: unknown[] = [];
    for (let i = 0; i < 20; i++) {
      const backend = await gpu({ mode: "webgl2", allowSoftware: true });
      made.push(backend);
      if (i % 2 === 0) backend.dispose();
    }
    expect(new Set(made).size).toBe(20);
    expect(contexts).not.toHaveBeenCalled();
    contexts.mockRestore();
  });

  it("does not change the browser's global GPU", async () => {
    await gpu({ allowSoftware: true });
    expect(String((globalThis as { GPU?: unknown }).GPU)).toMatch(/\[native code\]/);
  });
});

const floats = (length: number, of: (i: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, i) => of(i));

/** A training step: loss = Σ (x · w)², w ← w − rate · gradient; its sums are long enough for two stages. */
const [rows, columns] = [300, 5];
const step: Program = (() => {
  const instructions: Instruction[] = [];
  const first = 4;
  const write = <K extends Instruction["operation"]>(
    operation: K,
    inputs: number[],
    attributes: Instruction<K>["attributes"],
    shape: number[],
  ): number => {
    instructions.push({ operation, inputs, attributes, shape });
    return first + instructions.length - 1;
  };
  const product = { transposeA: false, transposeB: false };
  const y = write("matmul", [0, 2], product, [rows, 1]);
  const loss = write("sum", [write("multiply", [y, y], {}, [rows, 1])], { axes: [0] }, [1, 1]);
  const slope = write("matmul", [0, y], { transposeA: true, transposeB: false }, [columns, 1]);
  const next = write("sgdStep", [2, slope, 1], {}, [columns, 1]);
  const moved = write("movingAverage", [3, slope], { keep: 0.9 }, [columns, 1]);
  return {
    feeds: [[rows, columns], []],
    variables: [
      [columns, 1],
      [columns, 1],
    ],
    constants: [],
    instructions,
    outputs: [loss],
    updates: [
      { variable: 0, value: next },
      { variable: 1, value: moved },
    ],
  };
})();

describe("an error of WebGPU", () => {
  it("is thrown by the next request, and a new backend works", async () => {
    const backend = await gpu({ mode: "webgpu", allowSoftware: true });
    const storage = backend.allocate(1);
    backend.write(storage, Float32Array.of(5));
    expect([...(await backend.read(storage))]).toEqual([5]);
    const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const device = (await webGpuDevices.results.at(-1)!.value) as EventTarget;
    device.dispatchEvent(Object.assign(new Event("uncapturederror"), { error: new Error("out of memory") }));
    await expect(backend.read(storage)).rejects.toThrow(/^gpu: WebGPU failed: out of memory; .*make a new backend/);
    silent.mockRestore();
    const another = await gpu({ mode: "webgpu", allowSoftware: true });
    const room = another.allocate(1);
    another.write(room, Float32Array.of(6));
    expect([...(await another.read(room))]).toEqual([6]);
  });
});

describe.each(modes)("functions for kernels, through %s,", (mode) => {
  it("divide integers exactly, up to 2²⁴", async () => {
    const found = await deviceFor(mode);
    if ("missing" in found) throw new Error(found.missing);
    const gpu = new Launcher(found.device);
    const random = new Random(1);
    const count = 4096;
    const [input, output] = [gpu.buffer(count), gpu.buffer(count)];
    // Compilers multiply by 1 / d if d is constant.
    for (const d of [
      3,
      7,
      10,
      41,
      49,
      55,
      61,
      1000,
      1023,
      5461,
      ...Array.from({ length: 10 }, () => 2 + random.integer(3000)),
    ]) {
      // Around multiples, where a quotient with an error of one unit rounds to another integer.
      const numbers = floats(count, () =>
        Math.max(0, d * random.integer(Math.floor(2 ** 24 / d)) + random.integer(3) - 1),
      );
      await gpu.upload(input, numbers);
      const body = `return quotient(xs[this.thread.x], ${d});`;
      await gpu.prepare({ name: "divided", inputs: { xs: count }, length: count, body })([input], output);
      const got = await gpu.download(output);
      const wrong = got.findIndex((q, i) => q !== Math.floor(numbers[i]! / d));
      expect(wrong < 0 ? "right" : `${numbers[wrong]} / ${d} is ${got[wrong]}`).toBe("right");
    }
    for (const buffer of [input, output]) gpu.release(buffer);
  });

  it("can be combined in any order", { timeout: 60_000 }, async () => {
    const backend = await gpu({ mode, allowSoftware: true });
    const unary = ["tanh", "expm1", "sigmoid", "exp", "erf", "log1p", "sin", "log", "cos", "relu", "sign"] as const;
    const { tanh, expm1, exp, log1p, sin, log, cos, sign } = Math;
    const sigmoid = (v: number): number => 1 / (1 + exp(-v));
    const functions = { tanh, expm1, sigmoid, exp, erf, log1p, sin, log, cos, relu: (v: number) => v, sign };
    const x = floats(50, (i) => 0.02 + i / 60);
    for (let turn = 0; turn < 6; turn++) {
      const order = [...unary.slice(turn), ...unary.slice(0, turn)];
      if (turn % 2 === 1) order.reverse();
      // All functions of x, and x to the power of itself; and the sums of the last and of the first four.
      const steps: ChainStep[] = order.map((operation) => ({ operation, inputs: [0], attributes: {} }));
      steps.push({ operation: "power", inputs: [0, 0], attributes: {} });
      const parts = steps.length;
      for (let k = 0; k < 4; k++) steps.push({ operation: "add", inputs: [parts + k, 1 + k], attributes: {} });
      const program: Program = {
        feeds: [[50]],
        variables: [],
        constants: [],
        instructions: [{ operation: "pointwise", inputs: [0], attributes: { steps }, shape: [50] }],
        outputs: [1],
        updates: [],
      };
      const [got] = await backend.compile(program).run([x], []);
      x.forEach((v, i) => {
        let want = v ** v;
        for (let k = 0; k < 4; k++) want += functions[order[k]!](v);
        expect(got?.[i], `turn ${turn}, ${v}`).toBeCloseTo(want, 4);
      });
    }
    backend.dispose();
  });
});

/** Counts textures that the page creates and deletes. */
function countMemory(mode: (typeof modes)[number]): () => number {
  let count = 0;
  const counted = (holder: object, name: string, by: number): void => {
    const prototype = holder as Record<string, (...args: unknown[]) => unknown>;
    const own = prototype[name]!;
    vi.spyOn(prototype, name).mockImplementation(function (this: unknown, ...args: unknown[]) {
      count += by;
      return own.apply(this, args);
    });
  };
  const page = globalThis as unknown as Record<string, { prototype: object }>;
  if (mode === "webgl2") {
    counted(WebGL2RenderingContext.prototype, "createTexture", 1);
    counted(WebGL2RenderingContext.prototype, "deleteTexture", -1);
  } else {
    counted(page["GPUDevice"]!.prototype, "createBuffer", 1);
    counted(page["GPUBuffer"]!.prototype, "destroy", -1);
  }
  return () => count;
}

describe.each(modes)("memory, through %s", (mode) => {
  it(
    "holds as many textures after 1,000 steps as after 10, and none after disposal",
    { timeout: 120_000 },
    async () => {
      const backend = await gpu({ mode, allowSoftware: true });
      const executable = backend.compile(step);
      const x = floats(rows * columns, (i) => ((i * 37) % 11) / 11);
      const variables = [backend.allocate(columns), backend.allocate(columns)];
      for (const variable of variables)
        backend.write(
          variable,
          floats(columns, () => 1),
        );
      const made = countMemory(mode);
      const losses: number[] = [];
      const run = async (steps: number): Promise<void> => {
        for (let i = 0; i < steps; i++)
          losses.push((await executable.run([x, Float32Array.of(1e-4)], variables))[0]![0]!);
      };
      await run(10);
      const [textures, bytes, real] = [backend.textures(), backend.memory(), made()];
      // The two variables, and no intermediate values.
      expect([textures, bytes]).toEqual([2, 4 * 2 * columns]);
      await run(990);
      expect([backend.textures(), backend.memory(), made()]).toEqual([textures, bytes, real]);
      expect(losses[999]).toBeLessThan(losses[0]! / 10);
      executable.dispose();
      for (const variable of variables) backend.free(variable);
      await backend.read(backend.allocate(0));
      expect([backend.textures(), backend.memory(), made()]).toEqual([0, 0, real - 2]);
      vi.restoreAllMocks();
    },
  );

  it(
    "is correct for tensors up to the largest, 2²⁴ numbers, and larger ones are refused",
    { timeout: 120_000 },
    async () => {
      const backend = await gpu({ mode, allowSoftware: true });
      const side = 4096;
      const program: Program = {
        feeds: [[side, side], [side]],
        variables: [],
        constants: [],
        instructions: [
          { operation: "add", inputs: [0, 1], attributes: {}, shape: [side, side] },
          { operation: "transpose", inputs: [2], attributes: { order: [1, 0] }, shape: [side, side] },
          { operation: "sum", inputs: [3], attributes: { axes: [0] }, shape: [1, side] },
        ],
        outputs: [3, 4],
        updates: [],
      };
      const x = floats(side * side, (i) => (i * 7919) % 1021);
      const row = floats(side, (i) => i % 7);
      const executable = backend.compile(program);
      const [turned, sums] = (await executable.run([x, row], [])) as [Float32Array, Float32Array];
      let [wrong, worst] = [0, 0];
      for (let i = 0; i < side; i++) {
        let total = 0;
        for (let j = 0; j < side; j++) {
          const want = x[i * side + j]! + row[j]!;
          total += want;
          if (turned[j * side + i] !== want) wrong++;
        }
        worst = Math.max(worst, Math.abs(sums[i]! - total) / total);
      }
      expect(wrong).toBe(0);
      expect(worst).toBeLessThan(1e-6);
      executable.dispose();
      await expect(backend.read(backend.allocate(2 ** 24 + 1))).rejects.toThrow(
        /^gpu: expected a tensor of at most 16777216 numbers, which .* can address, got 16777217; use a smaller batch, or backend-cpu/,
      );
      backend.dispose();
    },
  );
});
