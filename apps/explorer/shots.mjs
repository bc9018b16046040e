// Takes screenshots of every panel of the built page, light and dark, wide and narrow: `pnpm --filter explorer shots [panel …]`.
// They are written to shots/, which git ignores. SHOTS_HASH sets the state of the page. SHOTS_CLICK names a button of each panel
// that is pressed SHOTS_WAIT milliseconds before its picture is taken.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright";
import { serveSite } from "./site.mjs";

const here = import.meta.dirname;
const known = [
  process.env.CONVLENS_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const executablePath = known.find((path) => path && existsSync(path));
const wanted = process.argv.slice(2);
const out = join(here, "shots");
mkdirSync(out, { recursive: true });

const site = await serveSite(join(here, "dist"), { isolated: true });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let problems = 0;
const complain = (what) => {
  problems++;
  console.error(what);
};
for (const colorScheme of ["light", "dark"])
  for (const width of [1280, 360]) {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" });
    page.on("console", (message) => message.type() === "error" && complain(message.text()));
    page.on("pageerror", (error) => complain(error.message));
    page.on("requestfailed", (request) => complain(`failed: ${request.url()}`));
    await page.goto(site.address + (process.env.SHOTS_HASH ?? ""));
    await page.getByText("multiply-adds per second").waitFor();
    // Figures are built when they are near the window.
    for (const panel of await page.locator("section.panel").all()) await panel.scrollIntoViewIfNeeded();
    while ((await page.locator(".coming").count()) > 0)
      await page.evaluate(() => scrollTo(0, document.querySelector(".coming")?.getBoundingClientRect().top + scrollY));
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(Number(process.env.SHOTS_WAIT ?? 2000));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (overflow > 0) complain(`${width}: the page is ${overflow} wider than the window`);
    const ids = await page.locator("section.panel").evaluateAll((all) => all.map(({ id }) => id));
    if (wanted.length === 0) await page.screenshot({ path: join(out, `page-${colorScheme}-${width}.png`) });
    for (const id of ids.filter((id) => wanted.length === 0 || wanted.includes(id))) {
      const panel = page.locator(`#${id}`);
      await panel.scrollIntoViewIfNeeded();
      if (process.env.SHOTS_CLICK !== undefined)
        await panel.getByRole("button", { name: process.env.SHOTS_CLICK, exact: true }).click();
      await page.waitForTimeout(Number(process.env.SHOTS_WAIT ?? 300));
      await panel.screenshot({ path: join(out, `${id}-${colorScheme}-${width}.png`) });
    }
    await page.close();
  }
await browser.close();
site.end();
console.log(`Pictures are in ${out}.`);
process.exitCode = problems === 0 ? 0 : 1;
