import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

it("leaves everything as it was when it fails", async () => {
  // A folder with something in it cannot be replaced by a file.
  const path = join(folder, "taken");
  mkdirSync(join(path, "inner"), { recursive: true });
  await expect(writeFileAtomic(path, "text")).rejects.toThrow();
  expect(readdirSync(path)).toEqual(["inner"]);
  expect(readdirSync(folder).sort()).toEqual(["file", "taken"]);
  await expect(writeFileAtomic(join(folder, "nowhere", "file"), "text")).rejects.toThrow(/ENOENT/);
});
