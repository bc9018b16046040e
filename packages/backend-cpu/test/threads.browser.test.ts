import { describe, expect, it, vi } from "vitest";
import { cpu } from "../src/index.ts";
import { load4, each4, number } from "../src/assembler/expression.ts";
import { Team } from "../src/team.ts";
import { limits } from "./limits.ts";

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

  it("that are ended in the middle of a run are noticed, and the next run has new ones", async () => {
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
    const team = new Team(2);
    const code = team.code("endless", ["from", "to"], (f, from, to) => f.until(from!, to!, () => undefined), 1_000_000);
    const copy = team.code("copy", ["at"], (f, at) => f.store4(at!, load4(at!)));
    const block = team.heap.allocate(4);
    copy.call(block.start);
    await team.finish();
    code.each(2, 0, 1);
    const pending = Promise.resolve(team.finish());
    for (const worker of workers) worker.terminate();
    await expect(pending).rejects.toThrow(/^cpu: a thread did not finish its work \(it ended\); this run is lost/);
    copy.call(block.start);
    await team.finish();
    expect(workers.length).toBe(4);
    team.dispose();
    vi.unstubAllGlobals();
  });

  limits(() => cpu({ threads: 2 }));
});
