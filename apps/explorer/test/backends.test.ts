import { afterEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import * as backendGpu from "@convlens/backend-gpu";
import { useBackend } from "@convlens/tensor";
import { backendOf } from "../src/compute/backends.ts";
import { learningJobs } from "../src/compute/learning.ts";

vi.mock("@convlens/backend-gpu", { spy: true });
afterEach(() => vi.clearAllMocks());

const { startLearning, advanceLearning, learnOn, goBack } = learningJobs;

describe("the backend of a processor", () => {
  it("is made once", async () => {
    const found = await Promise.all([backendOf("reference"), backendOf("reference"), backendOf("one")]);
    expect(found[0]).toBe(found[1]);
    expect(found.map(({ name }) => name)).toEqual(["reference", "reference", "cpu"]);
    // Node shares no memory with a page: one thread is all.
    expect(await backendOf("all")).toBe(found[2]);
  });

  it("is looked for each time that it is asked for until it is found, and what was found instead is said", async () => {
    for (let i = 0; i < 2; i++)
      await expect(backendOf("graphics")).rejects.toThrow(
        /^No graphics processor can compute here: this browser has no WebGPU .*; this browser has no WebGL 2\.$/,
      );
    expect(backendGpu.gpu).toHaveBeenCalledTimes(2);
    expect(backendGpu.gpu).toHaveBeenCalledWith({ allowSoftware: false });
  });
});

describe("a net that learns on a graphics processor", () => {
  it("is still there when that fails, and goes on elsewhere, and on another", async () => {
    useBackend(await backendOf("all"));
    let isLost = false;
    const made = vi.mocked(backendGpu.gpu).mockImplementation(async () => {
      const backend = await cpu({ threads: 1 });
      const compile: Backend["compile"] = (program) => {
        const executable = backend.compile(program);
        return {
          ...executable,
          run: (...args) => (isLost ? Promise.reject(new Error("the device was lost")) : executable.run(...args)),
        };
      };
      return { ...backend, compile, executor: "webgpu", renderer: "a test", isSoftware: false, textures: () => 0 };
    });
    const net = "first";
    const recipe = { filters: 2, seed: 1, batchSize: 8 };
    await startLearning({ net, data: { kind: "shapes" }, recipe });
    const advance = (until: number) =>
      advanceLearning({ net, changes: [{ step: 0, optimizer: "adam", rate: 0.01 }], until, milliseconds: 60_000 });
    const { rows: expected } = await advance(8);
    await goBack({ net, step: 0 });

    await learnOn({ processor: "graphics" });
    const rows = [...(await advance(3)).rows];
    isLost = true;
    await expect(advance(8)).rejects.toThrow(/^The graphics processor failed, but the net is still there.*was lost\)$/);
    await learnOn({ processor: "one" });
    rows.push(...(await advance(5)).rows);
    isLost = false;
    await learnOn({ processor: "graphics" });
    rows.push(...(await advance(8)).rows);
    expect(rows).toEqual(expected);
    expect(made).toHaveBeenCalledTimes(2);
  });
});
