import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@convlens/layers";
import { decode } from "fast-png";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../src/main.ts";
import { square, writeClasses, writeMasks, writePng } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "convlens-images-"));
const home = process.cwd();
const said = { out: "", err: "" };
const run = (...args: string[]): Promise<number> => main(args);
const json = (): Record<string, unknown>[] =>
  said.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const clear = (): void => void (said.out = said.err = "");

beforeAll(() => {
  process.chdir(folder);
  writeClasses("pictures", 15, 12, ["above", "below"]);
  writeClasses("three", 6, 12, ["a", "b", "c"]);
  writeMasks("squares", 20, 12);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  clear();
  vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((said.out += text.toString())));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((said.err += text.toString())));
});
afterEach(() => vi.restoreAllMocks());

const trainPictures = ["train", "pictures", "--size", "12", "--gray", "--learning-rate", "0.01"];
const settingsOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`runs/${name}/run.json`, "utf8")) as Record<string, unknown>;
const weightsOf = (name: string) => readSafetensors(readFileSync(`runs/${name}/checkpoint.safetensors`)).tensors;

/** Trains once without a stop, and once stopped at the first step and resumed. */
async function expectSameWhenResumed(words: readonly string[]): Promise<void> {
  expect(await run(...words, "--json", "--name", "whole")).toBe(0);
  const whole = json().at(-1)!;
  clear();
  const stopped = run(...words, "--json", "--name", "parts");
  await vi.waitFor(() => expect(process.listenerCount("SIGINT")).toBeGreaterThan(0), { timeout: 20_000, interval: 2 });
  process.emit("SIGINT");
  expect(await stopped).toBe(130);
  clear();
  expect(await run("train", "--resume", "runs/parts", "--json", "--trust")).toBe(0);
  const { examplesPerSecond: _, checkpoint: _path, ...numbers } = json().at(-1)!;
  expect(whole).toMatchObject(numbers);
  const [parts, all] = [weightsOf("parts"), weightsOf("whole")];
  expect([...parts.keys()]).toEqual([...all.keys()]);
  for (const [name, tensor] of parts) expect(tensor, name).toEqual(all.get(name));
  for (const name of ["parts", "whole"]) rmSync(`runs/${name}`, { recursive: true });
  clear();
}

