// Bundles and minifies a page, runs it once, and measures its size.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { run } from "./run.mjs";

const root = resolve(import.meta.dirname, "..");

/**
 * Sizes in bytes of what a page loads. The page must print "ok", so that a bundle that does nothing fails. Dynamic imports are
 * separate files, and count if they were loaded.
 */
export function bundle(page) {
  // Inside the repository, so that the packages are found.
  const work = mkdtempSync(join(root, "packages/convlens/.bundle-size-"));
  try {
    const [source, files, coverage] = ["page.mjs", "files", "coverage"].map((name) => join(work, name));
    writeFileSync(source, page);
    run(join(root, "tools/node_modules/.bin/esbuild"), [
      source,
      "--bundle",
      "--splitting",
      "--minify",
      "--format=esm",
      "--target=es2022",
      "--out-extension:.js=.mjs",
      `--outdir=${files}`,
    ]);
    const said = run(process.execPath, [join(files, "page.mjs")], { env: { NODE_V8_COVERAGE: coverage } });
    if (said.trim() !== "ok") throw new Error("the bundle did not say ok");
    const scripts = readdirSync(coverage).flatMap(
      (name) => JSON.parse(readFileSync(join(coverage, name), "utf8")).result,
    );
    const loaded = new Set(scripts.map(({ url }) => url));
    const parts = readdirSync(files)
      .filter((name) => loaded.has(pathToFileURL(join(files, name)).href))
      .map((name) => readFileSync(join(files, name)));
    const sum = (sizeOf) => parts.reduce((total, part) => total + sizeOf(part), 0);
    return { minified: sum((part) => part.length), gzipped: sum((part) => gzipSync(part, { level: 9 }).length) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A page that trains LeNet on synthetic images. `load` imports the backend, and `make` makes it. */
export const trainingPage = (load, make) => `${load}
import { shapes } from "@convlens/datasets";
import { lenet5 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import { adam, fit } from "@convlens/training";

useBackend(${make});
const data = shapes({ size: 96, height: 28, width: 28, seed: 1 });
const losses = [];
for await (const step of fit(lenet5({ classes: data.classes.length }), data, { epochs: 2, batchSize: 32, optimizer: adam({ learningRate: 1e-3 }), seed: 1 }))
  if (step.kind === "step") losses.push(step.loss);
if (!(losses.length === 6 && losses.at(-1) < losses[0])) throw new Error("the net does not learn: " + losses);
console.log("ok");
`;
