import { sizeOf, type Instruction, type Shape } from "@convlens/backend";
import { describe, expect, it } from "vitest";
import { gpuBackend } from "../src/gpuBackend.ts";
import { Launcher } from "../src/launcher.ts";
import { hostDevice } from "./devices.ts";

describe("a device", () => {
  it("keeps a limited number of kernels, but all whose results still exist", async () => {
    const device = await hostDevice("cpu");
    device.mostKernels = 3;
    const gpu = new Launcher(device);
    const input = gpu.buffer(2);
    await gpu.upload(input, Float32Array.of(3, 4));
    const launches = [1, 2, 3, 4, 5].map((factor) =>
      gpu.prepare({ name: "times", inputs: { xs: 2 }, length: 2, body: `return xs[this.thread.x] * ${factor};` }),
    );
    for (let round = 0; round < 2; round++)
      for (const [i, launch] of launches.entries()) {
        const output = gpu.buffer(2);
        await launch([input], output);
        expect([...(await gpu.download(output))]).toEqual([3 * (i + 1), 4 * (i + 1)]);
        gpu.release(output);
        expect(device.kernels).toBeLessThanOrEqual(3);
      }
    const held = launches.map(() => gpu.buffer(2));
    for (const [i, launch] of launches.entries()) await launch([input], held[i]!);
    expect(device.kernels).toBe(6);
    expect([gpu.textures, gpu.bytes]).toEqual([6, 48]);
    for (const buffer of [...held, input]) gpu.release(buffer);
    expect([gpu.textures, gpu.bytes]).toEqual([0, 0]);
  });

  it("refuses a kernel that gpu.js runs elsewhere", async () => {
    const device = await hostDevice("webasm");
    const real = await hostDevice("cpu");
    // Simulates a silent fallback: the device runs another mode than it reports.
    Object.defineProperty(real, "executor", { value: device.executor });
    expect(() => real.write(Float32Array.of(1))).toThrow('gpu: the executor of gpu.js must be webasm, got "cpu"');
  });

  it("refuses a tensor that it cannot address, and one that was never written", async () => {
    const gpu = new Launcher(await hostDevice("cpu"));
    expect(() => gpu.buffer(2 ** 24 + 1)).toThrow(
      /^gpu: expected a tensor of at most 16777216 numbers, .* got 16777217/,
    );
    await expect(gpu.download(gpu.buffer(1))).rejects.toThrow("gpu: a buffer was read before it was written");
  });

  it("compiles no kernel again if only hyper-parameters change", async () => {
    const device = await hostDevice("cpu");
    const backend = gpuBackend(device);
    const shape = [3];
    const results = new Map<string, number[][]>();
    const counts: number[] = [];
    for (const x of [0.25, 0.75]) {
      const calls: readonly (readonly [Omit<Instruction, "inputs">, inputs: readonly Shape[]])[] = [
        [{ operation: "movingAverage", attributes: { keep: x }, shape }, [shape, shape]],
        [{ operation: "momentumStep", attributes: { momentum: x }, shape }, [shape, shape]],
        [{ operation: "adamStep", attributes: { epsilon: x }, shape }, [shape, shape, shape, [], [], []]],
        [{ operation: "normalize", attributes: { axes: [0], epsilon: x }, shape }, [shape, [2, 1], [], []]],
        [{ operation: "randomUniform", attributes: { shape, stream: 4 * x }, shape }, [[2]]],
      ];
      for (const [call, feeds] of calls) {
        const program = {
          feeds,
          variables: [],
          constants: [],
          instructions: [{ ...call, inputs: feeds.map((_, i) => i) }] as Instruction[],
          outputs: [feeds.length],
          updates: [],
        };
        const values = feeds.map((each, k) => Float32Array.from({ length: sizeOf(each) }, (_, i) => 1 + i + k));
        const [got] = await backend.compile(program).run(values, []);
        results.set(call.operation, [...(results.get(call.operation) ?? []), [...got!]]);
      }
      counts.push(device.kernels);
    }
    expect(counts[1]).toBe(counts[0]);
    for (const [operation, [first, second]] of results) expect(second, operation).not.toEqual(first);
    backend.dispose();
  });
});
