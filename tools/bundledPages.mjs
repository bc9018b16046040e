// Builds pages by bundlers from the published form of the packages, and runs them in Chromium.
import { createServer } from "node:http";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium as browsers } from "playwright";
import { bundlers } from "./bundlers.mjs";
import { chromium, quiet } from "./chromium.mjs";

const root = resolve(import.meta.dirname, "..");

/**
 * The answer of a page, for each bundler and each way to serve it. The page sets `globalThis.answer` to a promise of it.
 *
 * @param name - Title for messages.
 * @param sources - Modules by name: `page.mjs`, and `worker.mjs` where the page starts a worker.
 * @param serving - Response headers by way to serve the page.
 * @param options - More arguments of esbuild and of Chromium, and the names of the bundlers; default: all.
 * @returns The answers; none without Chromium.
 */
export async function bundledPages(
  name,
  sources,
  serving,
  { esbuild = [], browser: args = [], by = Object.keys(bundlers) } = {},
) {
  if (chromium === undefined) {
    if (process.env.CI) throw new Error("No Chromium found: CI must run the bundles.");
    console.warn(`SKIPPED: the bundles of ${name}. No Chromium found; install one or set CONVLENS_CHROMIUM.`);
    return [];
  }
  // Inside the repository, so that the packages are found.
  const work = mkdtempSync(join(root, "packages/convlens/.bundled-pages-"));
  const browser = await browsers.launch({ executablePath: chromium, args: [...quiet, ...args] });
  try {
    for (const [file, text] of Object.entries(sources)) writeFileSync(join(work, file), text);
    const answers = [];
    for (const bundler of by) {
      const folder = join(work, bundler.replace(" ", "-"));
      mkdirSync(folder);
      await bundlers[bundler](work, folder, { esbuild });
      for (const [served, headers] of Object.entries(serving)) {
        const answer = await answerOf(browser, folder, headers);
        console.log(`${name}, ${bundler}, ${served}: ${JSON.stringify(answer)}`);
        answers.push({ bundler, served, answer });
      }
    }
    return answers;
  } finally {
    await browser.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** The answer of the page in a folder. */
async function answerOf(browser, folder, headers) {
  const server = createServer((request, response) => {
    const isPage = request.url === "/";
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader("Content-Type", isPage ? "text/html" : "text/javascript");
    try {
      response.end(readFileSync(join(folder, isPage ? "index.html" : request.url)));
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
    const failed = (why) => new Error(`${folder}: ${why}\n${said.join("\n")}`);
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    try {
      await tab.waitForFunction("globalThis.answer !== undefined", undefined, { timeout: 60_000 });
      return await tab.evaluate("globalThis.answer");
    } catch (error) {
      throw failed(error.message);
    } finally {
      await tab.close();
    }
  } finally {
    server.close();
  }
}
