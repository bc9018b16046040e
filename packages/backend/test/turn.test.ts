import { afterEach, expect, it, vi } from "vitest";
import { kernelBackend, turn, type Program } from "../src/index.ts";

afterEach(() => vi.useRealTimers());

/** Instructions that take 15 ms each. */
const program: Program = {
  feeds: [[1]],
  variables: [],
  constants: [],
  instructions: Array.from({ length: 6 }, (_, i) => ({ operation: "exp", inputs: [i], attributes: {}, shape: [1] })),
  outputs: [6],
  updates: [],
};
let calls = 0;
let onFirstCall = (): void => undefined;
const backend = kernelBackend<Float32Array>({
  name: "slow",
  allocate: (length) => new Float32Array(length),
  free: () => undefined,
  upload: (buffer, values) => buffer.set(values),
  download: (buffer) => buffer.slice(),
  copy: (from, to) => to.set(from),
  kernels: {
    exp: () => () => {
      if (calls++ === 0) onFirstCall();
      for (const began = performance.now(); performance.now() - began < 15;);
    },
  },
});

it("long runs and long work continue without timers, as in a hidden page", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval"] });
  await backend.compile(program).run([Float32Array.of(0)], [], { signal: new AbortController().signal });
  expect(calls).toBe(6);
  await turn();
  await turn();
});

it("a run that can be cancelled checks for cancellation between instructions", async () => {
  calls = 0;
  const controller = new AbortController();
  onFirstCall = () => void setTimeout(() => controller.abort(new Error("enough")));
  const run = backend.compile(program).run([Float32Array.of(0)], [], { signal: controller.signal });
  await expect(run).rejects.toThrow("enough");
  expect(calls).toBeGreaterThan(0);
  expect(calls).toBeLessThan(6);
});
