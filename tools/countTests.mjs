// Adds up what vitest's JSON reports say, and prints it as one line. Fails if a test failed or was skipped, and if there was none.
// A report that is missing, and a file that could not be run, count as one failure.
// Says last what failed and why: logs are long, and are often read from their end.
import { existsSync, readFileSync } from "node:fs";

let passed = 0;
let failed = 0;
for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    console.error(`${path} is missing: its tests did not finish`);
    failed++;
    continue;
  }
  const report = JSON.parse(readFileSync(path, "utf8"));
  for (const file of report.testResults) {
    for (const test of file.assertionResults.filter(({ status }) => status === "failed"))
      console.error(`\nFAILED ${file.name} > ${test.fullName}\n${test.failureMessages.join("\n")}`);
    // A file that could not be run has a message of its own.
    if (file.status === "failed" && file.message !== "") console.error(`\nFAILED ${file.name}\n${file.message}`);
  }
  const notRun = report.numPendingTests + report.numTodoTests;
  if (notRun > 0) console.error(`${path}: ${notRun} skipped`);
  passed += report.numPassedTests;
  failed += Math.max(report.numFailedTests + notRun, report.success ? 0 : 1);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
