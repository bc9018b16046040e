// Runs the tasks of turbo.json, as many at a time as there are processors: node tools/check.mjs [TASK]… (default: all of CI).
// Turborepo skips a task that passed before with the same inputs; CI_FULL=1 repeats all. --filter=PACKAGE selects packages, as in
// Turborepo. Continues after a failure; prints the seconds of each task and the number of tests (without the number:
// --without-count), and fails at the end.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "./chromium.mjs";
import { resultsOf } from "./countTests.mjs";
import { newestNode } from "./run.mjs";

const root = resolve(import.meta.dirname, "..");
const ALL = [
  ...["test", "test:browser", "test:gpu", "test:newest-node", "lint", "format:check", "unused", "typecheck", "build"],
  ...["docs", "fuzz", "soak", "site", "bundle-size", "packages", "cpu-bundles", "gpu-bundles"],
];

const args = process.argv.slice(2);
const asked = args.filter((word) => !word.startsWith("-"));
const tasks = asked.length > 0 ? asked : ALL;
const filters = args.filter((word) => word.startsWith("--filter="));

/** What tests depend on beside files: Turborepo takes it for an input. */
function machine() {
  const versionOf = (program) => spawnSync(program, ["--version"], { encoding: "utf8" }).stdout.trim();
  const programs = [process.execPath, newestNode(), chromium].filter((program) => program !== undefined);
  return `${programs.map(versionOf).join(", ")}, ${availableParallelism()} processors`;
}

/** Prints what the summary that Turborepo wrote says of each task. */
function printSummary() {
  const folder = join(root, ".turbo/runs");
  const [path] = readdirSync(folder).map((name) => join(folder, name));
  const all = JSON.parse(readFileSync(path, "utf8")).tasks.filter(({ execution }) => Boolean(execution));
  const [known, ran] = [true, false].map((isKnown) => all.filter(({ cache }) => (cache.status === "HIT") === isKnown));
  console.log(`\n${known.length} tasks passed before with the same inputs`);
  for (const { taskId, execution } of ran.sort((a, b) => a.execution.startTime - b.execution.startTime)) {
    const seconds = ((execution.endTime - execution.startTime) / 1000).toFixed(1);
    console.log(`== ${taskId}: ${execution.exitCode === 0 ? "passed" : "FAILED"} after ${seconds} s`);
  }
}

const TEST_MACHINE = machine();
console.log(`${TEST_MACHINE}: ${tasks.join(", ")}`);
// A result or summary of an earlier run must not stand for a task that did not finish.
for (const path of [...resultsOf(tasks), join(root, ".turbo/runs")]) rmSync(path, { force: true, recursive: true });

const options = ["--continue", "--summarize", "--output-logs=new-only"];
const lanes = `--concurrency=${availableParallelism()}`;
const force = process.env.CI_FULL ? ["--force"] : [];
const { status } = spawnSync("turbo", ["run", ...tasks, ...options, lanes, ...filters, ...force], {
  stdio: "inherit",
  env: { ...process.env, TEST_MACHINE },
});
process.exitCode = status ?? 1;
printSummary();

const isCounted = !args.includes("--without-count") && filters.length === 0 && resultsOf(tasks).length > 0;
if (isCounted) {
  const count = spawnSync(process.execPath, [join(root, "tools/countTests.mjs"), ...tasks], { stdio: "inherit" });
  if (count.status !== 0) process.exitCode = 1;
}
