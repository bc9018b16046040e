import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../src/main.ts";
import { onnxModel } from "./onnxModel.ts";

const folder = mkdtempSync(join(tmpdir(), "convlens-cli-"));
const home = process.cwd();
const said = { out: "", err: "" };

beforeAll(() => process.chdir(folder));
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

const run = (...args: string[]): Promise<number> => main(args);
const json = (): Record<string, unknown>[] =>
  said.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const quick = ["--model", "small", "--epochs", "1", "--batch-size", "100"];

describe("convlens train", () => {
  it(
    "prints one JSON object for each epoch and nothing else, and leaves checkpoint and report",
    { timeout: 60_000 },
    async () => {
      expect(await run("train", "edges", ...quick, "--epochs", "2", "--name", "first", "--json")).toBe(0);
      const records = json();
      expect(records.map(({ epoch }) => epoch)).toEqual([1, 2]);
      expect(records[1]).toMatchObject({
        validation: { metrics: { accuracy: expect.any(Number) } },
        examplesPerSecond: expect.any(Number),
        backend: expect.stringMatching(/^cpu/) as string,
        checkpoint: "runs/first/checkpoint.safetensors",
      });
      expect(readdirSync("runs/first").sort()).toEqual([
        "checkpoint.safetensors",
        "history.json",
        "report.html",
        "run.json",
      ]);
      expect(said.err).toMatch(/report: runs\/first\/report\.html/);
    },
  );

  it("writes a report without external files, with all sections", () => {
    const report = readFileSync("runs/first/report.html", "utf8");
    expect(report.match(/(?:src|srcset|href)="(?!data:|#)/)).toBeNull();
    // Except the namespace of SVG, which is not an address.
    expect(report.replaceAll("http://www.w3.org/2000/svg", "").match(/https?:\/\//)).toBeNull();
    for (const part of [
      "Training",
      "Confusion matrix",
      "Worst mistakes",
      "Learned filters",
      "before training",
      "Activations",
      "Multiply-adds of each layer",
    ])
      expect(report, part).toContain(part);
    // Every picture is a complete PNG file.
    for (const [, base64] of report.matchAll(/src="data:image\/png;base64,([^"]+)"/g)) {
      const png = Buffer.from(base64!, "base64");
      expect(png.subarray(1, 4).toString()).toBe("PNG");
      expect(png.subarray(-8, -4).toString()).toBe("IEND");
    }
    expect([...report.matchAll(/<img /g)].length).toBeGreaterThan(20);
    expect(report.match(/<img (?![^>]*alt=")/)).toBeNull();
  });

  it("uses the first free folder, unless --overwrite is given", { timeout: 60_000 }, async () => {
    expect(await run("train", "edges", ...quick, "--name", "first")).toBe(0);
    expect(readdirSync("runs").sort()).toEqual(["first", "first-2"]);
    expect(await run("train", "edges", ...quick, "--name", "first-2", "--overwrite")).toBe(0);
    expect(readdirSync("runs").sort()).toEqual(["first", "first-2"]);
  });

  it(
    "saves when it is interrupted, says how to continue, and then gives the same result",
    { timeout: 60_000 },
    async () => {
      const epochs = ["train", "edges", "--model", "small", "--epochs", "2", "--batch-size", "200", "--json"];
      expect(await run(...epochs, "--name", "whole")).toBe(0);
      const whole = json().at(-1)!;
      const interrupted = run(...epochs, "--name", "parts");
      await vi.waitFor(() => expect(process.listenerCount("SIGINT")).toBeGreaterThan(0), {
        timeout: 20_000,
        interval: 5,
      });
      process.emit("SIGINT");
      expect(await interrupted).toBe(130);
      expect(said.err).toMatch(/stopped after step \d+; to continue: convlens train --resume runs\/parts/);
      said.out = "";
      expect(await run("train", "--resume", "runs/parts", "--json")).toBe(0);
      const { examplesPerSecond: _, checkpoint: _path, ...numbers } = json().at(-1)!;
      expect(whole).toMatchObject(numbers);
    },
  );

  it("refuses unknown words and wrong values", async () => {
    const wrong: readonly (readonly string[])[] = [
      [],
      ["nothing"],
      ["edges", "--epochs", "none"],
      ["edges", "--seed", "4294967296"],
      ["edges", "--model", "huge"],
      ["edges", "--what"],
      ["edges", "--optimizer", "magic"],
      ["edges", "--backend", "magic"],
      ["edges", "--backend", "reference", "--wide"],
      ["--resume", "runs/nowhere"],
      ["edges", "more"],
    ];
    const messages: string[] = [];
    for (const args of wrong) {
      said.err = "";
      expect(await run("train", ...args), args.join(" ")).toBe(2);
      messages.push(said.err.split("\n")[0]!);
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "convlens train: expected one data set or folder, got nothing",
        "convlens train: there is no data set or folder "nothing"; data sets are mnist, shapes, edges, tones",
        "convlens train: --epochs: expected a whole number of at least 1, got "none"",
        "convlens train: --seed: expected a whole number from 0 to 4294967295, got "4294967296"",
        "convlens train: there is no model "huge"; there are lenet, convnetjs, convnetjs-cifar, small, signal, autoencoder, unet, alexnet, vgg16, resnet18, resnet50, mobilenetv2, squeezenet",
        "convlens train: there is no option --what",
        "convlens train: there is no optimizer "magic"; there are adam, adamw, sgd",
        "convlens train: there is no backend "magic"; there are cpu, reference",
        "convlens train: --wide is for --backend cpu; leave it out",
        "convlens train: runs/nowhere is not the folder of a run: it has no run.json; check the path, or train a run: convlens train mnist",
        "convlens train: expected one data set or folder, got edges more",
      ]
    `);
  });
});

describe("convlens", () => {
  it("evaluate prints the accuracy of the net of a run", async () => {
    expect(await run("evaluate", "runs/first")).toBe(0);
    expect(said.out).toMatch(/^500 examples: loss [\d.]+, accuracy [\d.]+ %, \d+ mistakes\n/);
    expect(said.out).toContain("precision");
    said.out = "";
    expect(await run("evaluate", "runs/first", "--json")).toBe(0);
    expect(json()[0]).toMatchObject({ testAccuracy: expect.any(Number), confusion: expect.any(Array) });
    expect(await run("evaluate", "runs/nowhere")).toBe(2);
  });

  it("inspect prints the content of a checkpoint", async () => {
    expect(await run("inspect", "runs/first", "--example", "3", "--no-report")).toBe(0);
    expect(said.out).toMatch(/layers\.0\.filters\s+3 × 3 × 1 × 8/);
    expect(said.out).toMatch(/example 3, a “.+”: predicted “/);
    said.out = "";
    expect(await run("inspect", "runs/first/checkpoint.safetensors", "--json", "--no-report")).toBe(0);
    expect(json()[0]).toMatchObject({ step: 40, weights: expect.any(Array), activations: expect.any(Array) });
    expect(readdirSync("runs/first")).not.toContain("inspection.html");
    expect(await run("inspect", "runs/first", "--example", "9999", "--no-report")).toBe(2);
    expect(said.err).toMatch(/--example: expected a whole number from 0 to 499, got 9999/);
  });

  it("reports a damaged checkpoint", async () => {
    writeFileSync("runs/first-2/checkpoint.safetensors", new Uint8Array(40));
    expect(await run("evaluate", "runs/first-2")).toBe(1);
    expect(said.err).toMatch(/safetensors/);
  });

  it("summary prints shapes, parameters and multiply-adds", async () => {
    expect(await run("summary", "lenet")).toBe(0);
    expect(said.out).toMatch(/total\s+61,706\s+416,520\n$/);
    said.out = "";
    expect(await run("summary", "vgg16", "--json")).toBe(0);
    expect(json()[0]).toMatchObject({ parameters: 138_357_544, multiplyAdds: 15_470_264_320 });
    expect(await run("summary", "lenet", "--input", "20x20x1")).toBe(0);
    expect(await run("summary", "lenet", "--input", "9x9x1")).toBe(1);
    expect(said.err).toMatch(/layers\.\d \(\w+\): .*does not fit/);
  });

  it("summary tells what a file of a model is, and prints the layers of one in ONNX", async () => {
    writeFileSync("net.onnx", onnxModel);
    expect(await run("summary", "net.onnx")).toBe(0);
    expect(said.out).toMatch(/^An ONNX model, version 17 of the operators, with 5 nodes\./);
    expect(said.out).toContain("inputs: image float32 [batch, 1, 12, 12]\noutputs: scores float32 [batch, 4]\n");
    expect(said.out).toContain("operators: 1 Conv, 1 Relu, 1 GlobalAveragePool, 1 Flatten, 1 Gemm\n");
    expect(said.out).toMatch(/features\.0 Conv2d +\[6, 6, 4\] \(drops 1 row and 1 column\) +40 +1,296\n/);
    said.out = "";
    expect(await run("summary", "net.onnx", "--json")).toBe(0);
    expect(json()[0]).toMatchObject({ kind: "onnx", report: { batch: "free" }, summary: { parameters: 60 } });
    said.out = "";
    writeFileSync("pointer.onnx", "version https://git-lfs.github.com/spec/v1\n");
    expect(await run("summary", "./pointer.onnx")).toBe(0);
    expect(said.out).toBe(
      "A pointer of Git LFS in place of the file.\nWhat to do: fetch the file with git lfs pull.\n",
    );
    for (const [args, told] of [
      [["none.onnx"], /none\.onnx cannot be read: there is no such file or folder/],
      [["net.onnx", "--input", "12x12x1"], /--input and --classes are for models by name; leave them out/],
    ] as const) {
      said.err = "";
      expect(await run("summary", ...args)).toBe(2);
      expect(said.err).toMatch(told);
    }
  });

  it("--help prints the options of a command", async () => {
    for (const command of ["train", "predict", "evaluate", "inspect", "summary"]) {
      said.out = "";
      expect(await run(command, "--help")).toBe(0);
      expect(said.out).toMatchSnapshot(command);
      expect(Math.max(...said.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    }
    expect([await run("--help"), await run(), await run("fly")]).toEqual([0, 2, 2]);
    expect(said.err).toContain('there is no command "fly"');
    expect(said.out).toMatch(/Exit codes: 0 success; 1 failure; 2 wrong command line; 130/);
  });

  it("names the nearest command and option", async () => {
    for (const [args, message] of [
      [["trian"], 'there is no command "trian"; did you mean train?'],
      [["train", "edges", "--epoch", "3"], "there is no option --epoch; did you mean --epochs?"],
      [["train", "edges", "--toString"], "there is no option --toString"],
      [["evaluate", "runs/first", "--jsno"], "there is no option --jsno; did you mean --json?"],
      [["summary", "lenet", "-c"], "there is no option -c"],
      [["summary", "lenet", "--classes"], "--classes needs a value: --classes <value>"],
      [["train", "edges", "--name", "--json"], "--name needs a value"],
      [["summary", "lenet", "--json=3"], "--json takes no value"],
    ] as const) {
      said.err = "";
      expect(await run(...args), args.join(" ")).toBe(2);
      expect(said.err).toContain(message);
    }
  });

  it("refuses options that would have no effect", async () => {
    for (const [args, message] of [
      [["train", "edges", "--trust"], "--trust is for --resume"],
      [["train", "--resume", "runs/first", "--learning-rate", "1"], "leave --learning-rate out"],
      [["train", "edges", "--resume", "runs/first"], "leave edges out"],
      [["train", "--resume", "runs/first"], "has done all of its 2 epochs; for more, give --epochs 3"],
      [["inspect", "runs/first", "--no-report", "--output", "a.html"], "give one of them"],
      [["evaluate", "runs/first", "runs/first-2"], "expected the folder of a run, got runs/first runs/first-2"],
      [["summary", "lenet", "small"], "expected a model, got lenet small"],
      [["summary", "lenet", "--input", "1e9x1e9x1"], "--input: expected at most 268435456 numbers in an example"],
      [["summary", ""], "expected a model, got nothing"],
      [["inspect", "runs/first", "--output", ""], "--output needs the name of a file"],
      [["train", "edges", "--learning-rate", "-1"], '--learning-rate: expected a number above 0, got "-1"'],
      [["train", "edges", "--learning-rate", "0"], '--learning-rate: expected a number above 0, got "0"'],
      [["train", "edges", "--learning-rate", "1e-400"], '--learning-rate: expected a number above 0, got "1e-400"'],
      [["train", "edges", "--seed", "1e300"], "--seed: expected a whole number from 0 to"],
    ] as const) {
      said.err = "";
      expect(await run(...args), args.join(" ")).toBe(2);
      expect(said.err).toContain(message);
    }
  });

  it("--version prints the version", async () => {
    expect([await run("--version"), await run("-v")]).toEqual([0, 0]);
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
      version: string;
    };
    expect(said.out).toBe(`${version}\n${version}\n`);
  });
});
