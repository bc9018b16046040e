// Bundlers with their defaults. Each makes a folder with an index.html from a folder with page.mjs and, optionally, worker.mjs, which
// the page starts by `new Worker(new URL("./worker.mjs", import.meta.url), …)`.
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";
import * as vite8 from "vite";
import * as vite6 from "vite-6";
import * as vite7 from "vite-7";
import webpack from "webpack";
import { run } from "./run.mjs";

const root = resolve(import.meta.dirname, "..");
const sources = ["page.mjs", "worker.mjs"];
const html = (script) => `<!doctype html><title>page</title><script type="module" src="./${script}"></script>`;
const esbuildProgram = join(root, "tools/node_modules/.bin/esbuild");

/** Each source as a single file. */
function esbuild(from, to, { esbuild: options = [] }) {
  for (const source of sources.filter((name) => existsSync(join(from, name)))) {
    const bundling = ["--bundle", "--minify", `--outfile=${join(to, source)}`, ...options];
    // A classic worker, which cannot import.
    const format = source === "worker.mjs" ? "iife" : "esm";
    run(esbuildProgram, [join(from, source), `--format=${format}`, ...bundling]);
  }
  writeFileSync(join(to, "index.html"), html("page.mjs"));
}

async function rollupToFiles(from, to) {
  for (const source of sources.filter((name) => existsSync(join(from, name)))) {
    const bundle = await rollup({ input: join(from, source), plugins: [nodeResolve()] });
    await bundle.write({ file: join(to, source), format: source === "worker.mjs" ? "iife" : "es" });
    await bundle.close();
  }
  writeFileSync(join(to, "index.html"), html("page.mjs"));
}

const vite =
  ({ build }) =>
  async (from, to) => {
    writeFileSync(join(from, "index.html"), html("page.mjs"));
    await build({ root: from, configFile: false, logLevel: "error", build: { outDir: to, emptyOutDir: false } });
  };

async function webpackToFolder(from, to) {
  const compiler = webpack({ context: from, entry: "./page.mjs", mode: "production", output: { path: to } });
  const stats = await new Promise((done, fail) =>
    compiler.run((error, stats) => (error === null ? done(stats) : fail(error))),
  );
  await new Promise((done) => compiler.close(done));
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  writeFileSync(join(to, "index.html"), html("main.js"));
}

/** By name: bundles one folder into another. */
export const bundlers = {
  esbuild,
  rollup: rollupToFiles,
  webpack: webpackToFolder,
  "vite 6": vite(vite6),
  "vite 7": vite(vite7),
  "vite 8": vite(vite8),
};
