import { expect, it } from "vitest";
import type { OperationName, Program } from "@convlens/backend";
import { cpu as eager } from "../src/index.ts";
import { lazyKernels } from "../src/lazyKernels.ts";
import { cpu as lazy } from "../src/lazy.ts";
import { Runtime } from "../src/runtime.ts";

const later = Object.keys(lazyKernels(new Runtime())) as OperationName[];

/** Gathers rows 1 and 0, with a kernel that is loaded lazily. */
const program: Program = {
  feeds: [[2, 2], [2]],
  variables: [],
  constants: [],
  instructions: [{ operation: "gather", inputs: [0, 1], attributes: {}, shape: [2, 2] }],
  outputs: [2],
  updates: [],
};

it("the lazy backend has every kernel of the other one, and loads them when they are needed", async () => {
  const backends = [await eager({ threads: 1 }), await lazy({ threads: 1 })];
  for (const backend of backends) {
    expect(later.filter((operation) => !backend.supports(operation))).toEqual([]);
    const [rows] = await backend.compile(program).run([Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 0)], []);
    expect([...rows!]).toEqual([3, 4, 1, 2]);
    backend.dispose?.();
  }
});
