import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe, { type AxeResults } from "axe-core";
import { encode } from "fast-png";
import { chromium as browsers, type Browser, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { chromium, quiet } from "../../../tools/chromium.mjs";
import { main } from "../src/main.ts";
import { writeMasks } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "convlens-inspect-"));
const home = process.cwd();
const branches = join(import.meta.dirname, "nets/branches.ts");
const said = { out: "", err: "" };

const run = (...args: string[]): Promise<number> => main(args);
const shown = (): Record<string, unknown> => JSON.parse(said.out) as Record<string, unknown>;

/** A bar, light on dark or dark on light, as a picture of any size. */
const bar = (width: number, height: number, light: boolean): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, i) => {
    const isBar = Math.abs((i % width) / width - 0.5) < 0.06 && Math.abs(i / width / height - 0.5) < 0.35;
    return isBar === light ? 250 : 5;
  });

beforeAll(async () => {
  process.chdir(folder);
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const train = ["train", "--epochs", "1", "--batch-size", "50"];
  await run(...train, "edges", "--model", "small", "--name", "edges");
  await run(...train, "tones", "--name", "tones");
  await run(...train, "shapes", "--model", branches, "--name", "branches");
  await trainTasks();
  writeFileSync("fits.png", encode({ width: 28, height: 28, channels: 1, depth: 8, data: bar(28, 28, true) }));
  writeFileSync("paper.png", encode({ width: 90, height: 60, channels: 1, depth: 8, data: bar(90, 60, false) }));
  const golden = join(import.meta.dirname, "../../../tools/golden/images.json");
  const { files } = JSON.parse(readFileSync(golden, "utf8")) as { files: Record<string, { file: string }> };
  writeFileSync("colours.jpg", Buffer.from(files["rgb.jpg"]!.file, "base64"));
}, 120_000);
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  said.out = "";
  said.err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((said.out += text.toString())));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((said.err += text.toString())));
});
afterEach(() => vi.restoreAllMocks());

/** Trains one small net for each task of images that is not classification. */
async function trainTasks(): Promise<void> {
  writeMasks("squares", 12, 12);
  const numbers = Array.from({ length: 12 }, (_, i) => `${i}.png,${(i * 5) % 12}`);
  writeFileSync("squares/targets.csv", ["file,number", ...numbers].join("\n"));
  const train = ["train", "squares", "--size", "12", "--gray", "--epochs", "2", "--batch-size", "4"];
  const mask = join(import.meta.dirname, "nets/mask.ts");
  await run(...train, "--task", "segment", "--model", mask, "--name", "masks");
  await run("train", "squares/images", ...train.slice(2), "--task", "reconstruct", "--name", "pictures");
  rmSync("squares/masks", { recursive: true });
  await run(...train, "--task", "regress", "--name", "numbers");
}

/** Chapters of a page. */
const chapters = (page: string): string[] => [...page.matchAll(/<h2 id="([^"]+)"/g)].map(([, id]) => id!);
const everything = [
  ...["input", "why", "activations", "trace", "codes", "fragility", "inversion", "filters", "patches", "visualization"],
  ...["confusion", "mistakes", "diagrams", "geometry", "cost", "sharing", "health", "units"],
];

