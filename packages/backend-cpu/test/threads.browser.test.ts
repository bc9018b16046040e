import { conformance } from "@convlens/backend/conformance";
import { reference } from "@convlens/backend-reference";
import { describe, expect, it, vi } from "vitest";
import { cpu } from "../src/index.ts";
import { load4, each4, number } from "../src/assembler/expression.ts";
import { Team } from "../src/team.ts";

describe("threads in a page", () => {
  it("are workers, so that the page can do other things meanwhile", async () => {
    expect(crossOriginIsolated).toBe(true);
    const team = new Team(2);
    const code = team.code(
      "busy",
      ["at"],
      (f, at) => {
        const sum = f.keep("sum", load4(at!));
        f.times(1_000_000, () => f.set(sum, f.multiplyAdd4(sum, f.constant(each4(number(0.5))), sum)));
        f.store4(at!, sum);
      },
      1_000_000,
    );
    const block = team.heap.allocate(400);
    team.heap.view(block).fill(1);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    code.each(100, [block.start, 16]);
    await team.finish();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    expect(team.heap.view(block).every((x) => x === Infinity)).toBe(true);
    team.dispose();
  });

  it("that fail are noticed, and the next run has new ones", async () => {
    const team = new Team(2);
    const code = team.code("copy", ["at"], (f, at) => f.store4(at!, load4(at!)));
    const block = team.heap.allocate(4);
    code.call(block.start);
    await team.finish();
    code.call(0x7fff0000);
    await expect(team.finish()).rejects.toThrow(/^cpu: a thread did not finish its work \(.*out of bounds/);
    code.call(block.start);
    await team.finish();
    team.dispose();
  });

  it("are one where memory cannot be shared; the console says why, once", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    const info = vi.spyOn(console, "info").mockImplementation(() => undefined);
    expect([(await cpu()).name, (await cpu({ threads: 4 })).name]).toEqual(["cpu", "cpu"]);
    expect(info.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^cpu: runs on one thread, .* Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Em/,
        ),
      ],
    ]);
    info.mockRestore();
    vi.unstubAllGlobals();
  });
});

describe("without shared memory the cpu backend conforms in a browser, too", () => {
  conformance(
    () => {
      vi.stubGlobal("crossOriginIsolated", false);
      return cpu({ threads: 1 }).finally(() => vi.unstubAllGlobals());
    },
    { describe, it, reference: () => reference({ precision: "float64" }) },
  );
});
