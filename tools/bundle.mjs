// A page as its visitors download it: bundled, minified, gzipped, and run once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "./run.mjs";

const root = resolve(import.meta.dirname, "..");

/** Sizes in bytes of the bundle of a page, which must say "ok": a small bundle that does nothing is no achievement. */
export function bundle(page) {
  // Inside the repository, so that the packages are found.
  const work = mkdtempSync(join(root, "packages/convlens/.bundle-size-"));
  try {
    writeFileSync(join(work, "page.mjs"), page);
    const bundled = join(work, "bundle.mjs");
    run(join(root, "tools/node_modules/.bin/esbuild"), [
      join(work, "page.mjs"),
      "--bundle",
      "--minify",
      "--format=esm",
      "--target=es2022",
      `--outfile=${bundled}`,
    ]);
    if (run(process.execPath, [bundled]).trim() !== "ok") throw new Error("the bundle did not say ok");
    const bytes = readFileSync(bundled);
    return { minified: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A page that trains LeNet on made-up pictures: on the backend that `make` makes, once `load` has imported it. */
export const trainingPage = (load, make) => `${load}
import { shapes } from "@convlens/datasets";
import { lenet5 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import { adam, fit } from "@convlens/training";

useBackend(${make});
const data = shapes({ size: 96, height: 28, width: 28, seed: 1 });
const losses = [];
for await (const step of fit(lenet5({ classes: data.classes.length }), data, { epochs: 2, batchSize: 32, optimizer: adam(), rate: 1e-3, seed: 1 }))
  if (step.kind === "step") losses.push(step.loss);
if (!(losses.length === 6 && losses.at(-1) < losses[0])) throw new Error("the net does not learn: " + losses);
console.log("ok");
`;
