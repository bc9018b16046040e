// Runs one kind of tests of the package in the current folder: node ../../tools/test.mjs KIND [FILE | OPTION OF VITEST]…
// Writes the results to test-results/KIND.json, which Turborepo restores when nothing changed.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { chromium } from "./chromium.mjs";
import { newestNode } from "./run.mjs";

const root = resolve(import.meta.dirname, "..");
const folder = relative(root, process.cwd());
const [kind, ...rest] = process.argv.slice(2);
const options = rest.filter((word) => word.startsWith("-"));
const files = rest.filter((word) => !word.startsWith("-"));

/** Kinds of tests: the projects of vitest.config.ts, and what runs them. */
const kinds = {
  unit: { projects: ["unit"], node: process.execPath },
  "newest-node": { projects: ["unit"], node: newestNode() },
  browser: { projects: ["browser", "browser without shared memory"], node: process.execPath, needsBrowser: true },
  gpu: { projects: ["gpu"], node: process.execPath, needsBrowser: true },
};
if (!(kind in kinds)) throw new Error(`expected one of ${Object.keys(kinds).join(", ")}, got "${kind}"`);
const { projects, node, needsBrowser } = kinds[kind];

const results = join(process.cwd(), "test-results", `${kind}.json`);
if (node === undefined || (needsBrowser && chromium === undefined)) {
  // newestNode and vitest.config.ts refuse this on CI.
  console.warn(`SKIPPED: the ${kind} tests of ${folder}`);
  mkdirSync(join(results, ".."), { recursive: true });
  writeFileSync(results, JSON.stringify({ testResults: [], numPassedTests: 0, success: true }));
} else {
  const args = [
    ...["run", "--root", root],
    ...projects.flatMap((project) => ["--project", project]),
    ...(files.length > 0 ? files.map((file) => `${folder}/test/${file}`) : [`${folder}/test/`]),
    ...options,
  ];
  const env = { ...process.env, TEST_RESULTS: results, TEST_FOLDER: folder };
  const { status } = spawnSync(node, [join(root, "node_modules/vitest/vitest.mjs"), ...args], {
    stdio: "inherit",
    cwd: root,
    env,
  });
  process.exitCode = status ?? 1;
}
