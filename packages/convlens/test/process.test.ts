import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

// Needs a separate process, which runs the sources, as the other tests do.
const folder = mkdtempSync(join(tmpdir(), "convlens-process-"));
afterAll(() => rmSync(folder, { recursive: true }));

const start = `
  import { runnerImport } from ${JSON.stringify(import.meta.resolve("vite"))};
  const resolve = { conditions: ["@convlens/source", "module", "node"], noExternal: /^@convlens\\//, external: ["fast-png", "jpeg-js"] };
  process.argv.splice(1, 0, "convlens");
  await runnerImport(${JSON.stringify(join(import.meta.dirname, "../src/cli.ts"))}, {
    configFile: false, root: ${JSON.stringify(join(import.meta.dirname, ".."))}, logLevel: "error", resolve,
    environments: { inline: { consumer: "server", resolve } },
  });`;

it("the process ends without an error if the reader of its output closes, and leaves no lock", async () => {
  const args = [
    "train",
    "edges",
    "--model",
    "small",
    "--batch-size",
    "500",
    "--epochs",
    "50",
    "--name",
    "piped",
    "--json",
  ];
  const child = spawn(process.execPath, ["--input-type=module", "--eval", start, "--", ...args], { cwd: folder });
  let errors = "";
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  child.stdout.once("data", () => child.stdout.destroy());
  const [code] = await new Promise<[number | null]>((resolve) => child.once("exit", (status) => resolve([status])));
  expect(errors).not.toMatch(/EPIPE|\n\s+at /);
  expect(code, errors).toBe(141);
  expect(readdirSync(join(folder, "runs/piped")).sort()).toEqual([
    "checkpoint.safetensors",
    "history.json",
    "run.json",
  ]);
});
