import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import * as backendGpu from "@convlens/backend-gpu";
import { useBackend } from "@convlens/tensor";
import { backendOf, forgetBackend } from "../src/compute/backends.ts";
import { learningJobs, type NetName } from "../src/compute/learning.ts";

vi.mock("@convlens/backend-gpu", { spy: true });
afterEach(() => vi.clearAllMocks());

const { startLearning, advanceLearning, learnOn } = learningJobs;

describe("the backend of a processor", () => {
  it("is created once", async () => {
    const found = await Promise.all([backendOf("reference"), backendOf("reference"), backendOf("one")]);
    expect(found[0]).toBe(found[1]);
    expect(found.map(({ name }) => name)).toEqual(["reference", "reference", "cpu"]);
    // Node shares no memory with a page, so there is one thread.
    expect(await backendOf("all")).toBe(found[2]);
  });

  it("is tried again after a failure, and the error gives the reasons", async () => {
    for (let i = 0; i < 2; i++)
      await expect(backendOf("graphics")).rejects.toThrow(
        /^No graphics processor can be used: this browser has no WebGPU .*; this browser has no WebGL 2\.$/,
      );
    expect(backendGpu.gpu).toHaveBeenCalledTimes(2);
    expect(backendGpu.gpu).toHaveBeenCalledWith({ allowSoftware: false });
  });
});

describe("a net that trains on a graphics processor", () => {
  /** A fake device, which can fail. */
  const device = { isLost: false, room: Infinity };
  const changes = [{ step: 0, optimizer: "adam", rate: 0.01 }] as const;
  const advance = (net: NetName, until: number) => advanceLearning({ net, changes, until, milliseconds: 60_000 });

  beforeEach(async () => {
    useBackend(await backendOf("all"));
    Object.assign(device, { isLost: false, room: Infinity });
    vi.mocked(backendGpu.gpu).mockImplementation(async () => {
      const backend = await cpu({ threads: 1 });
      const allocate: Backend["allocate"] = (length) => {
        if (device.room-- <= 0) throw new Error("there is no room");
        return backend.allocate(length);
      };
      const compile: Backend["compile"] = (program) => {
        const executable = backend.compile(program);
        const run: typeof executable.run = (...args) =>
          device.isLost ? Promise.reject(new Error("the device was lost")) : executable.run(...args);
        return { ...executable, run };
      };
      const known = { executor: "webgpu", renderer: "a test", isSoftware: false, textures: () => 0 } as const;
      return { ...backend, ...known, allocate, compile };
    });
    forgetBackend("graphics");
    for (const net of ["first", "second"] as const)
      await startLearning({ net, data: { kind: "shapes" }, recipe: { filters: 2, seed: 1, batchSize: 8 } });
  });
  afterEach(() => learnOn({ processor: "all" }));

  it("keeps its last step when the processor fails, and continues on another one", async () => {
    const { rows: expected } = await advance("second", 8);
    await learnOn({ processor: "graphics" });
    const rows = [...(await advance("first", 3)).rows];
    device.isLost = true;
    await expect(advance("first", 8)).rejects.toThrow(
      /^The graphics processor failed\. The net is still there.*was lost\)$/,
    );
    await learnOn({ processor: "one" });
    rows.push(...(await advance("first", 5)).rows);
    device.isLost = false;
    await learnOn({ processor: "graphics" });
    rows.push(...(await advance("first", 8)).rows);
    expect(rows).toEqual(expected);
    expect(backendGpu.gpu).toHaveBeenCalledTimes(2);
  });

  it("stays on its processor if there is no memory for the second net", async () => {
    // Filters and biases of three layers.
    device.room = 6;
    await expect(learnOn({ processor: "graphics" })).rejects.toThrow("no room");
    expect(device.room).toBeLessThan(0);
    device.isLost = true;
    const [{ rows }, { rows: beside }] = [await advance("first", 3), await advance("second", 3)];
    expect(rows.length).toBe(3);
    expect(rows).toEqual(beside);
  });
});
