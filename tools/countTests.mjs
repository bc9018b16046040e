// Adds up the results that the tasks in `tools/test.mjs` wrote, and prints them as one line: node tools/countTests.mjs [TASK]…
// Fails if a test failed or was skipped, or if there was none. A missing result, and a file that could not run, are one failure.
// Prints the failures before that line, because logs are long and are often read from their end.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Paths of the results of all packages. */
export function resultsOf(tasks = []) {
  const folders = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name)),
  );
  return folders.flatMap((folder) => {
    const manifest = join(folder, "package.json");
    const scripts = existsSync(manifest) ? Object.entries(readJson(manifest).scripts ?? {}) : [];
    return scripts.flatMap(([script, command]) => {
      const kind = /tools\/test\.mjs ([\w-]+)/.exec(command)?.[1];
      const isCounted = kind !== undefined && (tasks.length === 0 || tasks.includes(script));
      return isCounted ? [join(folder, "test-results", `${kind}.json`)] : [];
    });
  });
}

if (import.meta.filename === process.argv[1]) {
  let passed = 0;
  let failed = 0;
  for (const path of resultsOf(process.argv.slice(2))) {
    if (!existsSync(path)) {
      console.error(`\nFAILED ${path} is missing: its tests did not finish`);
      failed++;
      continue;
    }
    const report = readJson(path);
    for (const file of report.testResults) {
      for (const test of file.assertionResults.filter(({ status }) => status === "failed"))
        console.error(`\nFAILED ${file.name} > ${test.fullName}\n${test.failureMessages.join("\n")}`);
      // A file that could not run has a message of its own.
      if (file.status === "failed" && file.message !== "") console.error(`\nFAILED ${file.name}\n${file.message}`);
    }
    const notRun = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
    if (notRun > 0) console.error(`${path}: ${notRun} skipped`);
    passed += report.numPassedTests;
    failed += Math.max((report.numFailedTests ?? 0) + notRun, report.success ? 0 : 1);
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
