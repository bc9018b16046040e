import { describe, expect, it, vi } from "vitest";
import { cpu } from "../src/index.ts";
import { load4 } from "../src/assembler/expression.ts";
import { asCount, strided } from "../src/callList.ts";
import { defineFunction } from "../src/defineFunction.ts";
import { NOWHERE, type Address } from "../src/heap.ts";
import { Runtime } from "../src/runtime.ts";
import { limits } from "./limits.ts";

const busy = defineFunction({
  name: "busy",
  write: (f, _: object, at) => {
    const sum = f.keep(load4(at));
    f.times(1_000_000, () => f.set(sum, f.multiplyAdd4(sum, f.constant4(0.5), sum)));
    f.store4(at, sum);
  },
  work: () => 1_000_000,
});
const copyFour = defineFunction({
  name: "copy",
  write: (f, _: object, at) => f.store4(at, load4(at)),
});
const endless = defineFunction({
  name: "endless",
  write: (f, _: object, from, to) => f.until(from, to, () => undefined),
  work: () => 1_000_000,
});

describe("threads in a page", () => {
  it("are workers, so that the page stays responsive", async () => {
    expect(crossOriginIsolated).toBe(true);
    const runtime = new Runtime({ threads: 2 });
    const code = runtime.compile(busy, {});
    const block = runtime.heap.allocate(400);
    runtime.heap.view(block).fill(1);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    code.callMany(100, strided(block.start, 4));
    await runtime.finish();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    expect(runtime.heap.view(block).every((x) => x === Infinity)).toBe(true);
    runtime.dispose();
  });

  it("make the run fail if they fail, and the next run has new ones", async () => {
    const runtime = new Runtime({ threads: 2 });
    const code = runtime.compile(copyFour, {});
    const block = runtime.heap.allocate(4);
    code.call(block.start);
    await runtime.finish();
    code.call(0x7fff0000 as Address);
    await expect(runtime.finish()).rejects.toThrow(/^cpu: a thread did not finish its work \(.*out of bounds/);
    code.call(block.start);
    await runtime.finish();
    runtime.dispose();
  });

  it("make the run fail if they are terminated during it, and the next run has new ones", async () => {
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
    const runtime = new Runtime({ threads: 2 });
    const code = runtime.compile(endless, {});
    const copy = runtime.compile(copyFour, {});
    const block = runtime.heap.allocate(4);
    copy.call(block.start);
    await runtime.finish();
    code.callMany(2, NOWHERE, asCount(1));
    const pending = Promise.resolve(runtime.finish());
    for (const worker of workers) worker.terminate();
    await expect(pending).rejects.toThrow(/^cpu: a thread did not finish its work \(it ended\); this run is lost/);
    copy.call(block.start);
    await runtime.finish();
    expect(workers.length).toBe(4);
    runtime.dispose();
    vi.unstubAllGlobals();
  });

  limits(() => cpu({ threads: 2 }));
});