describe("convlens train with a folder of images", () => {
  it("learns the classes of its sub-folders, and keeps all that prediction needs", async () => {
    expect(await run(...trainPictures, "--epochs", "4", "--augment", "noise", "--json")).toBe(0);
    expect(said.err).toMatch(/^small on pictures: 24 training examples, 6 test examples; backend cpu/);
    expect(json().at(-1)).toMatchObject({ epoch: 4, validation: { metrics: { accuracy: 1 } } });
    expect(settingsOf("pictures-small")).toMatchObject({
      data: join(process.cwd(), "pictures"),
      task: "classify",
      input: [12, 12, 1],
      classes: ["above", "below"],
      folder: { fit: "cover", validation: 0.2 },
      augment: "noise",
    });
    const report = readFileSync("runs/pictures-small/report.html", "utf8");
    for (const part of ["Accuracy", "Confusion matrix", "Learned filters", "random changes"])
      expect(report).toContain(part);
  });

  it("gives the same numbers when it was stopped and resumed", () =>
    expectSameWhenResumed([...trainPictures, "--epochs", "2", "--augment", "flip,shift"]));

  it("is inspected with its examples, and with images that are fitted like them", async () => {
    writePng(
      "wide.png",
      [10, 30],
      Array.from({ length: 300 }, (_, i) => (i < 150 ? 200 : 40)),
    );
    expect(await run("inspect", "runs/pictures-small", "--image", "wide.png", "--json")).toBe(0);
    expect(json()[0]).toMatchObject({
      answer: "above",
      image: {
        changes: [
          "enlarged from 10 × 30 to 12 × 36 pixels (height × width), bilinearly",
          "cropped to the middle, in the shape of the input",
        ],
      },
    });
    clear();
    expect(await run("inspect", "runs/pictures-small", "--example", "5", "--no-report")).toBe(0);
    expect(said.out).toMatch(/example 5, a “(above|below)”: predicted “/);
  });

  it("does not resume when the classes have changed", async () => {
    expect(await run(...trainPictures, "--epochs", "1", "--name", "changed")).toBe(0);
    renameSync("pictures/below", "pictures/under");
    clear();
    try {
      expect(await run("train", "--resume", "runs/changed", "--epochs", "2")).toBe(2);
      expect(said.err).toContain("were above, below when the run began, and now they are above, under");
    } finally {
      renameSync("pictures/under", "pictures/below");
    }
  });

  it("begins with the weights of another run, and keeps frozen ones to the bit", async () => {
    expect(
      await run(
        ...["train", "three", "--size", "12", "--gray", "--epochs", "1", "--name", "tuned"],
        ...["--from", "runs/pictures-small"],
        ...["--freeze", "layers.0"],
      ),
    ).toBe(0);
    // The head has three classes instead of two.
    expect(said.err).toMatch(
      /weights of runs\/pictures-small: 4 of 6 tensors of the model; not in it or of another shape: layers\.\d\.weights, layers\.\d\.bias; 2 parameters are frozen/,
    );
    const [from, to] = [weightsOf("pictures-small"), weightsOf("tuned")];
    for (const name of ["layers.0.filters", "layers.0.bias"])
      expect(to.get(`model.${name}`)).toEqual(from.get(`model.${name}`));
    expect(to.get("model.layers.3.filters")).not.toEqual(from.get("model.layers.3.filters"));
    expect(settingsOf("tuned")).toMatchObject({
      from: "runs/pictures-small",
      freeze: ["layers.0.filters", "layers.0.bias"],
    });
    expect(readFileSync("runs/tuned/report.html", "utf8")).not.toContain("does not change layers.0");
    clear();
    expect(await run("train", "--resume", "runs/tuned", "--epochs", "2")).toBe(0);
    expect(weightsOf("tuned").get("model.layers.0.filters")).toEqual(from.get("model.layers.0.filters"));
  });

  it("begins with the weights of a file, and learns the rest while they are frozen", async () => {
    const stored = new Map(
      [...weightsOf("pictures-small")].flatMap(([name, tensor]) =>
        name.startsWith("model.layers.0.") ? [[name.slice(6), tensor] as const] : [],
      ),
    );
    writeFileSync("first.safetensors", writeSafetensors(stored));
    const args = ["--epochs", "1", "--name", "file", "--from", "first.safetensors", "--freeze", "loaded"];
    expect(await run(...trainPictures, ...args)).toBe(0);
    expect(said.err).toContain("weights of first.safetensors: 2 of 6 tensors of the model");
    expect(settingsOf("file")).toMatchObject({ freeze: ["layers.0.filters", "layers.0.bias"] });
    for (const [name, tensor] of stored) expect(weightsOf("file").get(`model.${name}`)).toEqual(tensor);
  });

  it("refuses what it cannot use, in one sentence", async () => {
    mkdirSync("empty");
    mkdirSync("damaged/a", { recursive: true });
    mkdirSync("damaged/b");
    for (const name of ["a/1", "a/2", "a/3", "b/1", "b/2", "b/3"]) writeFileSync(`damaged/${name}.png`, "no image");
    writeFileSync("file.txt", "no image");
    const cases: readonly (readonly [args: readonly string[], code: number, told: RegExp])[] = [
      [["nowhere"], 2, /there is no data set or folder "nowhere"; data sets are mnist, shapes, edges, tones$/m],
      [["file.txt"], 2, /file\.txt is not a folder; give a folder of images, or one of mnist/],
      [["empty"], 1, /empty has no sub-folders, and each class needs one/],
      [["damaged"], 1, /\d\.png is not an image: it begins with "no image"/],
      [["squares", "--task", "draw"], 2, /there is no task "draw"; there are classify, segment, regress, reconstruct/],
      [["pictures", "--task", "segment"], 1, /pictures\/images cannot be read/],
      [
        ["pictures", "--size", "0"],
        2,
        /--size: expected one or two whole numbers from 1 to 4096, such as 64 or 48x64, got "0"/,
      ],
      [["pictures", "--size", "1x2x3"], 2, /--size: expected one or two/],
      [["pictures", "--fit", "fill"], 2, /there is no way to --fit "fill"; there are cover, contain, stretch/],
      [["pictures", "--augment", "flip,blur"], 2, /there is no change for --augment "blur"; there are flip, shift/],
      [["pictures", "--validation", "1"], 2, /--validation: expected a number above 0 and below 1, got "1"/],
      [["edges", "--size", "32"], 2, /--size is for folders of images, and edges is a data set; leave it out/],
      [["tones", "--augment", "flip"], 2, /--augment changes images, and these inputs are signals; leave it out/],
      [["pictures", "--from", "nowhere"], 2, /--from: nowhere cannot be read: there is no such file or folder/],
      [["pictures", "--from", "file.txt"], 1, /safetensors/],
      [["pictures", "--freeze", "loaded"], 2, /--freeze loaded needs --from, which names the file to load/],
      [["pictures", "--freeze", "layer.0"], 2, /--freeze: "layer\.0" is the beginning of no path of a parameter/],
      [["pictures", "--freeze", "layers"], 2, /--freeze leaves no parameter to train; give fewer paths/],
    ];
    for (const [args, code, told] of cases) {
      clear();
      expect(await run("train", ...args, "--name", "refused"), args.join(" ")).toBe(code);
      expect(said.err).toMatch(told);
    }
    expect(existsSync("runs/refused")).toBe(false);
  });
});

