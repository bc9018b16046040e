// The promise that the kernels of backend-gpu survive bundling: a page that trains a net on each executor, built by vite and by
// esbuild --minify from the packages as they are published, runs in Chromium, under a content security policy that allows
// nothing but the page's own files.
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium as browsers } from "playwright";
import { build as viteBuild } from "vite";
import { chromium, quiet, softwareGraphics } from "./chromium.mjs";
import { run } from "./run.mjs";

const root = resolve(import.meta.dirname, "..");
if (chromium === undefined) {
  if (process.env.CI) throw new Error("No Chromium found: CI must run the bundles.");
  console.warn("SKIPPED: the bundles of backend-gpu. No Chromium found; install one or set CONVLENS_CHROMIUM.");
  process.exit();
}
// Inside the repository, so that the packages are found.
const work = mkdtempSync(join(root, "packages/convlens/.gpu-bundles-"));
const page = join(work, "page.mjs");

try {
  writeFileSync(
    page,
    `import { Conv2d, Dense, Flatten, MaxPool2d, Relu, fit, gpu, reference, sequential, shapes, useBackend } from "convlens";

async function losses(backend) {
  useBackend(backend);
  const data = shapes({ size: 12, height: 10, width: 10 });
  const model = sequential([new Conv2d({ filters: 3, kernelSize: 3 }), new Relu(), new MaxPool2d({ size: 2 }), new Flatten(), new Dense({ units: 4 })]);
  const found = [];
  for await (const step of fit(model, data, { batchSize: 4, seed: 1 })) if (step.kind === "step") found.push(step.loss);
  return found;
}
async function trainEverywhere() {
  const want = await losses(reference());
  const found = {};
  for (const mode of ["webgl2", "webgpu"]) {
    const backend = await gpu({ mode, allowSoftware: true });
    const got = await losses(backend);
    if (!(got.length === 3 && got.every((loss, i) => Math.abs(loss - want[i]) < 1e-5))) throw new Error(mode + " trains to " + got + ", the reference to " + want);
    found[mode] = backend.executor + " on " + backend.renderer;
  }
  return found;
}
globalThis.trained = trainEverywhere().catch((error) => ({ error: String(error?.stack ?? error) }));
`,
  );
  run(join(root, "tools/node_modules/.bin/esbuild"), [
    ...[page, "--bundle", "--minify", "--format=iife", `--outfile=${join(work, "esbuild/page.js")}`],
  ]);
  await viteBuild({
    root: work,
    configFile: false,
    logLevel: "error",
    build: {
      outDir: "vite",
      modulePreload: false,
      rolldownOptions: { input: page, output: { entryFileNames: "page.js" } },
    },
  });
  const browser = await browsers.launch({ executablePath: chromium, args: [...quiet, ...softwareGraphics] });
  try {
    for (const bundler of ["esbuild", "vite"])
      console.log(`${bundler}: ${JSON.stringify(await trainIn(browser, join(work, bundler)))}`);
  } finally {
    await browser.close();
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** What the page in this folder says in the end. */
async function trainIn(browser, folder) {
  const html = `<!doctype html><title>training</title><script type="module" src="/page.js"></script>`;
  const server = createServer((request, response) => {
    const isPage = request.url === "/";
    response.setHeader("Content-Type", isPage ? "text/html" : "text/javascript");
    response.setHeader("Content-Security-Policy", "default-src 'none'; script-src 'self'");
    try {
      response.end(isPage ? html : readFileSync(join(folder, request.url)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    const tab = await browser.newPage();
    const said = [];
    tab.on("console", (message) => said.push(message.text()));
    tab.on("pageerror", (error) => said.push(error.message));
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    await tab.waitForFunction("globalThis.trained !== undefined", undefined, { timeout: 60_000 });
    const trained = await tab.evaluate("globalThis.trained");
    if (trained.error !== undefined) throw new Error(`${folder}: ${trained.error}\n${said.join("\n")}`);
    return trained;
  } finally {
    server.close();
  }
}
