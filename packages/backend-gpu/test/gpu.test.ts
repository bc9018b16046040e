import { BackendError, UsageError } from "@convlens/backend";
import { describe, expect, it, vi } from "vitest";
import { gpu } from "../src/index.ts";
import { loadGpuJs } from "../src/gpujs.ts";

describe("gpu() without a graphics processor", () => {
  it("lists what it tried, and how to fix it", async () => {
    const error = await gpu().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BackendError);
    expect((error as BackendError).message).toBe(
      "gpu: there is no graphics processor to compute on: this browser has no WebGPU (navigator.gpu); this browser has no WebGL 2; use backend-cpu, or allowSoftware: true for tests",
    );
    expect((error as BackendError).details.fix).toBe("use backend-cpu, or allowSoftware: true for tests");
    await expect(gpu({ mode: "webgl2", allowSoftware: true })).rejects.toThrow(
      /compute on: this browser has no WebGL 2;/,
    );
  });

  it("refuses unknown options and wrong values first", async () => {
    await expect(gpu({ allowsoftware: true } as never)).rejects.toThrow(
      'gpu: unknown option "allowsoftware"; did you mean "allowSoftware"?',
    );
    await expect(gpu({ mode: "webgl" } as never)).rejects.toThrow(
      'gpu: mode must be "auto" or "webgpu" or "webgl2", got "webgl"',
    );
  });

  it("reports WebGPU without an adapter", async () => {
    vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => null } });
    await expect(gpu({ mode: "webgpu" })).rejects.toThrow(/compute on: WebGPU has no adapter;/);
    vi.unstubAllGlobals();
  });

  it("reports WebGL 2 that cannot render to float32", async () => {
    vi.stubGlobal(
      "OffscreenCanvas",
      class {
        getContext = () => ({ getExtension: () => null });
      },
    );
    await expect(gpu({ mode: "webgl2" })).rejects.toThrow(
      /cannot render to float32 textures \(EXT_color_buffer_float\)/,
    );
    vi.unstubAllGlobals();
  });
});

describe("gpu() without gpu.js", () => {
  it("names the package to install", async () => {
    vi.doMock("gpu.js", () => {
      throw new Error("Cannot find package 'gpu.js'");
    });
    const error = await loadGpuJs().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toMatch(
      /^gpu: the package gpu\.js could not be loaded \(.*\); install it beside @convlens\/backend-gpu: npm install gpu\.js@2$/s,
    );
    vi.doUnmock("gpu.js");
  });

  it("reports another module in its place", async () => {
    vi.doMock("gpu.js", () => ({ GPU: undefined, default: {} }));
    await expect(loadGpuJs()).rejects.toThrow("gpu: the loaded package gpu.js exports no GPU; install gpu.js@2");
    vi.doUnmock("gpu.js");
  });
});
