import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reference } from "@convlens/backend-reference";
import { batchOf, shapes, type Classification } from "@convlens/datasets";
import { build, Conv2d, Dense, Flatten, ReLU, type Layer, type Mode } from "@convlens/layers";
import { useBackend, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ImageInput } from "../src/images/imageToInput.ts";
import { looksInverted } from "../src/images/looksInverted.ts";
import { inspectionSections, makePage, reportSections } from "../src/sections/pages.ts";
import { exampleSubject, subjectOf, type ImageFile } from "../src/sections/subject.ts";
import { main } from "../src/main.ts";
import { html } from "../src/page/html.ts";
import { writeClasses, writePng } from "./pictures.ts";
import { RunFolder, type RunHistory, type RunSettings } from "../src/runFolder.ts";

/** A text that ends texts, attributes in either kind of quotes, tags, comments and style sheets. */
const hostile = `"'></title></style></pre><script>alert(1)</script><img src=x onerror=alert(1)><!--\u0000{{7*7}}&lt;\``;

/** A model whose fields and layer classes have hostile names. */
class Hostile implements Layer {
  readonly [name: string]: Layer | ((x: Tensor, mode?: Mode) => Tensor);
  constructor(classes: number) {
    const named = <L extends object>(layer: L): L => {
      const Kind = Object.getPrototypeOf(layer) as object;
      return Object.setPrototypeOf(
        layer,
        Object.create(Kind, {
          constructor: { value: Object.defineProperty(() => undefined, "name", { value: hostile }) },
        }) as object,
      ) as L;
    };
    Object.assign(this, {
      [`${hostile} 1`]: named(new Conv2d({ filters: 2, kernelSize: 3 })),
      [`${hostile} 2`]: named(new ReLU()),
      [`${hostile} 3`]: named(new Flatten()),
      [`${hostile} 4`]: named(new Dense({ units: classes })),
    });
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return [1, 2, 3, 4].reduce((y, i) => (this[`${hostile} ${i}`] as Layer).call(y, mode), x);
  }
}

const digits = shapes({ size: 24, height: 8, width: 8, seed: 1 });
const data: Classification = { ...digits, classes: digits.classes.map((_, i) => `${hostile} ${i}`) };
const sets = { train: data, test: data };
const make = (classes: number): Layer => new Hostile(classes);
const settings: RunSettings = {
  data: hostile,
  task: "classify",
  input: data.shapes.input,
  classes: data.classes,
  augment: "none",
  freeze: [],
  model: hostile,
  epochs: 1,
  batchSize: 8,
  learningRate: 0.1,
  optimizer: "adam",
  seed: 1,
};
const history: RunHistory = {
  chance: 1,
  steps: [1, 2, 3].map((step) => ({ step, loss: 1e9, gradientNorm: 1 })),
  records: [1, 2, 3].map((step) => ({
    step,
    layers: [{ path: hostile, curve: "relu", units: 2, dead: 2, saturated: 0 }],
    parameters: [{ path: `${hostile}.weights`, size: 1, gradient: 0, updateRatio: 1 }],
  })),
  epochs: [],
};

const tags =
  "html head meta title style body main h1 h2 h3 nav ol ul li a section p b strong dl dt dd div span figure figcaption " +
  "table thead tbody tr th td pre img picture source details summary " +
  "svg g rect circle ellipse line path polyline text image";
const attributes =
  /^(alt|aria-label|aria-labelledby|charset|class|content|data-[a-z]+|height|href|id|lang|media|name|open|role|scope|src|srcset|style|tabindex|title|width|xmlns|viewBox|[xyrd]|[xy][12]|c[xy]|r[xy]|points|transform|preserveAspectRatio|text-anchor|paint-order|(fill|stroke|font)(-[a-z]+)*)$/;

