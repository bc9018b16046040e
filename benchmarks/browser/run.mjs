// Serves a page that measures Convlens and TensorFlow.js on the graphics processor of the machine that opens it: `pnpm
// bench:browser` prints its address. With --headless it runs in Chromium with a graphics processor in software.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build, preview } from "vite";
import { chromium, quiet, softwareGraphics } from "../../tools/chromium.mjs";
import { saveResults } from "../report/results.mjs";

const here = import.meta.dirname;
const { values: options } = parseArgs({
  options: {
    headless: { type: "boolean", default: false },
    only: { type: "string" },
    own: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    port: { type: "string", default: "5173" },
  },
});

/** Installs TensorFlow.js from the lockfile, without install scripts, unless it is installed. */
function installPeers() {
  const cwd = join(here, "peers");
  const lockfile = readFileSync(join(cwd, "pnpm-lock.yaml"), "utf8");
  const installed = join(cwd, "node_modules/.pnpm/lock.yaml");
  if (existsSync(installed) && readFileSync(installed, "utf8") === lockfile) return;
  console.log("installing TensorFlow.js, once: about 90 MB");
  const { status } = spawnSync("pnpm", ["install", "--frozen-lockfile", "--ignore-scripts"], { cwd, stdio: "inherit" });
  if (status !== 0) throw new Error(`pnpm install failed in ${cwd}; run it by pnpm bench:browser`);
}

installPeers();
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const config = {
  root: here,
  configFile: false,
  logLevel: "warn",
  build: { target: "esnext", chunkSizeWarningLimit: 5000 },
};
await build(config);
const server = await preview({ ...config, preview: { host: "127.0.0.1", port: Number(options.port), headers } });
const address = new URL(server.resolvedUrls.local[0]);
for (const name of ["own", "quick"]) if (options[name]) address.searchParams.set(name, "");
if (options.only !== undefined) address.searchParams.set("only", options.only);

if (!options.headless) {
  console.log(`Open ${address.href} in a browser whose graphics processor is to be measured. Ctrl-C ends this.`);
} else {
  if (chromium === undefined) throw new Error("No Chromium found; install one or set CONVLENS_CHROMIUM.");
  const { chromium: browsers } = await import("playwright");
  const browser = await browsers.launch({ executablePath: chromium, args: [...quiet, ...softwareGraphics] });
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(error.message));
    address.searchParams.set("go", "");
    await page.goto(address.href);
    await page.waitForFunction("globalThis.results?.isDone", undefined, { timeout: 0, polling: 1000 });
    console.log(await page.textContent("#results"));
    const results = await page.evaluate("globalThis.results");
    const { works } = results;
    const isWhole = options.only === undefined && !options.quick && !options.own;
    saveResults(isWhole ? "browser" : "browser-part", { command: "pnpm bench:browser --headless", ...results });
    for (const { name, figures } of works)
      for (const [id, { failed, agrees, difference }] of Object.entries(figures)) {
        if (failed !== undefined) console.error(`FAILED ${name}, ${id}: ${failed}`);
        if (agrees === false) console.error(`WRONG ${name}: ${id} differs by ${difference}`);
        if (failed !== undefined || agrees === false) process.exitCode = 1;
      }
  } finally {
    await browser.close();
    server.httpServer.close();
  }
}
