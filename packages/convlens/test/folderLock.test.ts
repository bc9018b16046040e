import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it, vi } from "vitest";
import { FolderLock } from "../src/folderLock.ts";

// Each file operation waits for its turn, so that fast-check decides in which order concurrent callers run them.
const order = vi.hoisted(() => ({ scheduler: undefined as fc.Scheduler | undefined }));
vi.mock("node:fs/promises", async () => {
  const fs = await vi.importActual<typeof import("node:fs")>("node:fs");
  const inTurn =
    <A extends unknown[], R>(work: (...given: A) => R) =>
    async (...given: A): Promise<R> => {
      await order.scheduler?.schedule(Promise.resolve());
      return work(...given);
    };
  const open = (path: string, flags: string) => {
    const file = fs.openSync(path, flags);
    return {
      writeFile: inTurn((text: string) => fs.writeFileSync(file, text)),
      close: inTurn(() => fs.closeSync(file)),
    };
  };
  return {
    open: inTurn(open),
    readFile: inTurn(fs.readFileSync),
    rename: inTurn(fs.renameSync),
    rm: inTurn(fs.rmSync),
    stat: inTurn(fs.statSync),
  };
});
vi.mock("node:timers/promises", () => ({ setTimeout: async () => order.scheduler?.schedule(Promise.resolve()) }));

const folder = mkdtempSync(join(tmpdir(), "lock-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("one of several concurrent callers takes the lock of a killed process, in any order of their file operations", async () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      writeFileSync(FolderLock.pathIn(folder), JSON.stringify({ pid, host: hostname(), id: "killed" }));
      order.scheduler = scheduler;
      const taken = await scheduler.waitFor(Promise.all([1, 2, 3].map(() => FolderLock.take(folder))));
      order.scheduler = undefined;
      const locks = taken.filter((lock) => lock !== undefined);
      const files = readdirSync(folder);
      for (const lock of locks) await lock.release();
      expect(locks).toHaveLength(1);
      expect(files).toEqual([".lock"]);
    }),
    { numRuns: 500 },
  );
});
