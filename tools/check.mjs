// Everything that CI runs, one after the other: prints how long each took, goes on after a failure, and fails at the end.
// With --without-test all but the tests, for who has just run them.
import { spawnSync } from "node:child_process";

const scripts = [
  "test",
  "lint",
  "format:check",
  "typecheck",
  "build",
  "docs",
  "fuzz",
  "tools:soak",
  "tools:unused",
  "tools:site",
  "tools:bundle-size",
  "tools:packages",
  "tools:cpu-bundles",
  "tools:gpu-bundles",
  "tools:gpu-coverage",
  "tools:newest-node",
];
if (process.argv.includes("--without-test")) scripts.shift();

const failures = [];
for (const script of scripts) {
  const started = Date.now();
  const { status } = spawnSync("pnpm", ["run", script], { stdio: "inherit" });
  console.log(
    `== ${script}: ${status === 0 ? "passed" : `FAILED (${status})`} after ${Math.round((Date.now() - started) / 1000)} s`,
  );
  if (status !== 0) failures.push(script);
}
if (failures.length > 0) {
  console.error(`failed: ${failures.join(", ")}`);
  process.exitCode = 1;
}
