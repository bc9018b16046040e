// Writes results.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const folder = join(import.meta.dirname, "../results");

/** Writes `NAME.json` and, if there is a plot, `NAME.svg`, and prints their paths. */
export function saveResults(name, results, plot) {
  mkdirSync(folder, { recursive: true });
  const files = { json: `${JSON.stringify(results, null, 1)}\n`, ...(plot !== undefined && { svg: plot }) };
  for (const [kind, text] of Object.entries(files)) {
    const file = join(folder, `${name}.${kind}`);
    writeFileSync(file, text);
    console.log(`wrote ${relative(process.cwd(), file)}`);
  }
}