describe("convlens train --task segment", () => {
  it("learns masks, and reports them", async () => {
    const args = ["train", "squares", "--task", "segment", "--size", "12", "--gray", "--learning-rate", "0.02"];
    expect(await run(...args, "--epochs", "12", "--batch-size", "4", "--json")).toBe(0);
    const { validation } = json().at(-1) as { validation: { metrics: { iou: number; accuracy: number } } };
    expect(validation.metrics.iou).toBeGreaterThan(0.8);
    expect(said.err).toMatch(
      /epoch 12\/12: loss [\d.]+, test loss [\d.]+, test accuracy [\d.]+ %, test iou [01]\.\d{3}, /,
    );
    expect(settingsOf("squares-unet")).toMatchObject({
      task: "segment",
      classes: ["0", "255"],
      folder: { fit: "stretch", labels: [0, 255] },
    });
    const report = readFileSync("runs/squares-unet/report.html", "utf8");
    for (const part of ["Overlap of the masks", "Worst examples", "Intersection over union", "the predicted mask"])
      expect(report, part).toContain(part);
    expect(report.match(/<img (?![^>]*alt=")/)).toBeNull();
  });

  it("gives the same numbers when it was stopped and resumed", () =>
    expectSameWhenResumed([
      ...["train", "squares", "--task", "segment", "--size", "12", "--gray", "--epochs", "2"],
      ...["--model", join(import.meta.dirname, "nets/mask.ts")],
    ]));

  it("takes the names of the classes from classes.csv", async () => {
    writeFileSync("squares/classes.csv", "value,name\n255,square\n0,ground\n7,never\n");
    const args = [
      ...["train", "squares", "--task", "segment", "--size", "12", "--gray", "--epochs", "1", "--name", "named"],
      ...["--model", join(import.meta.dirname, "nets/mask.ts")],
    ];
    try {
      expect(await run(...args)).toBe(0);
      expect(settingsOf("named")).toMatchObject({
        classes: ["ground", "never", "square"],
        folder: { labels: [0, 7, 255] },
      });
      expect(readFileSync("runs/named/report.html", "utf8")).toContain("square");
      clear();
      expect(await run("predict", "runs/named", "squares/images/0.png", "--trust")).toBe(0);
      expect(said.out).toMatch(/ground [\d.]+ %, never [\d.]+ %, square [\d.]+ %\n$/);
      for (const [text, told] of [
        ["name\nsquare\n", /classes\.csv has the columns name; expected value, name/],
        ["value,name\n0,ground\n0,square\n", /classes\.csv has two rows for one value or name; remove one/],
        ["value,name\n0,ground\n255,ground\n", /classes\.csv has two rows for one value or name; remove one/],
      ] as const) {
        writeFileSync("squares/classes.csv", text);
        clear();
        expect(await run(...args)).toBe(2);
        expect(said.err).toMatch(told);
      }
    } finally {
      rmSync("squares/classes.csv");
    }
  });

  it("evaluate prints the overlap, and inspect says what to do instead", async () => {
    expect(await run("evaluate", "runs/squares-unet")).toBe(0);
    expect(said.out).toMatch(/^4 examples: loss [\d.]+, accuracy [\d.]+ %, intersection over union [\d.]+\n/);
    clear();
    expect(await run("inspect", "runs/squares-unet", "--no-report")).toBe(2);
    expect(said.err).toContain("inspect explains classes of images, and the task of runs/squares-unet is to segment");
  });

  it("predict writes masks as PNG, as large as the images and with the values of training", async () => {
    const { image, mask } = square(12, 99);
    writePng("new.png", [12, 12], image);
    // Each pixel twice in both directions.
    const twice = (values: readonly number[]): number[] =>
      Array.from({ length: 24 * 24 }, (_, i) => values[Math.floor(i / 48) * 12 + Math.floor((i % 24) / 2)]!);
    writePng("large.png", [24, 24], twice(image));
    expect(
      await run("predict", "runs/squares-unet", "new.png", "large.png", "--images", "out/masks", "--format", "json"),
    ).toBe(0);
    expect(json()).toMatchObject([
      { file: "new.png", mask: join("out/masks/new.png"), shares: { 0: expect.any(Number), 255: expect.any(Number) } },
      { file: "large.png" },
    ]);
    const right = (name: string, actual: readonly number[]): number => {
      const { data, width, height, channels } = decode(readFileSync(`out/masks/${name}.png`));
      expect([width * height, channels]).toEqual([actual.length, 1]);
      expect(new Set(data)).toEqual(new Set([0, 255]));
      return actual.filter((value, i) => value === data[i]).length / actual.length;
    };
    expect(right("new", mask)).toBeGreaterThan(0.9);
    expect(right("large", twice(mask))).toBeGreaterThan(0.9);
  });

  it("predict never replaces an image, or one mask by another", async () => {
    mkdirSync("other", { recursive: true });
    writePng("other/new.png", [12, 12], square(12, 98).image);
    const before = readFileSync("new.png");
    expect(await run("predict", "runs/squares-unet", "new.png", "--images", ".")).toBe(1);
    expect(said.err).toContain("new.png: --images: the picture would replace the image itself; give another folder");
    expect(readFileSync("new.png")).toEqual(before);
    clear();
    expect(await run("predict", "runs/squares-unet", "new.png", "other/new.png", "--images", "out/both")).toBe(1);
    expect(said.err).toContain("out/both/new.png answers for new.png already; give files of different names");
  });
});

describe("convlens train --task regress", () => {
  it("learns numbers of targets.csv, and answers in their units", async () => {
    // The mean brightness of an image, from 0 to 1000.
    const rows = Array.from({ length: 40 }, (_, i) => {
      const image = Array.from({ length: 144 }, (_unused, k) => (i * 6 + ((k * 7) % 20)) % 256);
      writePng(`bright/images/${i}.png`, [12, 12], image);
      return `${i}.png,${(image.reduce((sum, x) => sum + x, 0) / 144 / 255) * 1000}`;
    });
    writeFileSync("bright/targets.csv", ["file,brightness", ...rows].join("\n"));
    const args = ["train", "bright", "--task", "regress", "--size", "12", "--gray", "--learning-rate", "0.01"];
    expect(await run(...args, "--epochs", "15", "--batch-size", "4", "--json")).toBe(0);
    const { validation } = json().at(-1) as { validation: { metrics: { r2: number } } };
    expect(validation.metrics.r2).toBeGreaterThan(0.95);
    const report = readFileSync("runs/bright-small/report.html", "utf8");
    for (const part of ["Predictions and residuals", "R²", "Worst examples", "brightness"])
      expect(report).toContain(part);
    clear();
    expect(await run("evaluate", "runs/bright-small", "--json")).toBe(0);
    expect(json()[0]).toMatchObject({
      r2: expect.closeTo(validation.metrics.r2, 4),
      numbers: [{ name: "brightness" }],
    });
    clear();
    expect(await run("predict", "runs/bright-small", "bright/images/20.png", "--format", "json")).toBe(0);
    const brightness = Number(rows[20]!.split(",")[1]);
    expect(Math.abs(Number(json()[0]!["brightness"]) - brightness)).toBeLessThan(100);
  });

  it("gives the same numbers when it was stopped and resumed", () =>
    expectSameWhenResumed(["train", "bright", "--task", "regress", "--size", "12", "--gray", "--epochs", "2"]));

  it("goes on with the mean and the deviation that it began with", async () => {
    const before = settingsOf("bright-small");
    expect(before).toMatchObject({ folder: { means: [expect.any(Number)], deviations: [expect.any(Number)] } });
    expect(await run("train", "--resume", "runs/bright-small", "--epochs", "16", "--json")).toBe(0);
    expect(json()).toMatchObject([{ epoch: 16 }]);
    expect(settingsOf("bright-small")).toEqual({ ...before, epochs: 16 });
  });

  it("refuses a table that does not fit the images", async () => {
    const args = ["train", "bright", "--task", "regress", "--size", "12"];
    const table = readFileSync("bright/targets.csv", "utf8");
    for (const [text, told] of [
      [table.replace("0.png", "x.png"), /targets\.csv has no row for 0\.png; add it, or remove the image/],
      [`${table}\nx.png,1`, /targets\.csv has a row for x\.png, and there is no such image/],
      [`${table}\n1.png,1`, /targets\.csv has two rows for one file; remove one/],
      [
        table.replace("file,", "name,"),
        /targets\.csv has the columns name, brightness; expected file and one for each number/,
      ],
      ["file,brightness\n0.png,dark", /dark/],
    ] as const) {
      writeFileSync("bright/targets.csv", text);
      clear();
      expect(await run(...args)).toBeGreaterThan(0);
      expect(said.err).toMatch(told);
    }
    rmSync("bright/targets.csv");
    clear();
    expect(await run(...args)).toBe(2);
    expect(said.err).toMatch(/targets\.csv cannot be read: there is no such file or folder/);
  });
});

describe("convlens train --task reconstruct", () => {
  it("learns to reconstruct images, and writes reconstructions", async () => {
    const args = [
      "train",
      "squares/images",
      "--task",
      "reconstruct",
      "--size",
      "12",
      "--gray",
      "--learning-rate",
      "0.01",
    ];
    expect(await run(...args, "--epochs", "10", "--batch-size", "4", "--name", "again", "--json")).toBe(0);
    const epochs = json() as unknown as { validation: { metrics: { psnr: number } } }[];
    const psnr = epochs.map(({ validation }) => validation.metrics.psnr);
    expect(psnr.at(-1)!).toBeGreaterThan(psnr[0]! + 3);
    expect(settingsOf("again")).toMatchObject({ task: "reconstruct", model: "autoencoder", classes: ["grey"] });
    const report = readFileSync("runs/again/report.html", "utf8");
    for (const part of ["Reconstructions", "reconstructed", "Peak signal-to-noise ratio"])
      expect(report).toContain(part);
    clear();
    expect(await run("evaluate", "runs/again")).toBe(0);
    expect(said.out).toMatch(/^4 examples: loss [\d.]+, peak signal-to-noise ratio [\d.]+ dB\n$/);
    clear();
    expect(await run("predict", "runs/again", "squares/images/0.png", "--images", "out/again")).toBe(0);
    expect(said.out).toMatch(/^squares\/images\/0\.png: [\d.]+ dB, image out\/again\/0\.png\n$/);
    expect(decode(readFileSync("out/again/0.png"))).toMatchObject({ width: 12, height: 12 });
  });
});

describe("convlens predict", () => {
  it("answers for more images than fit in one batch as for each alone", async () => {
    const files = Array.from({ length: 45 }, (_, i) => `pictures/${i % 3 === 0 ? "above" : "below"}/${i % 15}.png`);
    expect(
      await run(
        "predict",
        "runs/pictures-small",
        ...files.slice(0, 40),
        "none.png",
        ...files.slice(40),
        "--format",
        "json",
      ),
    ).toBe(1);
    expect(said.err).toContain("none.png");
    const together = json();
    expect(together.map(({ file }) => file)).toEqual(files);
    for (const i of [0, 31, 32, 44]) {
      clear();
      expect(await run("predict", "runs/pictures-small", files[i]!, "--format", "json")).toBe(0);
      const [alone] = json();
      expect(alone!["answer"]).toBe(together[i]!["answer"]);
      expect(alone!["confidence"]).toBeCloseTo(together[i]!["confidence"] as number, 5);
    }
  });

  it("answers without the data: as text, CSV and JSON", async () => {
    renameSync("pictures", "moved");
    try {
      const files = ["moved/above/0.png", "moved/below/1.png"];
      expect(await run("predict", "runs/pictures-small", ...files)).toBe(0);
      expect(said.out).toMatch(/^moved\/above\/0\.png: above [\d.]+ %\nmoved\/below\/1\.png: below [\d.]+ %\n$/);
      clear();
      expect(await run("predict", "runs/pictures-small", "moved/below", "--output", "answers.csv")).toBe(0);
      const rows = readFileSync("answers.csv", "utf8").trimEnd().split("\n");
      expect(rows[0]).toBe("file,answer,confidence,probabilities.above,probabilities.below");
      expect(rows).toHaveLength(16);
      for (const row of rows.slice(1)) {
        const [, answer, confidence, above, below] = row.split(",");
        expect(answer).toBe("below");
        expect(Number(above) + Number(below)).toBeCloseTo(1, 5);
        expect(Number(confidence)).toBe(Number(below));
      }
      clear();
      expect(await run("predict", "runs/pictures-small/checkpoint.safetensors", ...files, "--format", "json")).toBe(0);
      expect(json()).toMatchObject([
        { file: files[0], answer: "above", probabilities: { above: expect.any(Number), below: expect.any(Number) } },
        { file: files[1], answer: "below" },
      ]);
    } finally {
      renameSync("moved", "pictures");
    }
  });

  it("answers for images of other sizes with a model of a data set", async () => {
    expect(
      await run("train", "edges", "--model", "small", "--epochs", "1", "--batch-size", "100", "--name", "edges"),
    ).toBe(0);
    clear();
    expect(await run("predict", "runs/edges", "pictures/above/0.png", "--invert")).toBe(0);
    expect(said.out).toMatch(/^pictures\/above\/0\.png: \S.* [\d.]+ %\n$/);
  });

  it("reports hostile files, and answers for the others", async () => {
    writePng(
      'odd, "name".png',
      [12, 12],
      Array.from({ length: 144 }, () => 0),
    );
    writeFileSync("text.png", "no image");
    writeFileSync("empty.png", "");
    writeFileSync("cut.png", readFileSync("pictures/above/0.png").subarray(0, 60));
    const files = ["text.png", "empty.png", "cut.png", "missing.png", 'odd, "name".png'];
    expect(await run("predict", "runs/pictures-small", ...files, "--format", "csv")).toBe(1);
    expect(said.out.split("\n")[1]).toMatch(/^"odd, ""name"".png",(above|below),/);
    const told = said.err.trimEnd().split("\n");
    expect(told).toHaveLength(4);
    for (const [i, line] of told.entries())
      expect(line).toMatch(new RegExp(`^convlens predict: .*${files[i]!.replace(".", "\\.")}`));
  });

  it("refuses options that contradict each other", async () => {
    for (const [args, told] of [
      [[], "expected the folder of a run, got nothing"],
      [["runs/pictures-small"], "expected image files or folders after the folder of the run, or --watch <folder>"],
      [["runs/pictures-small", "a.png", "--watch", "b"], "--watch takes the images of its folder; leave a.png out"],
      [["runs/pictures-small", "empty"], "empty holds no PNG or JPEG files; give files or another folder"],
      [["runs/pictures-small", "new.png", "--format", "xml"], 'there is no format "xml"; there are text, csv, json'],
      [
        ["runs/pictures-small", "new.png", "--images", "m"],
        "--images is for runs that segment or reconstruct, and the task of runs/pictures-small is to classify",
      ],
      [["runs/pictures-small", "new.png", "--output", "new.png"], "--output would replace the image new.png"],
      [["runs/squares-unet", "--watch", "m", "--images", "m"], "--images and --watch name the same folder"],
      [["runs/nowhere", "new.png"], "runs/nowhere is not the folder of a run"],
      [["runs/pictures-small", "--watch", "nowhere"], "nowhere cannot be read: there is no such file or folder"],
    ] as const) {
      clear();
      expect(await run("predict", ...args), args.join(" ")).toBe(2);
      expect(said.err).toContain(told);
    }
  });

  it("--watch answers for the images that are in a folder, and for those that are added", async () => {
    mkdirSync("inbox");
    writePng("inbox/first.png", [12, 12], square(12, 1).image);
    writeFileSync("inbox/notes.txt", "no image");
    const watching = run("predict", "runs/pictures-small", "--watch", "inbox", "--format", "json");
    const answered = (count: number): Promise<void> =>
      vi.waitFor(() => expect(said.out.split("\n").length - 1).toBe(count), { timeout: 30_000, interval: 20 });
    await answered(1);
    writePng("inbox/second.png", [12, 12], square(12, 2).image);
    await answered(2);
    process.emit("SIGINT");
    expect(await watching).toBe(130);
    expect(json().map(({ file }) => file)).toEqual([join("inbox", "first.png"), join("inbox", "second.png")]);
    expect(readdirSync("inbox").sort()).toEqual(["first.png", "notes.txt", "second.png"]);
  });
});
