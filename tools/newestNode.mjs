// The unit tests on the newest Node.
import { spawnSync } from "node:child_process";
import { newestNode } from "./run.mjs";

const node = newestNode();
if (node !== undefined) {
  console.log(`Node ${spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim()}`);
  const { status } = spawnSync(node, ["node_modules/vitest/vitest.mjs", "run", "--project", "unit"], {
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}