/** Tags and attributes in a page that this package does not write, and angle brackets in its texts. */
function foreign(page: string): string[] {
  const found: string[] = [];
  const texts = page
    .replace(/^<!doctype html>/, "")
    .replaceAll(/<style>[^<]*<\/style>/g, "")
    .replaceAll(
      /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z0-9-]+(?:="[^"<>]*")?)*)\s*\/?>/g,
      (tag, _, name: string, rest: string) => {
        if (!tags.split(" ").includes(name)) found.push(tag);
        for (const [, attribute] of rest.matchAll(/\s([a-zA-Z0-9-]+)(?:="[^"]*")?/g))
          if (!attributes.test(attribute!)) found.push(tag);
        return "";
      },
    );
  for (const [around] of texts.matchAll(/.{0,40}[<>].{0,40}/g)) found.push(around);
  // Names are escaped once, not twice, and markup is not escaped.
  for (const [around] of page.matchAll(
    /.{0,20}&amp;(?:#|amp|quot|gt;)|.{0,20}&lt;(?:svg|div|p|b|span|figure)\b.{0,20}/g,
  ))
    found.push(around);
  return found;
}

beforeAll(() => useBackend(reference()));

describe("names that contain markup", () => {
  it("are text in the report", async () => {
    const model = build(make(data.classes.length), data.shapes.input, { seed: 1 });
    const folder = new RunFolder(hostile);
    const subject = await exampleSubject({ folder, settings, sets, model, make, step: 3, history }, 0);
    const page = await makePage(hostile, subject, reportSections);
    expect(foreign(page)).toEqual([]);
    // Names of the title, the classes and the layers.
    expect(page.split("&lt;script&gt;").length).toBeGreaterThan(20);
  });

  it("are text in the page of inspect", { timeout: 300_000 }, async () => {
    const model = build(make(data.classes.length), data.shapes.input, { seed: 1 });
    const folder = new RunFolder(hostile);
    const trained = { folder, settings, sets, model, make, step: 3 };
    const values = Float32Array.from(batchOf(data, [0]).inputs.knownValues);
    const input: ImageInput = { shape: [8, 8, 1], values, changes: [hostile] };
    const file: ImageFile = {
      name: hostile,
      size: [8, 8],
      preview: input,
      input,
      inversion: await looksInverted(input, data),
      isInverted: false,
    };
    for (const [known, more] of [
      [history, { file }],
      [undefined, { label: 1 }],
    ] as const) {
      const subject = await subjectOf({ ...trained, history: known }, hostile, values, more);
      const page = await makePage(hostile, subject, inspectionSections);
      expect(foreign(page)).toEqual([]);
      expect([...page.matchAll(/<h2 /g)].length).toBeGreaterThan(12);
      expect(page.split("&lt;script&gt;").length).toBeGreaterThan(50);
    }
  });
});

describe("html", () => {
  it("escapes every value except markup", () => {
    const [title, inner] = ["a \"b\" > 'c'", html`<i>x</i>`];
    expect(html`<b title="${title}">${["<i>", inner, 3, undefined]}</b>`.toString()).toBe(
      '<b title="a &quot;b&quot; &gt; &#39;c&#39;">&lt;i&gt;<i>x</i>3</b>',
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const page = html`<p title="${text}">${text}</p>`.toString();
        expect(page).toMatch(/^<p title="[^"<>']*">[^<>]*<\/p>$/);
      }),
    );
  });

  it("does not accept objects that imitate markup", () => {
    expect(html`<b>${{ toString: () => "<i>" } as never}</b>`.toString()).toBe("<b>&lt;i&gt;</b>");
  });
});

describe("the check of pages", () => {
  it("finds foreign tags and attributes", () => {
    for (const page of [
      "<script>",
      '<b onclick="x">',
      "<b class=x>",
      "a < b",
      "a > b",
      "&amp;#39;",
      "&lt;svg x",
      "<b class='a'>",
    ])
      expect(foreign(page), page).not.toEqual([]);
    expect(foreign('<p class="a">text &lt;script&gt;</p>')).toEqual([]);
  });
});

describe("the files of a run", () => {
  const folder = mkdtempSync(join(tmpdir(), "convlens-names-"));
  const home = process.cwd();
  afterAll(() => {
    process.chdir(home);
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  it("contain names of folders and columns as text only", { timeout: 120_000 }, async () => {
    process.chdir(folder);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const name = "<i>a&'\"";
    writeClasses("classes", 6, 8, [name, "<script>alert(1)<script>", "__proto__"]);
    for (let i = 0; i < 8; i++) writePng(`numbers/images/${i}.png`, [8, 8], new Uint8Array(64).fill(20 * i));
    const rows = Array.from({ length: 8 }, (_, i) => `${i}.png,${i}`);
    writeFileSync("numbers/targets.csv", ["file,<img src=x onerror=alert(1)>", ...rows].join("\n"));
    const quick = ["--size", "8", "--gray", "--epochs", "1"];
    expect(await main(["train", "classes", ...quick, "--name", "c"])).toBe(0);
    expect(await main(["train", "numbers", "--task", "regress", ...quick, "--name", "n"])).toBe(0);
    for (const [run, shown] of [
      ["c", "&lt;i&gt;a&amp;&#39;&quot;"],
      ["n", "&lt;img src=x"],
    ]) {
      const report = readFileSync(`runs/${run}/report.html`, "utf8");
      expect(foreign(report)).toEqual([]);
      expect(report).toContain(shown);
    }
    const written = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    expect(await main(["predict", "runs/c", `classes/${name}/0.png`, "--format", "json"])).toBe(0);
    const { probabilities } = JSON.parse(String(written.mock.calls[0]![0])) as { probabilities: object };
    expect(Object.keys(probabilities).sort()).toEqual(["<i>a&'\"", "<script>alert(1)<script>", "__proto__"].sort());
  });

  it("contain only what this package writes", { timeout: 120_000 }, async () => {
    process.chdir(folder);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(
      await main(["train", "edges", "--model", "small", "--epochs", "1", "--batch-size", "500", "--name", "<b>&"]),
    ).toBe(0);
    expect(foreign(readFileSync("runs/<b>&/report.html", "utf8"))).toEqual([]);
  });
});
