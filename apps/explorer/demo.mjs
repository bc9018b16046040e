// Trains the network that the page opens with, builds the page, and serves it until Ctrl-C: pnpm demo [--out FOLDER]
// Without a terminal, and on CI, it requests the page and everything that the page loads, and ends.
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "vite";
import { prepareData } from "./prepare.mjs";
import { serveSite } from "./site.mjs";

const here = import.meta.dirname;
const { values } = parseArgs({ options: { out: { type: "string", default: join(here, "dist") } } });
const dist = resolve(values.out);
const isWatched = process.stdout.isTTY && !process.env.CI;
/** The port of `vite preview`; if it is taken, any other. */
const PORT = 4173;

function showProgress({ record, epochs }) {
  const head = `epoch ${record.epoch + 1}/${epochs}`;
  if (record.kind === "epoch")
    console.log(
      `${isWatched ? "\r\x1b[2K" : ""}${head}: test accuracy ${(100 * record.validation.metrics.accuracy).toFixed(2)} %`,
    );
  else if (isWatched && (record.batch % 10 === 0 || record.batch === record.batches)) {
    const filled = Math.round((24 * record.batch) / record.batches);
    process.stdout.write(
      `\r\x1b[2K${head} ${"█".repeat(filled)}${"░".repeat(24 - filled)} loss ${record.loss.toFixed(3)}, ${Math.round(record.examplesPerSecond)} images per second`,
    );
  }
}

/** Requests the page and all of its files. */
async function tryPage(address) {
  const files = (await readdir(dist, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dist.length + 1));
  for (const path of ["", ...files]) {
    const response = await fetch(address + path);
    const { byteLength } = await response.arrayBuffer();
    if (!response.ok || byteLength === 0) throw new Error(`${address}${path} answered ${response.status}`);
  }
  return files.length;
}

console.log("A small network learns to read 8,000 digits:");
await prepareData({ force: true, onProgress: showProgress });
console.log("Building the page around it …");
await build({ root: here, logLevel: "error", build: { outDir: dist, emptyOutDir: true } });
const site = { isolated: true, folder: "/" };
const { address, end } = await serveSite(dist, { ...site, port: isWatched ? PORT : 0 }).catch(() =>
  serveSite(dist, site),
);
if (isWatched) {
  console.log(`\nOpen ${address} in a browser. Ctrl-C ends it.`);
  process.once("SIGINT", () => process.exit(0)).once("SIGTERM", () => process.exit(0));
} else {
  console.log(
    `The page and its ${await tryPage(address)} files can be loaded. In a terminal it stays at an address to open.`,
  );
  end();
}
