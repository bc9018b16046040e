import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as backend from "@convlens/backend";
import * as conformance from "@convlens/backend/conformance";
import * as math from "@convlens/backend/math";
import * as reference from "@convlens/backend-reference";
import { transformWithOxc } from "vite";
import { afterAll, describe, expect, it, vi } from "vitest";

// The guide "Write a backend" is one program, which declares the tests of its backend.

const text = readFileSync(join(import.meta.dirname, "../../../docs/guides/write-a-backend.md"), "utf8");
const code = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block]) => block).join("\n");
const available: Record<string, Record<string, unknown>> = {
  "@convlens/backend": backend,
  "@convlens/backend/conformance": conformance,
  "@convlens/backend/math": math,
  "@convlens/backend-reference": reference,
  vitest: { describe, it },
};
/** Imported names, without types. */
const imported = Object.fromEntries(
  [...code.matchAll(/^import \{([\s\S]*?)\} from "([^"]+)";/gm)].flatMap(([, list, from]) =>
    list!
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && !name.startsWith("type "))
      .map((name) => [name, available[from!]?.[name]] as const),
  ),
);

const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterAll(() => warn.mockRestore());

const { code: plain } = await transformWithOxc(
  code.replace(/^import [\s\S]*?from "[^"]+";\n/gm, "").replaceAll(/^export /gm, ""),
  "guide.ts",
);
// oxlint-disable-next-line typescript/no-implied-eval
const run = new Function(...Object.keys(imported), `${plain}\nreturn { beginner, small };`);
const { beginner, small } = run(...Object.values(imported)) as {
  beginner: backend.Backend;
  small: () => backend.Backend;
};

describe("the guide Write a backend", () => {
  it("writes a backend in about a hundred lines", () => {
    const lines = code.split("\n").filter((line) => line.trim() !== "");
    expect(lines.length).toBeGreaterThan(90);
    expect(lines.length).toBeLessThan(130);
  });

  it("imports only existing names", () => {
    expect(Object.keys(imported)).toContain("kernelBackend");
    for (const [name, value] of Object.entries(imported)) expect(value, name).toBeDefined();
  });

  it("begins with one kernel", async () => {
    expect(beginner.supports("relu")).toBe(true);
    expect(beginner.supports("exp")).toBe(false);
    const made = small();
    expect([made.supports("matmul"), made.supports("softmax")]).toEqual([true, false]);
  });
});
