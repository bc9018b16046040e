import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe, { type AxeResults } from "axe-core";
import { chromium as browsers, type Browser, type Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { main } from "../src/main.ts";
import { chromium, quiet } from "../../../tools/chromium.mjs";

// Opens both pages that the command line writes, as their reader does: from a file. Where no Chromium is found nothing can be
// opened, which vitest.config.ts says, and refuses on CI.
describe.skipIf(chromium === undefined)("the pages of a run, in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "convlens-page-"));
  const home = process.cwd();
  let browser: Browser;
  const pages = ["runs/edges/inspection.html", "runs/edges/report.html"];

  beforeAll(async () => {
    process.chdir(folder);
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await main(["train", "edges", "--model", "small", "--epochs", "1", "--batch-size", "50", "--name", "edges"]);
    await main(["inspect", "runs/edges"]);
    vi.restoreAllMocks();
    browser = await browsers.launch({ executablePath: chromium!, args: quiet });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  /** A page, and what went wrong while it opened. */
  async function opened(
    path: string,
    width: number,
    colorScheme: "light" | "dark",
  ): Promise<{ readonly page: Page; readonly wrong: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const wrong: string[] = [];
    page.on("console", (message) => wrong.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("request", (request) => {
      if (!/^(data|file):/.test(request.url())) wrong.push(`asked for ${request.url()}`);
    });
    page.on("requestfailed", (request) => wrong.push(`failed: ${request.url().slice(0, 80)}`));
    await page.goto(pathToFileURL(join(folder, path)).href);
    return { page, wrong };
  }

  it.each(
    pages.flatMap((path) =>
      [["light", 1120] as const, ["dark", 1120] as const, ["light", 360] as const].map(
        ([scheme, width]) => [path, scheme, width] as const,
      ),
    ),
  )(
    "%s opens without an error or a barrier, and no wider than the window: %s, %i pixels",
    { timeout: 120_000 },
    async (path, scheme, width) => {
      const { page, wrong } = await opened(path, width, scheme);
      expect(wrong).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      // Every picture is one: it has been decoded, and shows something.
      expect(
        await page.evaluate(
          "[...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length",
        ),
      ).toBe(0);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate<AxeResults>("axe.run()");
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 120)}`)).toEqual([]);
      await page.close();
    },
  );

  it.each([
    [1120, "wide"],
    [360, "narrow"],
  ] as const)(
    "shows of each drawing the one for its width: %i pixels, the %s ones",
    { timeout: 60_000 },
    async (width, looks) => {
      const { page } = await opened(pages[0]!, width, "dark");
      const shown = await page.evaluate<string[]>(
        "[...document.querySelectorAll('.wide, .narrow')].filter((one) => one.getClientRects().length > 0).map((one) => one.className)",
      );
      expect(shown.length).toBeGreaterThan(10);
      expect(new Set(shown)).toEqual(new Set([looks]));
      for (const name of ["The model as volumes", "The model as modules"]) {
        const region = page.getByRole("region", { name });
        expect(await region.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
      }
      await page.close();
    },
  );

  it(
    "is walked through by keyboard: links lead to chapters, and what is wide scrolls",
    { timeout: 60_000 },
    async () => {
      const { page } = await opened(pages[0]!, 360, "light");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      // The address is known here a moment after the browser knows it.
      await expect.poll(() => new URL(page.url()).hash).toBe("#why");
      const wide = page.getByRole("region", { name: "Costs", exact: true });
      await wide.focus();
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => wide.evaluate((region) => region.scrollLeft)).toBeGreaterThan(0);
      await page.close();
    },
  );
});