/** Fails if a page loads external files, or has a picture without a description. */
function checkPage(page: string): void {
  const found = (pattern: RegExp): string[] => [...page.matchAll(pattern)].map(([text]) => text.slice(0, 80));
  expect(found(/(?:src|srcset|href)="(?!data:|#)[^"]*/g)).toEqual([]);
  // Except the namespace of SVG, which is not an address.
  expect(found(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/g)).toEqual([]);
  expect(found(/<img (?![^>]*alt="[^"]+")[^>]*/g)).toEqual([]);
  expect(found(/.{20}(undefined|\[object |Infinity)/g)).toEqual([]);
  // No line ends between a number and its unit.
  expect(found(/.{20}\d %/g)).toEqual([]);
  // Each link leads to a chapter.
  const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
  expect(links).toEqual(chapters(page));
}

describe("the page of convlens inspect", () => {
  it("shows a given image, and lists its changes", { timeout: 120_000 }, async () => {
    expect(await run("inspect", "runs/edges", "--image", "colours.jpg", "--output", "colours.html", "--json")).toBe(0);
    expect(shown()).toMatchObject({
      input: "colours.jpg",
      report: "colours.html",
      answer: expect.any(String) as string,
    });
    expect((shown()["image"] as { changes: string[] }).changes).toEqual([
      "converted to greyscale (29.9 % red, 58.7 % green, 11.4 % blue)",
      "enlarged from 11 × 13 to 24 × 28 pixels (height × width), bilinearly",
      "padded to the shape of the input by 4 rows of the colour of its edge",
    ]);
    const page = readFileSync("colours.html", "utf8");
    checkPage(page);
    expect(chapters(page)).toEqual(everything);
    expect(page.includes("converted to greyscale")).toBe(true);
    expect(page.includes("The input of the model")).toBe(true);
  });

  it("has every section, for a custom model with branches", { timeout: 120_000 }, async () => {
    expect(await run("inspect", "runs/branches", "--trust", "--example", "2")).toBe(0);
    expect(said.err).toBe(`report: ${join("runs/branches/inspection.html")}\n`);
    const page = readFileSync("runs/branches/inspection.html", "utf8");
    checkPage(page);
    expect(chapters(page)).toEqual(everything);
    for (const part of [
      ...["stem Conv2d", "ways.branches.1.layers.0 Conv2d", "head Dense", "guessing has", "is dead"],
      ...["SmoothGrad", "Integrated gradients", "Grad-CAM", "Layer-wise relevance", "Random map"],
      ...["Sanity Checks for Saliency Maps", "under about 0.5"],
    ])
      expect(page.includes(part), part).toBe(true);
  });

  it("of a net of signals omits sections about images", { timeout: 120_000 }, async () => {
    expect(await run("inspect", "runs/tones")).toBe(0);
    const page = readFileSync("runs/tones/inspection.html", "utf8");
    checkPage(page);
    expect(chapters(page)).toEqual(
      everything.filter((id) => !["why", "fragility", "inversion", "patches", "visualization"].includes(id)),
    );
  });
});

// Opens the pages that the command line writes from their files, as readers do. Without a Chromium vitest.config.ts refuses on CI.
describe.skipIf(chromium === undefined)("the pages of a run, in a browser", () => {
  let browser: Browser;
  const pages = ["colours.html", "runs/edges/report.html"];
  const reports = ["masks", "pictures", "numbers"].map((name) => `runs/${name}/report.html`);

  beforeAll(async () => {
    browser = await browsers.launch({ executablePath: chromium!, args: quiet });
  });
  afterAll(() => browser?.close());

  /** A page, and the errors while it opened. */
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
    [...pages, ...reports].flatMap((path) =>
      [["light", 1120] as const, ["dark", 1120] as const, ["light", 360] as const].map(
        ([scheme, width]) => [path, scheme, width] as const,
      ),
    ),
  )(
    "have no errors, no barriers and no horizontal scroll bar: %s, %s, %i pixels",
    { timeout: 120_000 },
    async (path, scheme, width) => {
      const { page, wrong } = await opened(path, width, scheme);
      expect(wrong).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      // Every picture was decoded and is not empty.
      expect(
        await page.evaluate(
          "[...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length",
        ),
      ).toBe(0);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 120)}`)).toEqual([]);
      await page.close();
    },
  );

  it.each([
    [1120, "wide"],
    [360, "narrow"],
  ] as const)(
    "show the drawings for the width: at %i pixels the %s ones",
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

  it("are usable by keyboard: links lead to chapters, and wide regions scroll", { timeout: 60_000 }, async () => {
    const { page } = await opened(pages[0]!, 360, "light");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    // The address arrives here after the browser has changed it.
    await expect.poll(() => new URL(page.url()).hash).toBe("#why");
    const wide = page.getByRole("region", { name: "Costs", exact: true });
    await wide.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => wide.evaluate((region) => region.scrollLeft)).toBeGreaterThan(0);
    await page.close();
  });
});

describe("convlens inspect --image", () => {
  const printed = async (...args: string[]): Promise<string> => {
    expect(await run("inspect", "runs/branches", "--model", branches, "--no-report", ...args)).toBe(0);
    return said.out;
  };

  it("warns of an image that does not fit, and suggests --invert for ink on paper", async () => {
    expect(await printed("--image", "fits.png")).toMatch(/fits\.png: predicted “\w+”, with [\d.]+ %\n\s+shape/);
    said.out = "";
    const paper = await printed("--image", "paper.png");
    expect(paper).toContain("  reduced from 60 × 90 to 19 × 28 pixels");
    expect(paper).toContain("by 9 rows of the colour of its edge");
    expect(paper).toMatch(/it looks inverted: its edge is 98 % bright .* --invert exchanges black and white/);
    said.out = "";
    const inverted = await printed("--image", "paper.png", "--invert");
    expect(inverted).toContain("black and white exchanged");
    expect(inverted).not.toContain("looks inverted");
    said.out = "";
    expect(await printed("--image", "fits.png", "--invert")).toMatch(
      /after --invert it looks inverted: .*; leave --invert out/,
    );
  });

  it("gives clear errors and writes nothing", async () => {
    writeFileSync("text.png", "no picture at all");
    writeFileSync("empty.png", "");
    writeFileSync("cut.png", readFileSync("fits.png").subarray(0, 70));
    const cases: readonly (readonly [code: number, ...args: string[]])[] = [
      [1, "runs/edges", "--image", "text.png"],
      [1, "runs/edges", "--image", "empty.png"],
      [1, "runs/edges", "--image", "cut.png"],
      [1, "runs/tones", "--image", "fits.png"],
      [2, "runs/edges", "--image", "nowhere.png"],
      [2, "runs/edges", "--image", "runs"],
      [2, "runs/edges", "--invert"],
      [2, "runs/edges", "--image", "fits.png", "--example", "1"],
      [2, "runs/edges", "runs/tones"],
      [2, "runs/nowhere"],
    ];
    const sentences: string[] = [];
    for (const [code, ...args] of cases) {
      said.err = "";
      expect(await run("inspect", ...args, "--output", "none.html"), args.join(" ")).toBe(code);
      sentences.push(said.err.split("\n")[0]!);
    }
    expect(() => statSync("none.html")).toThrow(/ENOENT/);
    expect(sentences).toMatchInlineSnapshot(`
      [
        "convlens inspect: text.png is not an image: it begins with "no picture at al"; give a PNG or a JPEG file",
        "convlens inspect: empty.png is empty; give a PNG or a JPEG file",
        "convlens inspect: cut.png is a PNG file that is damaged or incomplete (a chunk is longer than the file); give a complete file",
        "convlens inspect: the input of this model must be an image [height, width, 1 or 3], got [128, 1]; use --example, which takes an example of its test set",
        "convlens inspect: --image: nowhere.png cannot be read: ENOENT: no such file or directory, open 'nowhere.png'",
        "convlens inspect: --image: runs is a folder; give a PNG or a JPEG file",
        "convlens inspect: --invert exchanges black and white of an image; give one with --image",
        "convlens inspect: --image and --example both choose the input; give one of them",
        "convlens inspect: expected the folder of a run, got runs/edges runs/tones",
        "convlens inspect: runs/nowhere is not the folder of a run: it has no run.json; check the path, or train a run: convlens train mnist",
      ]
    `);
  });
});

describe("a custom module", () => {
  it("that cannot be loaded or exports no model is refused", async () => {
    writeFileSync("other.mjs", "export const net = 1;");
    expect(await run("train", "edges", "--model", "./other.mjs")).toBe(2);
    expect(said.err).toMatch(
      /--model: \/.*other\.mjs exports no function "model"; expected export const model = \(classes, input\)/,
    );
    expect(await run("train", "edges", "--model", "./nowhere.mjs")).toBe(2);
    expect(said.err).toMatch(/--model: \/.*nowhere\.mjs cannot be loaded/);
  });
});
