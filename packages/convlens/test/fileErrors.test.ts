import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConvlensError } from "@convlens/backend";
import { afterAll, expect, it, vi } from "vitest";
import { messageOf, reasonOf, saveFile } from "../src/fileErrors.ts";

const folder = mkdtempSync(join(tmpdir(), "convlens-errors-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** An error as the file system of Node throws it. */
const systemError = (code: string): Error =>
  Object.assign(new Error(`${code}: what the system says, write`), { code, syscall: "write", errno: -1 });

it("an error of the file system names the problem and a fix", async () => {
  const told = ["ENOSPC", "EROFS", "EACCES", "ENOTDIR"].map((code) => reasonOf(systemError(code)));
  expect(told).toEqual([
    "the disk is full; free some space",
    "the file system is read-only; choose another folder",
    "permission is denied; change the permissions, or choose another folder",
    "a part of the path is a file, not a folder; check the path",
  ]);
  // Unknown codes, and names that every object inherits.
  expect(reasonOf(systemError("EWHAT"))).toBe("EWHAT: what the system says, write");
  expect(reasonOf(systemError("toString"))).toBe("toString: what the system says, write");
  writeFileSync(join(folder, "file"), "");
  const error = await saveFile(join(folder, "file", "inner"), "text").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ConvlensError);
  expect((error as Error).message).toBe(
    `${join(folder, "file", "inner")} cannot be written: a part of the path is a file, not a folder; check the path`,
  );
});

it("every thrown value has a message", () => {
  const noText = Object.assign(Object.create(null) as object, { toString: vi.fn(() => ({})) });
  expect([new Error("a"), new TypeError(""), "b", 3, null, undefined, Symbol("c"), noText].map(messageOf)).toEqual([
    ...["a", "TypeError", "b", "3", "null", "undefined", "Symbol(c)", "something that has no text"],
  ]);
});
