import { spawnSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { writeFileAtomic } from "../src/node/index.ts";

const folder = mkdtempSync(join(tmpdir(), "atomic-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("writes a file in place of another, and leaves nothing beside it", async () => {
  const path = join(folder, "file");
  writeFileSync(path, "before");
  await writeFileAtomic(path, "after");
  expect(readFileSync(path, "utf8")).toBe("after");
  await writeFileAtomic(path, Uint8Array.of(1, 2));
  expect([...readFileSync(path)]).toEqual([1, 2]);
  expect(readdirSync(folder)).toEqual(["file"]);
});

it("leaves everything unchanged when it fails", async () => {
  // A folder that is not empty cannot be replaced by a file.
  const path = join(folder, "taken");
  mkdirSync(join(path, "inner"), { recursive: true });
  await expect(writeFileAtomic(path, "text")).rejects.toThrow();
  expect(readdirSync(path)).toEqual(["inner"]);
  expect(readdirSync(folder).sort()).toEqual(["file", "taken"]);
  await expect(writeFileAtomic(join(folder, "nowhere", "file"), "text")).rejects.toThrow(/ENOENT/);
});

it("overlapping writes to one path are never torn: the file is that of the last call, and complete at any moment", async () => {
  const path = join(folder, "shared");
  const whole = (size: number): string => `${size} `.repeat(size);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 2, maxLength: 6 }), async (sizes) => {
      const state = { isDone: false };
      const all = Promise.all(sizes.map((size) => writeFileAtomic(path, whole(size)))).finally(
        () => (state.isDone = true),
      );
      while (!state.isDone) {
        await new Promise(setImmediate);
        const text = readFileSync(path, { encoding: "utf8", flag: "a+" });
        if (text !== "") expect(text === whole(parseInt(text))).toBe(true);
      }
      await all;
      expect(parseInt(readFileSync(path, "utf8"))).toBe(sizes.at(-1));
    }),
    { numRuns: 20 },
  );
  rmSync(path);
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

it("a failed write does not stop the next one to the same path", async () => {
  const path = join(folder, "later", "file");
  const [first, second] = [writeFileAtomic(path, "first"), writeFileAtomic(path, "second")];
  await expect(first).rejects.toThrow(/ENOENT/);
  await expect(second).rejects.toThrow(/ENOENT/);
  mkdirSync(join(folder, "later"));
  await writeFileAtomic(path, "third");
  expect(readFileSync(path, "utf8")).toBe("third");
});

it("removes the files of killed processes, and nothing else", async () => {
  const own = join(folder, "leftovers");
  mkdirSync(own);
  const host = hostname().replaceAll(/[^\w-]/g, "-");
  // The id of a process that has ended.
  const { pid: ended } = spawnSync(process.execPath, ["--version"]);
  const [left, ours, theirs, old, other] = [
    `.file.${host}.${ended}.0123456789ab.tmp`,
    `.file.${host}.${process.pid}.0123456789ab.tmp`,
    `.file.${host}.${process.ppid}.0123456789ab.tmp`,
    `.file.${host}.${process.ppid}.ba9876543210.tmp`,
    `.file2.${host}.${ended}.0123456789ab.tmp`,
  ] as const;
  for (const name of [left, ours, theirs, old, other, ".file.notes.tmp"]) writeFileSync(join(own, name), "half");
  const yesterday = Date.now() / 1000 - 86_400;
  utimesSync(join(own, old), yesterday, yesterday);
  await writeFileAtomic(join(own, "file"), "whole");
  expect(readdirSync(own).sort()).toEqual([ours, theirs, other, ".file.notes.tmp", "file"].sort());
});

it("replaces a symbolic link and keeps its target", async () => {
  const [target, link] = [join(folder, "target"), join(folder, "link")];
  writeFileSync(target, "precious");
  symlinkSync(target, link);
  await writeFileAtomic(link, "new");
  expect([readFileSync(target, "utf8"), readFileSync(link, "utf8")]).toEqual(["precious", "new"]);
  expect(lstatSync(link).isSymbolicLink()).toBe(false);
});

it("writes files with names of the maximum length", async () => {
  const path = join(folder, `${"\u{1f4c8}".repeat(60)}.bin`);
  await writeFileAtomic(path, "text");
  expect(readFileSync(path, "utf8")).toBe("text");
});
