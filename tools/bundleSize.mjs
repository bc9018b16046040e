// The promise of a small download: a page that trains LeNet on backend-reference is at most 30 kB, minified and gzipped.
// The bundle is also run, since a small one that does nothing is no achievement.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "./run.mjs";

const LIMIT = 30_000;
const root = resolve(import.meta.dirname, "..");
// Inside the repository, so that the packages are found.
const work = mkdtempSync(join(root, "packages/convlens/.bundle-size-"));

try {
  writeFileSync(
    join(work, "page.mjs"),
    `import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { lenet5 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import { adam, fit } from "@convlens/training";

useBackend(reference());
const data = shapes({ size: 96, height: 28, width: 28, seed: 1 });
const losses = [];
for await (const step of fit(lenet5({ classes: data.classes.length }), data, { epochs: 2, batchSize: 32, optimizer: adam(), rate: 1e-3, seed: 1 }))
  if (step.kind === "step") losses.push(step.loss);
if (!(losses.length === 6 && losses.at(-1) < losses[0])) throw new Error("the net does not learn: " + losses);
console.log("ok");
`,
  );
  const bundle = join(work, "bundle.mjs");
  run(join(root, "tools/node_modules/.bin/esbuild"), [
    join(work, "page.mjs"),
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    `--outfile=${bundle}`,
  ]);
  if (run(process.execPath, [bundle]).trim() !== "ok") throw new Error("the bundle did not say ok");
  const bytes = readFileSync(bundle);
  const size = gzipSync(bytes, { level: 9 }).length;
  console.log(`training LeNet: ${bytes.length} B minified, ${size} B gzipped (at most ${LIMIT})`);
  if (size > LIMIT) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
